"""Records that cross sellers, in Redis: read in one round trip, written if nobody else has since.

They are spread over shards, each with a hash tag of its own. A shard also holds a *mark* for each
source partition: everything below it is in the log. A mark that has fallen shows that the shard was
rolled back, and what was forgotten with it is gathered again.
"""

import os
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any, Protocol

from redis.asyncio import Redis

from streams.store import scripts
from streams.store.connection import patiently, sha

SHARDS = 16
NONCE_BYTES = 8
SIGHT, CONFIRM = sha(scripts.SIGHT), sha(scripts.CONFIRM)

Alive = Callable[[], bool]


class RolledBack(Exception):  # noqa: N818 - not an error: work is done again
    """A shard is older than what it had confirmed."""


class EntityStore(Protocol):
    """Where intake keeps what crosses sellers."""

    async def load(self, keys: Sequence[str], alive: Alive) -> dict[str, bytes | None]: ...

    async def save(self, changes: Mapping[str, bytes], known: Mapping[str, int], alive: Alive) -> list[str]: ...


class RedisEntities:
    """The records on Redis.

    Args:
        lifetime: Seconds after its last change that a record is kept.
    """

    def __init__(self, redis: Redis, namespace: str, *, lifetime: int, stage: str = "intake") -> None:
        self._redis = redis
        self._namespace = namespace
        self._lifetime = lifetime
        self._stage = stage
        self._nonces: dict[str, bytes] = {}
        self._read: set[int] = set()
        """Shards whose records the batch is built on, and that have not been looked at since."""
        self._written: dict[int, bytes] = {}
        """Shard -> the nonce under which the batch has written there."""
        self._worker = os.urandom(4)
        self._counter = count()

    def start(self) -> None:
        """Begins a batch: what an earlier one, given up, has read and written says nothing any more."""
        self._nonces.clear()
        self._read.clear()
        self._written.clear()

    async def load(self, keys: Sequence[str], alive: Alive) -> dict[str, bytes | None]:
        """The records under `keys`; `None` where there is none."""
        by_shard = _by_shard(keys)

        async def read() -> list[list[bytes | None]]:
            pipeline = self._redis.pipeline(transaction=False)
            for shard, of_shard in by_shard.items():
                pipeline.execute_command("MGET", *[self._tag(shard) + key for key in of_shard])
            return await pipeline.execute()

        if not by_shard:
            return {}
        self._read.update(by_shard)
        found: dict[str, bytes | None] = {}
        for of_shard, values in zip(by_shard.values(), await self._patiently(read, alive), strict=True):
            for key, value in zip(of_shard, values, strict=True):
                self._nonces[key] = value[:NONCE_BYTES] if value else b""
                found[key] = value[NONCE_BYTES:] if value else None
        return found

    async def save(self, changes: Mapping[str, bytes], known: Mapping[str, int], alive: Alive) -> list[str]:
        """Writes changed records; the keys of those that somebody else has changed since `load`.

        Shards that were only read are looked at, too: on a cluster, one may be older than the others.

        Args:
            known: For each source partition of the batch, the mark that was read or confirmed last.

        Raises:
            RolledBack: A mark has fallen below what was known, or what the batch has written is gone; nothing more
                may be built on the records.
        """
        nonce = self._worker + (next(self._counter) % 2**32).to_bytes(4, "big")
        by_shard: dict[int, list[str]] = {shard: [] for shard in self._read} | _by_shard(changes)
        marks = [argument for mark in known.items() for argument in mark]
        before = dict(self._written)

        async def write() -> list[list[Any]]:
            pipeline = self._redis.pipeline(transaction=False)
            for shard, keys in by_shard.items():
                tag = self._tag(shard)
                arguments: list[Any] = [nonce, before.get(shard, b""), len(known), *marks]
                for key in keys:
                    arguments += (self._nonces[key], nonce + changes[key], self._lifetime)
                named = [tag + "marks", *[tag + key for key in keys]]
                pipeline.execute_command("EVALSHA", SIGHT, len(named), *named, *arguments)
            return await pipeline.execute()

        if not by_shard:
            return []
        conflicts = []
        for (shard, keys), answer in zip(by_shard.items(), await self._patiently(write, alive), strict=True):
            if answer[0] == b"older":
                raise RolledBack
            self._written[shard] = nonce
            conflicts += [keys[int(place)] for place in answer[1:]]
        self._read.clear()
        return conflicts

    async def confirm(self, positions: Mapping[str, int], known: Mapping[str, int], alive: Alive) -> None:
        """Notes that each source partition is in the log up to its position, and ends the batch.

        Raises:
            RolledBack: What the batch has written, or was built on, is gone.
        """
        written = dict(self._written)
        arguments = [argument for source, to in positions.items() for argument in (source, known[source], to)]

        async def write() -> list[bytes]:
            pipeline = self._redis.pipeline(transaction=False)
            for shard in range(SHARDS):
                marks, nonce = self._tag(shard) + "marks", written.get(shard, b"")
                pipeline.execute_command("EVALSHA", CONFIRM, 1, marks, nonce, *arguments)
            return await pipeline.execute()

        if b"older" in await self._patiently(write, alive):
            raise RolledBack

    async def positions(self, sources: Sequence[str], alive: Alive) -> dict[str, int]:
        """Where source partitions are to be read on: the lowest mark of all shards; -1: from the start."""

        async def read() -> list[list[bytes | None]]:
            pipeline = self._redis.pipeline(transaction=False)
            for shard in range(SHARDS):
                pipeline.hmget(self._tag(shard) + "marks", sources)
            return await pipeline.execute()

        if not sources:
            return {}
        by_source = zip(*await self._patiently(read, alive), strict=True)
        return {
            source: min(int(mark) if mark is not None else -1 for mark in marks)
            for source, marks in zip(sources, by_source, strict=True)
        }

    def _tag(self, shard: int) -> str:
        return f"{{{self._namespace}.intake.{shard}}}"

    def _patiently(self, call: Callable[[], Awaitable[Any]], alive: Alive) -> Awaitable[Any]:
        return patiently(self._redis, call, stage=self._stage, alive=alive)


def _by_shard(keys: Iterable[str]) -> dict[int, list[str]]:
    shards: dict[int, list[str]] = {}
    for key in keys:
        shards.setdefault(shard_of(key), []).append(key)
    return shards


def shard_of(key: str) -> int:
    """The shard that holds a record."""
    return zlib.crc32(key.encode()) % SHARDS
