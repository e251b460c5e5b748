"""One worker of intake, step by step: what it knows may be old, and it may die at any of them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, cast
from zlib import crc32

from redis.asyncio import Redis

from streams.facts.encoding import decode_value, encode
from streams.facts.touching import touch
from streams.facts.values import Touch, Value
from streams.store.entities import RedisEntities, RolledBack
from tests.store.flaky import Flaky

Phase = Literal["idle", "loaded", "conflict", "saved", "sent"]


class Sighted(NamedTuple):
    """An event of a source, and the values that it touches."""

    source: str
    offset: int
    keys: tuple[str, ...]


def always() -> bool:
    return True


@dataclass
class Gatherer:
    """As intake does it: load, save until nobody is in the way, send, confirm."""

    flaky: Flaky
    entities: RedisEntities
    positions: dict[str, int] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)
    phase: Phase = "idle"
    batch: list[Sighted] = field(default_factory=list)
    ends: dict[str, int] = field(default_factory=dict)
    changes: dict[str, bytes] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    call: "asyncio.Task[Any] | None" = None

    @classmethod
    def start(cls, redis: Redis) -> "Gatherer":
        flaky = Flaky(redis)
        return cls(flaky, RedisEntities(cast(Redis, flaky), "t", lifetime=1_000))

    async def claim(self, source: str) -> None:
        """Reads on where Redis says; what is under way goes on, as after a rebalance nobody has noticed."""
        position = (await self.entities.positions([source], always))[source]
        self.positions[source] = max(position, 0)
        self.known[source] = position

    async def start_over(self) -> None:
        self.phase, self.call = "idle", None
        for source in self.positions:
            await self.claim(source)

    async def load(self, read: Callable[[str, int], Sequence[Sighted]]) -> None:
        """A batch of what comes next in the owned sources; its values, touched."""
        self.batch = [event for source, position in self.positions.items() for event in read(source, position)]
        self.ends = {event.source: event.offset + 1 for event in self.batch}
        if not self.batch:
            return
        self.entities.start()
        keys = sorted({key for event in self.batch for key in event.keys})
        self._touch(await self.entities.load(keys, always))

    async def load_conflicts(self) -> None:
        self._touch(await self.entities.load(self.conflicts, always))

    def _touch(self, found: Mapping[str, bytes | None]) -> None:
        values = {key: decode_value(raw) if raw else Value() for key, raw in found.items()}
        for event in self.batch:
            by = Touch(
                "seller", "buyer", 1, event.source, event.offset, crc32(f"{event.source}/{event.offset}".encode())
            )
            for key in event.keys:
                if key in values:
                    touch(values[key], "device", key, by)
        self.changes = {key: encode(value) for key, value in values.items()}
        self.phase = "loaded"

    async def save(self, lost_after: int | None) -> None:
        known = {source: self.known[source] for source in self.ends}
        if await self._call(lambda: self.entities.save(self.changes, known, always), lost_after):
            self.conflicts = self._answer or []
            self.phase = "conflict" if self.conflicts else "saved"

    async def confirm(self, lost_after: int | None) -> None:
        known = {source: self.known[source] for source in self.ends}
        if await self._call(lambda: self.entities.confirm(self.ends, known, always), lost_after):
            for source, end in self.ends.items():
                if source in self.positions:
                    self.positions[source] = max(self.positions[source], end)
                    self.known[source] = end
            self.phase = "idle"

    async def _call(self, make: Callable[[], Any], lost_after: int | None) -> bool:
        """True when the call was answered; a lost one is repeated, word for word, at the next try."""
        if self.call is None:
            if lost_after is not None:
                self.flaky.lose_next(lost_after)
            self.call = asyncio.ensure_future(make())
            if lost_after is not None:
                lost = asyncio.ensure_future(self.flaky.lost.wait())
                await asyncio.wait([lost, self.call], return_when=asyncio.FIRST_COMPLETED)
                lost.cancel()
                if not self.call.done():
                    return False
        self.flaky.again.set()
        call, self.call = self.call, None
        try:
            self._answer = await call
        except RolledBack:
            await self.start_over()
            return False
        return True

    def crash(self) -> None:
        if self.call is not None:
            self.call.cancel()
