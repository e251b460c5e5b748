"""How the system is: stages and lag, refused events, deliveries, models, the policy, words, and our own feed."""

import asyncio
import tomllib
from collections.abc import Awaitable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace
from redis.asyncio import Redis
from redis.exceptions import RedisError

from console.kafka_side import KafkaSide
from console.store.database import Database
from console.store.feed.applying import TOPICS
from console.store.feed.consuming import Topics, places_of
from console.store.feed.positions import read_positions
from detectors.events import Micros
from detectors.language.emerging import Candidate
from detectors.models.risk_learner import CHALLENGER
from streams.delivery.dead_alerts import DeadAlert, DeadAlerts
from streams.delivery.outbox import Outbox
from streams.errors import SellerwatchError, UnavailableError
from streams.models.commands import Announcement
from streams.models.versions import announced, held, latest
from streams.models.word_candidates import proposed, words_in_force
from streams.policy.comparing import Change, changes
from streams.policy.published import unpack
from streams.policy.publishing import publications
from streams.refused.handled import Handled, HandledEvents
from streams.refused.topic import Refused, reading
from streams.settings import Settings
from streams.status.state import SystemState

T = TypeVar("T")
MOST: Final = 50


class FeedLag(Struct, frozen=True):
    """How far the console's own database is behind one topic."""

    topic: str
    read: int
    """Records of all partitions that are in the database."""
    end: int
    lag: int


class RefusedEvent(Struct, frozen=True):
    """A refused event, and what somebody did about it."""

    event: Refused
    handled: Handled | None


class ModelVersion(Struct, frozen=True):
    """A version of a model that is kept, and how good it was when it was published."""

    model: str
    version: str
    published_at: Micros
    judged: int
    """Orders with a label that it was judged by; 0: its figures say nothing."""
    average_precision: float
    precision_at_50: float
    calibration_error: float
    note: str
    place: str
    """`in force`, `shadow`, or empty."""
    held: bool | None
    """Whether it was rolled back to and newer ones wait; `None`: not known, the keys are missing."""


class PolicyVersion(Struct, frozen=True):
    """One publication of a policy."""

    number: int
    version: str
    published_at: Micros
    author: str
    note: str
    text: str
    """The file as it was published."""
    changes: list[Change]
    """Against the one before it; of the first, against the defaults."""


class System(Struct, frozen=True):
    """Everything at one moment; what could not be found out is `None`, and `unseen` says why."""

    state: SystemState
    """Stages, partitions with position, end and lag, outbox, models and policy in force."""
    feed: list[FeedLag] | None
    dead: list[DeadAlert] | None
    models: list[ModelVersion] | None
    words: list[Candidate] | None
    unseen: Mapping[str, str]


async def system(settings: Settings, database: Database, kafka: KafkaSide, redis: Redis, state: SystemState) -> System:
    """How everything stands, beside `state`; takes some seconds at most, whatever is away."""
    unseen: dict[str, str] = {}

    async def tried(name: str, asked: Awaitable[T]) -> T | None:
        try:
            return await asked
        except (SellerwatchError, RedisError, OSError) as error:
            unseen[name] = str(error) or type(error).__name__
            return None

    feed, dead, models, words = await asyncio.gather(
        tried("feed", kafka.ask(feed_lag, settings, database)),
        tried("dead", dead_alerts(settings, redis)),
        tried("models", model_versions(settings, redis)),
        tried("words", candidates(settings, redis)),
    )
    return System(state, feed, dead, models, words, unseen)


def feed_lag(settings: Settings, database: Database) -> list[FeedLag]:
    """How far the database is behind each topic.

    Raises:
        UnavailableError: Kafka or the database does not answer.
    """
    places = places_of(settings)
    with database.reading() as connection:
        stored = read_positions(connection, places)
    with Topics(settings) as topics:
        ends = topics.ends(places)
    found = []
    for topic in TOPICS:
        ours = [place for place in places if place.topic == topic]
        lag = sum(max(ends[place] - stored[place].offset, 0) for place in ours)
        found.append(FeedLag(topic, sum(stored[p].offset for p in ours), sum(ends[p] for p in ours), lag))
    return found


async def dead_alerts(settings: Settings, redis: Redis, most: int = MOST) -> list[DeadAlert]:
    """Alerts that were given up, oldest first within each partition."""
    return await DeadAlerts(await _outbox(settings, redis)).list(most)


async def _outbox(settings: Settings, redis: Redis) -> Outbox:
    stored = await redis.get(f"{{{settings.namespace}.layout}}partitions")
    return Outbox(redis, f"{settings.namespace}.watch", int(stored or 0))


async def model_versions(settings: Settings, redis: Redis) -> list[ModelVersion]:
    """The versions of the models that are kept, the latest first."""
    found = await announced(redis, settings.namespace)
    last = latest(found)
    try:
        stopped: set[str] | None = await held(redis, settings)
    except SellerwatchError:
        stopped = None
    return [_version(one, last, stopped) for one in reversed(found)]


def _version(one: Announcement, last: Mapping[str, str], stopped: set[str] | None) -> ModelVersion:
    is_last = last[one.model] == one.version
    place = ("shadow" if one.model == CHALLENGER else "in force") if is_last else ""
    return ModelVersion(
        one.model,
        one.version,
        one.published_at,
        one.judged,
        one.average_precision,
        one.precision_at_50,
        one.calibration_error,
        one.note,
        place,
        (is_last and one.model in stopped) if stopped is not None else None,
    )


def policy_history(settings: Settings) -> list[PolicyVersion]:
    """Every policy that was published and counts, the one in force first.

    Raises:
        SettingsError: There are no keys to check them with, or no topic of policies.
        UnavailableError: Kafka does not answer.
    """
    keys, before = settings.signing(), dict[str, Any]()
    found = []
    for number, entry in publications(settings):
        text = unpack(entry.policy, keys).text
        tables = tomllib.loads(text)
        told = changes(before, tables)
        found.append(PolicyVersion(number, entry.version, entry.published_at, entry.author, entry.note, text, told))
        before = tables
    return found[::-1]


async def candidates(settings: Settings, redis: Redis, most: int = MOST) -> list[Candidate]:
    """Words that confirmed sellers use and clean ones do not, strongest first."""
    published = await words_in_force(redis, settings.namespace)
    return await asyncio.to_thread(proposed, published, settings, most) if published else []


def refused(settings: Settings, most: int = MOST) -> list[Refused]:
    """The newest refused events.

    Raises:
        UnavailableError: Kafka does not answer.
    """
    with reading(settings) as topic:
        return list(islice(topic.newest_first(topic.bounds()), most))


async def refused_events(settings: Settings, kafka: KafkaSide, redis: Redis, most: int = MOST) -> list[RefusedEvent]:
    """The newest refused events, each with what somebody did about it.

    Raises:
        UnavailableError: Kafka or Redis does not answer.
    """
    found: Sequence[Refused] = await kafka.ask(refused, settings, most)
    try:
        done = await HandledEvents(redis, settings.namespace).of([one.id for one in found])
    except (RedisError, OSError) as error:
        raise UnavailableError(f"Redis does not answer: {error!r}; see `sellerwatch doctor`") from None
    return [RefusedEvent(one, done.get(one.id)) for one in found]


def without_what_was_sent(found: RefusedEvent) -> RefusedEvent:
    """A refused event for those who may not repair it: its bytes stand there as they came, and may name persons."""
    told = replace(found.event.told, original="", headers={})
    return replace(found, event=replace(found.event, key=None, told=told))
