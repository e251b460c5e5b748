"""Which refused events a person has dealt with; in Redis, for as long as their topic keeps them."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, cast

import msgspec
from msgspec import Struct
from redis.asyncio import Redis

AT_ONCE: Final = 1_000
What = Literal["replayed", "discarded"]


class Handled(Struct, frozen=True, array_like=True):
    """What a person has done with a refused event."""

    what: What
    by: str
    at: float
    act: str = ""
    """Event id of the act that stands in the log."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Handled).decode


class HandledEvents:
    """The memory of them: without it, all are open again, and one that is sent twice still counts once."""

    def __init__(self, redis: Redis, namespace: str) -> None:
        self._redis, self._key = redis, f"{{{namespace}.rejected}}handled"

    async def of(self, ids: Sequence[str]) -> dict[str, Handled]:
        """Those of the ids that are not open, with what was done."""
        if not ids:
            return {}
        found = await self._redis.hmget(self._key, list(ids))
        return {id_: _decode(cast(bytes, value)) for id_, value in zip(ids, found, strict=True) if value is not None}

    async def count(self) -> int:
        """How many are not open."""
        return int(await self._redis.hlen(self._key))

    async def note(self, ids: Sequence[str], what: What, by: str, act: str) -> None:
        """Remembers what was done."""
        value = _encode(Handled(what, by, time.time(), act))
        for start in range(0, len(ids), AT_ONCE):
            await self._redis.hset(self._key, mapping=dict.fromkeys(ids[start : start + AT_ONCE], value))

    async def forget_below(self, begins: Mapping[int, int]) -> None:
        """Drops those that the topic does not keep any more."""
        gone: list[bytes] = []
        async for name, _ in self._redis.hscan_iter(self._key, count=AT_ONCE):
            partition, _, offset = cast(bytes, name).decode().partition("/")
            if int(offset) < begins.get(int(partition), 0):
                gone.append(cast(bytes, name))
        for some in _batches(gone):
            await self._redis.hdel(self._key, *some)


def _batches(items: Sequence[bytes]) -> Iterable[Sequence[bytes]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))
