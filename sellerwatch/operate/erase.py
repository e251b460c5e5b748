"""`sellerwatch erase`: what is remembered of a seller or buyer goes, by an act that stands in the log."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, get_args

import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from detectors.erasure import MENTION, SELLER
from detectors.events import PersonalKind
from sellerwatch.operate import console_data
from sellerwatch.operate.asking import confirm, record, tell, unknown, with_redis
from streams import names
from streams.erasure.person import Person
from streams.erasure.records import has_begun_anew
from streams.erasure.redis_side import Held, Holdings
from streams.errors import SettingsError
from streams.facts.encoding import decode_standing
from streams.privacy import Pseudonyms
from streams.settings import Settings
from streams.status.kafka_side import read_kafka
from streams.status.redis_side import read_positions
from streams.store.entities import NONCE_BYTES, shard_of

Ends = Mapping[tuple[str, int], int]
BUYER: Final = "buyer.erased"
LOOK_SECONDS: Final = 0.3
DETAILS: Final = 16
STAYS = (
    "What stays: the topics keep what they hold until their retention ends. In sellerwatch.events, .decisions, .alerts "
    "and .audit that is {who}, and personal values as keyed hashes; sellerwatch.rejected (30 days) and "
    "sellerwatch.waiting (1 day) keep events as they came, as do your own topics, backups, and receivers of alerts. "
    "Taking a hash key away for good makes all hashes that it made meaningless, in the log too: "
    "`sellerwatch keys rotate` says how"
)


class Done(Struct, frozen=True):
    """What an erasure has done."""

    whom: str
    acts: Sequence[str]
    records: int
    """Of intake, changed or deleted."""
    alerts: int
    """That were not delivered, deleted."""
    rows: int
    """Features and texts, deleted."""
    complete: bool
    """False: watch has not come to the act yet."""
    stays: str
    elsewhere: Sequence[str] = ()
    """What other parts of the system have erased."""


def seller(settings: Settings, seller_id: str, *, wait: float, yes: bool, as_json: bool) -> int:
    """Erases a seller; 1 when watch has not come to it in time.

    Raises:
        SettingsError: Nothing is known of such a seller.
    """
    person = Person(seller=seller_id)
    held, known = with_redis(settings, lambda redis: _look(redis, settings, person))
    if held.nothing:
        raise unknown("seller", seller_id, known)
    standing = with_redis(settings, lambda redis: _standing(redis, settings, seller_id))
    words = f"Erase the seller {seller_id}{f', which is {standing},' if standing else ''} for good: {_counted(held)}?"
    confirm(words, yes=yes)
    acts = [record(settings, SELLER, seller_id=seller_id, subject_kind="seller", subject=seller_id)]
    acts += [_mention(settings, other, seller_id) for other in held.mentioned_by]
    return _finish(settings, person, held, acts, f"seller {seller_id}", "the seller's id", wait, as_json=as_json)


def buyer(
    settings: Settings, buyer_id: str | None, values: Sequence[str], *, wait: float, yes: bool, as_json: bool
) -> int:
    """Erases a buyer, and other personal values, that are looked for by their hashes.

    Args:
        values: `kind=value`, such as `email=ann@example.com`.

    Raises:
        SettingsError: Nothing is known of them, or a kind does not exist.
    """
    hashes = _hashes(settings, buyer_id, values)
    person = Person(hashes=hashes)
    held, _ = with_redis(settings, lambda redis: _look(redis, settings, person))
    if held.nothing:
        raise SettingsError(
            "nothing is remembered of these values; nothing was done. They are looked for by their hashes, so write "
            "them as upstream does, and with the hash keys that intake has"
        )
    confirm(f"Erase these {len(hashes)} values for good: {_counted(held)}?", yes=yes)
    named = [(f"{kind}{place or ''}", digest) for kind, found in hashes.items() for place, digest in enumerate(found)]
    acts = [record(settings, BUYER, details=dict(some)) for some in _batches(named)]
    for other in held.mentioned_by:
        acts += [_mention(settings, other, digest, hashed=True) for digest in hashes.get("buyer", ())]
    return _finish(settings, person, held, acts, "these values", "ids of sellers and orders", wait, as_json=as_json)


def _finish(
    settings: Settings,
    person: Person,
    held: Held,
    acts: Sequence[str],
    whom: str,
    who: str,
    wait: float,
    *,
    as_json: bool,
) -> int:
    records, alerts = with_redis(settings, lambda redis: _clear(redis, settings, held, person))
    complete = with_redis(settings, lambda redis: _applied(redis, settings, wait))
    rows = with_redis(settings, lambda redis: _rows(redis, settings, held, person)) if person.seller else 0
    done = Done(whom, acts, records, alerts, rows, complete, STAYS.format(who=who), _elsewhere(settings, person))
    said = f"erased {whom}: {records:,} records of intake, {alerts:,} undelivered alerts, {rows:,} features and texts"
    said += f"; {len(held.mentioned_by):,} other sellers forget it" if held.mentioned_by else ""
    said += "".join(f"\n{line}" for line in done.elsewhere)
    if not complete:
        said += (
            f"\nwatch has not come to the act within {wait:.0f} s. It erases the profile when it does; "
            "then repeat the command for the features that are left"
        )
    tell(done, f"{said}\n{done.stays}", as_json=as_json)
    return 0 if complete else 1


def _elsewhere(settings: Settings, person: Person) -> list[str]:
    """Parts of the system with memories of their own that are erased by the same command, each with a word on it."""
    return [said for erase in ELSEWHERE if (said := erase(settings, person))]


ELSEWHERE: Final[Sequence[Callable[[Settings, Person], str]]] = (console_data.erase,)
"""Memories beside Redis: each erases, and says what in words; empty: nothing."""


def _mention(settings: Settings, other: str, whom: str, *, hashed: bool = False) -> str:
    if hashed:
        return record(settings, MENTION, seller_id=other, details={"hash": whom})
    return record(settings, MENTION, seller_id=other, subject_kind="seller", subject=whom)


def _hashes(settings: Settings, buyer_id: str | None, values: Sequence[str]) -> dict[str, list[str]]:
    if not settings.hash_keys:
        raise SettingsError("SELLERWATCH_HASH_KEYS: set what intake has; a buyer is looked for by its hash")
    pairs = [("buyer", buyer_id)] if buyer_id else []
    for each in values:
        kind, separator, value = each.partition("=")
        if not separator or kind not in get_args(PersonalKind):
            raise unknown("kind of value", kind, get_args(PersonalKind), "sellerwatch erase --help")
        pairs.append((kind, value))
    pseudonyms = Pseudonyms(settings.hashing())
    found: dict[str, list[str]] = {}
    for kind, value in pairs:
        found.setdefault(kind, []).extend((pseudonyms.of(kind, value), *pseudonyms.former(kind, value)))
    return found


def _batches(named: Sequence[tuple[str, str]]) -> Iterator[Sequence[tuple[str, str]]]:
    """As many as the details of one act hold."""
    return (named[start : start + DETAILS] for start in range(0, len(named), DETAILS))


def _counted(held: Held) -> str:
    profile = "its profile, " if has_begun_anew(held.profile) else ""
    return (
        f"{profile}{len(held.rows):,} orders' features, {len(held.texts):,} texts, {len(held.records):,} records of "
        f"values, orders and links, {len(held.alerts):,} undelivered alerts, its mention by "
        f"{len(held.mentioned_by):,} other sellers"
    )


# -- Redis ----------------------------------------------------------------------------------------


async def _partitions(redis: Redis, settings: Settings) -> int:
    stored = await redis.get(f"{{{settings.namespace}.layout}}partitions")
    if stored is None:
        raise SettingsError(f"Redis holds no state under the namespace {settings.namespace!r}: no stage has run there")
    return int(stored)


async def _holdings(redis: Redis, settings: Settings) -> Holdings:
    return Holdings(redis, settings.namespace, await _partitions(redis, settings))


async def _look(redis: Redis, settings: Settings, person: Person) -> tuple[Held, list[str]]:
    holdings = await _holdings(redis, settings)
    held = await holdings.find(person)
    return held, await holdings.sellers() if held.nothing and person.seller else []


async def _standing(redis: Redis, settings: Settings, seller_id: str) -> str:
    key = f"s:{seller_id}"
    raw = await redis.get(f"{{{settings.namespace}.intake.{shard_of(key)}}}{key}")
    try:
        return decode_standing(raw[NONCE_BYTES:]).status if isinstance(raw, bytes) else ""
    except msgspec.DecodeError:
        return ""


async def _clear(redis: Redis, settings: Settings, held: Held, person: Person) -> tuple[int, int]:
    holdings = await _holdings(redis, settings)
    return await holdings.clear_records(held, person), await holdings.clear_alerts(held)


async def _applied(redis: Redis, settings: Settings, wait: float) -> bool:
    """Waits until the acts are in the log, and watch has folded the log up to there."""
    until, partitions = time.monotonic() + wait, await _partitions(redis, settings)
    asked = await _ends(settings, names.ACTS)
    goal: Ends | None = None
    while True:
        reached = await read_positions(redis, settings.namespace, partitions)
        if goal is None and _reaches(reached, asked):
            goal = await _ends(settings, names.EVENTS)
        if goal is not None and _reaches(reached, goal):
            return True
        if time.monotonic() > until:
            return False
        await asyncio.sleep(LOOK_SECONDS)


async def _ends(settings: Settings, topic: str) -> Ends:
    found = await asyncio.to_thread(read_kafka, settings)
    return {place: end for place, end in found.ends.items() if place[0] == topic and end > found.begins[place]}


def _reaches(positions: Ends, ends: Ends) -> bool:
    return all(positions.get(place, -1) >= end for place, end in ends.items())


async def _rows(redis: Redis, settings: Settings, held: Held, person: Person) -> int:
    return await (await _holdings(redis, settings)).clear_rows(held, person.seller)
