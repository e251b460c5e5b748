"""The process that plays upstream: sends the marketplace's events to Kafka when they are due."""

import asyncio
import itertools
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from redis.asyncio import Redis

from sellerwatch.demo.progress import NAMESPACE, TOPICS, ProgressReader
from sellerwatch.demo.seasons import Season, Show
from simulator import LiveEvent

CHUNK = 500
TICK_SECONDS = 0.05
MOST_BEHIND = 4_000
"""Records that may wait in all topics: the embedded Kafka forgets what it has no room for, read or not."""
CAUGHT_UP = 500
"""No more may wait when the present begins."""
LOOK_EVERY = 500
"""Records after which it is looked how far the stages have come."""
STATE = f"{{{NAMESPACE}.feed}}state"


class FeedOrder(msgspec.Struct, frozen=True):
    """What the process is told, as JSON in its one argument."""

    bootstrap: str
    redis_url: str
    show: Show


class FeedState(msgspec.Struct, frozen=True):
    """How far it has come; kept in Redis under `STATE`."""

    season: int
    live: bool
    """False as long as it sends the past."""
    begins: datetime
    """Market time at which the season's present begins."""
    market_time: datetime
    sent: int


class _Timed(msgspec.Struct):
    event_time: datetime


class Feed:
    """Sends seasons until it is ended."""

    def __init__(self, show: Show, producer: AIOKafkaProducer, progress: ProgressReader, redis: "Redis") -> None:
        self._show, self._producer, self._progress, self._redis = show, producer, progress, redis
        self._sent = self._unlooked = 0

    async def run(self) -> None:
        """Plays one season after the other."""
        for number in itertools.count():
            await self._play(self._show.season(number))

    async def _play(self, season: Season) -> None:
        begun: float | None = None
        chunk: list[LiveEvent] = []
        for event in season.events:
            if event.due and begun is None:
                await self._flush(season, chunk, live=False)
                await self._wait_for_the_stages(CAUGHT_UP)
                begun = time.monotonic()
            if begun is not None and (early := begun + event.due - time.monotonic()) > 0:
                begun += await self._flush(season, chunk, live=True)
                await asyncio.sleep(max(early, TICK_SECONDS))
            chunk.append(event)
            if len(chunk) >= CHUNK:
                held = await self._flush(season, chunk, live=begun is not None)
                begun = begun and begun + held
        await self._flush(season, chunk, live=True)
        if begun is not None:
            end = begun + (season.ends - season.begins) / timedelta(seconds=self._show.speed)
            await asyncio.sleep(max(end - time.monotonic(), 0))

    async def _flush(self, season: Season, chunk: list[LiveEvent], *, live: bool) -> float:
        """Sends and forgets the chunk; the seconds for which the stages had to be waited for."""
        if not chunk:
            return 0.0
        await self._send(chunk)
        self._sent += len(chunk)
        self._unlooked += len(chunk)
        at = msgspec.json.decode(chunk[-1].body, type=_Timed).event_time
        await self._redis.set(STATE, msgspec.json.encode(FeedState(season.number, live, season.begins, at, self._sent)))
        chunk.clear()
        return await self._wait_for_the_stages(MOST_BEHIND) if self._unlooked >= LOOK_EVERY else 0.0

    async def _send(self, chunk: Sequence[LiveEvent]) -> None:
        batches: dict[tuple[str, int], Any] = {}
        for event in chunk:
            key = event.key.encode()
            place = event.topic, (murmur2(key) & 0x7FFFFFFF) % TOPICS[event.topic]
            batch = batches.get(place) or batches.setdefault(place, self._producer.create_batch())
            batch.append(key=key, value=event.body, timestamp=None)
        sending = [await self._producer.send_batch(b, t, partition=p) for (t, p), b in batches.items()]
        await asyncio.gather(*sending)

    async def _wait_for_the_stages(self, most_behind: int) -> float:
        self._unlooked = 0
        started = time.monotonic()
        while (await self._progress.read()).behind() > most_behind:  # noqa: ASYNC110 - no event says so
            await asyncio.sleep(TICK_SECONDS)
        return time.monotonic() - started


async def _main(order: FeedOrder) -> None:
    async with (
        Redis.from_url(order.redis_url) as redis,
        AIOKafkaProducer(bootstrap_servers=order.bootstrap, acks="all", max_batch_size=900_000) as producer,
        ProgressReader(order.bootstrap, redis) as progress,
    ):
        await Feed(order.show, producer, progress, redis).run()


if __name__ == "__main__":
    asyncio.run(_main(msgspec.json.decode(sys.argv[1], type=FeedOrder)))
