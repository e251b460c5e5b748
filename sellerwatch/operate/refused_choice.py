"""Which refused events are meant, what was done about them, and whether they may go back."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Final

import typer
from msgspec import Struct
from redis.asyncio import Redis

from sellerwatch.operate.asking import unknown, with_redis
from streams import names
from streams.errors import SettingsError, UnavailableError
from streams.refused.handled import Handled, HandledEvents
from streams.refused.topic import Refused, RefusedTopic, parse_id, why_refused_again
from streams.settings import Settings

AT_ONCE: Final = 500
LISTS: Final = "sellerwatch rejected list"
TOPICS: Final = (*names.UPSTREAM, names.ACTS, names.EVENTS)


class Choice(Struct, frozen=True):
    """Which refused events are meant."""

    ids: Sequence[str] = ()
    reason: str | None = None
    topic: str | None = None
    every: bool = False
    """All that are open."""

    def check(self) -> None:
        """Refuses a choice of nothing, and a topic that nothing comes from."""
        if not (self.ids or self.reason or self.topic or self.every):
            raise SettingsError("name the events, or choose them by --reason, --topic, or --all")
        if self.topic is not None and self.topic not in TOPICS:
            raise unknown("topic", self.topic, TOPICS, LISTS)

    def holds(self, one: Refused) -> bool:
        """Whether an event is meant, as far as reason and topic go."""
        return self.reason in (None, one.told.reason) and self.topic in (None, one.told.topic)


def named_events(topic: RefusedTopic, ids: Sequence[str]) -> list[Refused]:
    """Every event that is named; all of them exist, or nothing is done."""
    bounds = topic.bounds()
    found = []
    for id_ in dict.fromkeys(ids):
        place = parse_id(id_)
        one = topic.get(*place, bounds) if place else None
        if one is None:
            raise unknown("refused event", id_, (o.id for o in islice(topic.newest_first(bounds), AT_ONCE)), LISTS)
        found.append(one)
    return sorted(found, key=lambda one: (one.partition, one.offset))


def check_open(settings: Settings, named: Sequence[Refused], *, again: bool) -> None:
    for one, done in with_memory(settings, iter(named)):
        if done is not None and not again:
            raise SettingsError(f"{one.id} {said_of(done)} already; nothing was done. --again does it once more")


def with_what_is_known(settings: Settings, found: Iterator[Refused]) -> Iterator[tuple[Refused, Handled | None]]:
    """Each with what was done about it; without Redis all count as open, and that is said."""
    knows = True
    while some := list(islice(found, AT_ONCE)):
        done: Mapping[str, Handled] = {}
        try:
            if knows:
                done = with_redis(settings, lambda r, ids=[o.id for o in some]: memory_of(r, settings).of(ids))  # type: ignore[misc]
        except UnavailableError as error:
            knows = False
            typer.echo(f"which of them were dealt with is not known: {error}", err=True)
        yield from ((one, done.get(one.id)) for one in some)


def with_memory(settings: Settings, found: Iterator[Refused]) -> Iterator[tuple[Refused, Handled | None]]:
    """Who sends or puts away must know what was dealt with: without Redis nothing is done."""
    while some := list(islice(found, AT_ONCE)):
        done = with_redis(settings, lambda r, ids=[o.id for o in some]: memory_of(r, settings).of(ids))  # type: ignore[misc]
        yield from ((one, done.get(one.id)) for one in some)


def why_not_again(one: Refused) -> str | None:
    """Why sending the event as it is would do no good."""
    if one.told.topic == names.EVENTS:
        return "it is a record of the log, which holds hashes: send the event itself, by --file or from upstream"
    if one.cut:
        return "only its beginning is kept: give it whole by --file, or send it from upstream"
    error = why_refused_again(one.original, one.headers, one.told.topic)
    return None if error is None else f"it would be refused again as {error.reason}"


def memory_of(redis: Redis, settings: Settings) -> HandledEvents:
    return HandledEvents(redis, settings.namespace)


def said_of(done: Handled | None) -> str:
    return f"was {done.what} by {done.by or 'somebody'}, {time_of(done.at)}" if done else ""


def time_of(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
