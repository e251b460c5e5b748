"""Alerts between the fold that raised them and the webhook: in Redis, beside the state they follow from."""

import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

import msgspec
import structlog
from msgspec import Struct
from redis.asyncio import Redis

from streams.delivery import scripts
from streams.delivery.queued_alert import QueuedAlert, Tries, read_entry

log = structlog.get_logger()

HURRY_AT_ONCE = 500
"""Alerts moved by one script: it keeps Redis busy for about a millisecond."""


class Depth(Struct, frozen=True):
    """How full one partition's outbox is."""

    partition: int
    undelivered: int
    waiting: int
    """Of the undelivered, those that were tried and wait for another try."""
    dead: int
    oldest_seconds: float
    """Age of the oldest undelivered alert; 0 where there is none."""


class Outbox:
    """The outbox of every log partition; several processes may work on it at once.

    Every call is safe to repeat, and none touches an alert that somebody else has finished meanwhile.
    Errors of Redis are the caller's to wait out: they lose nothing.

    Args:
        redis: A client with `decode_responses=False`.
        namespace: What stands before the partition's number in the keys.
        partitions: Partitions of the log.
        lease: Who takes an alert must finish or renew before this ends, or it is given to another.
        clock: The time, in seconds since the epoch.
    """

    def __init__(
        self,
        redis: Redis,
        namespace: str,
        partitions: int,
        *,
        lease: timedelta = timedelta(seconds=60),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.lease = lease
        self.partitions = partitions
        self.redis = redis
        self._namespace = namespace
        self._clock = clock
        self._next = 0

    def keys(self, partition: int, *names: str) -> list[str]:
        """The Redis keys of pieces of a partition's outbox: `out`, `retry`, `tries`, `dead`."""
        return [f"{{{self._namespace}.{partition}}}{name}" for name in names]

    async def take(self, room: int) -> list[QueuedAlert]:
        """Takes about `room` alerts that are due, a share of each partition, in one round trip."""
        asked = self._turn(room)
        share = -(-room // (2 * len(asked)))  # of what is new, and of what is due again
        lease = self.lease // timedelta(milliseconds=1)
        pipeline = self.redis.pipeline(transaction=False)
        for partition in asked:
            keys = self.keys(partition, "out", "retry", "tries")
            pipeline.eval(scripts.TAKE, len(keys), *keys, self._clock(), self._lease_end(), lease, share)
        replies = await pipeline.execute(raise_on_error=False)
        if all(isinstance(reply, Exception) for reply in replies):
            raise replies[0]
        taken = []
        for partition, reply in zip(asked, replies, strict=True):
            if isinstance(reply, Exception):  # the others are taken, and must not wait for a lease to end
                log.warning("outbox_partition_failed", partition=partition, error=repr(reply))
                continue
            taken += [await self._read(partition, *entry) for entry in reply]
        return [queued for queued in taken if queued is not None]

    async def delivered(self, queued: QueuedAlert) -> bool:
        """Removes an alert that the receiver has; false when it was gone already."""
        return await self._finish(queued.partition, queued.entry)

    async def bury(self, queued: QueuedAlert, tries: Tries, reason: str) -> bool:
        """Gives an alert up: it moves to the dead ones; false when it was gone already."""
        return await self._finish(queued.partition, queued.entry, *self._dead_fields(tries, reason))

    async def try_again(self, queued: QueuedAlert, tries: Tries, due: float) -> bool:
        """Puts an alert aside until it is due, so that others pass it; false when it was gone already."""
        keys = self.keys(queued.partition, "out", "retry", "tries")
        return bool(await self._eval(scripts.TRY_AGAIN, keys, queued.entry, due, msgspec.json.encode(tries)))

    async def renew(self, in_hand: Iterable[QueuedAlert]) -> None:
        """Keeps alerts from being given to another for one more lease."""
        await self._hold(in_hand, timedelta(0), self._lease_end())

    async def give_back(self, in_hand: Iterable[QueuedAlert]) -> None:
        """Lets anybody take these alerts at once: their tries do not count."""
        await self._hold(in_hand, timedelta(days=1), self._clock())

    async def hurry(self) -> int:
        """Makes every alert that waits for another try due now; how many there were."""
        hurried = 0
        now, lease_end = self._clock(), self._lease_end()
        for partition in range(self.partitions):
            moved = HURRY_AT_ONCE
            while moved == HURRY_AT_ONCE:
                keys = self.keys(partition, "retry")
                moved = await self._eval(scripts.HURRY, keys, now, lease_end, HURRY_AT_ONCE)
                hurried += moved
        return hurried

    async def depths(self) -> list[Depth]:
        """How full each partition is."""
        pipeline = self.redis.pipeline(transaction=False)
        for partition in range(self.partitions):
            out, retry, dead = self.keys(partition, "out", "retry", "dead")
            pipeline.xlen(out)
            pipeline.zcard(retry)
            pipeline.xlen(dead)
            pipeline.xrange(out, count=1)
        replies = await pipeline.execute()
        return [self._depth(p, *replies[4 * p : 4 * p + 4]) for p in range(self.partitions)]

    def _turn(self, room: int) -> list[int]:
        """The partitions to ask: all of them, or some in turn where there is little room."""
        count = min(self.partitions, max(1, room // 2))
        asked = [(self._next + i) % self.partitions for i in range(count)]
        self._next = (self._next + count) % self.partitions
        return asked

    async def _read(self, partition: int, entry: bytes, fields: list[bytes], tries: bytes | None) -> QueuedAlert | None:
        try:
            return read_entry(partition, entry, fields, tries)
        except ValueError as error:
            log.error("alert_unreadable", partition=partition, entry=entry.decode(), error=str(error))
            await self._finish(partition, entry, *self._dead_fields(Tries(), "unreadable"))
            return None

    async def _hold(self, in_hand: Iterable[QueuedAlert], idle: timedelta, due: float) -> None:
        pipeline = self.redis.pipeline(transaction=False)
        by_partition = attrgetter("partition")
        for partition, held in groupby(sorted(in_hand, key=by_partition), by_partition):
            keys = self.keys(partition, "out", "retry")
            entries = [queued.entry for queued in held]
            pipeline.eval(scripts.HOLD, len(keys), *keys, idle // timedelta(milliseconds=1), due, *entries)
        await pipeline.execute()

    async def _finish(self, partition: int, entry: bytes, *dead_fields: str | bytes | float) -> bool:
        keys = self.keys(partition, "out", "retry", "tries", "dead")
        return bool(await self._eval(scripts.FINISH, keys, entry, *dead_fields))

    def _dead_fields(self, tries: Tries, reason: str) -> tuple[str | bytes | float, ...]:
        return ("reason", reason, "tries", msgspec.json.encode(tries), "died_at", self._clock())

    def _depth(self, partition: int, undelivered: int, waiting: int, dead: int, oldest: list[Any]) -> Depth:
        added = int(oldest[0][0].split(b"-")[0]) / 1000 if oldest else self._clock()
        return Depth(partition, undelivered, waiting, dead, max(0.0, self._clock() - added))

    def _lease_end(self) -> float:
        return self._clock() + self.lease.total_seconds()

    async def _eval(self, script: str, keys: list[str], *arguments: str | bytes | float) -> int:
        return int(await self.redis.eval(script, len(keys), *keys, *arguments))
