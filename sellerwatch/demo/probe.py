"""Looks at the running system from outside, as an operator does: Kafka, Redis and every `/metrics`."""

import asyncio
import re
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

import aiohttp
import msgspec
from redis.asyncio import Redis

from sellerwatch.demo.feed import STATE, FeedState
from sellerwatch.demo.progress import ProgressReader
from sellerwatch.demo.stack import Child
from streams import names

RATE_SECONDS = 5.0
"""The rate is the mean over so long."""
HISTORY = 120
_SAMPLE = re.compile(rb"^(\w+?)(?:\{.*\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Look:
    """The system at one moment."""

    applied: int = 0
    """Events of the log whose effects are in Redis."""
    rate: float = 0.0
    upstream_lag: int = 0
    log_lag: int = 0
    sellers: int = 0
    models: int = 0
    """Model versions published."""
    undelivered: int = 0
    ready: frozenset[str] = frozenset()
    """Workers that say that they work."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Where each worker listens."""
    feed: FeedState | None = None
    history: Sequence[float] = ()
    """Earlier rates, a second apart, latest last."""

    @property
    def market_time(self) -> datetime | None:
        return self.feed.market_time if self.feed else None


class Probe:
    """Takes looks while used as `async with`."""

    def __init__(self, bootstrap: str, redis_url: str, workers: Sequence[Child]) -> None:
        self._redis = Redis.from_url(redis_url)
        self._progress = ProgressReader(bootstrap, self._redis)
        self._workers = workers
        self._seen: deque[tuple[float, int]] = deque()
        self._history: deque[float] = deque(maxlen=HISTORY)
        self._samples: dict[str, dict[str, float]] = {}
        self._ready: set[str] = set()
        self._scraped = 0.0

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2))
        await self._progress.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.close()
        await self._progress.__aexit__(*exc)
        await self._redis.aclose()

    async def look(self) -> Look:
        """The system as it is now; what does not answer keeps its last numbers."""
        progress, stored = await asyncio.gather(self._progress.read(), self._redis.get(STATE))
        rate = self._rate(progress.applied)
        now = time.monotonic()
        if now - self._scraped >= 1.0:
            self._scraped = now
            self._history.append(rate)
            await asyncio.gather(*(self._scrape(worker) for worker in self._workers))
        return Look(
            applied=progress.applied,
            rate=rate,
            upstream_lag=progress.behind(*names.UPSTREAM, names.WAITING),
            log_lag=progress.behind(names.EVENTS),
            sellers=self._sum("sellerwatch_cached_profiles"),
            models=self._sum("sellerwatch_models_published_total"),
            undelivered=self._sum("sellerwatch_outbox_depth"),
            ready=frozenset(self._ready),
            addresses={worker.name: worker.address for worker in self._workers if worker.address},
            feed=msgspec.json.decode(stored, type=FeedState) if stored else None,
            history=tuple(self._history),
        )

    def _rate(self, applied: int) -> float:
        now = time.monotonic()
        self._seen.append((now, applied))
        while len(self._seen) > 2 and now - self._seen[1][0] >= RATE_SECONDS:
            self._seen.popleft()
        since, before = self._seen[0]
        return (applied - before) / (now - since) if now - since >= 0.5 else 0.0

    async def _scrape(self, worker: Child) -> None:
        if worker.address is None:
            return
        try:
            async with self._http.get(f"{worker.address}/metrics") as answer:
                sums = summed(await answer.read())
            async with self._http.get(f"{worker.address}/readyz") as answer:
                (self._ready.add if answer.status == 200 else self._ready.discard)(worker.name)
        except (aiohttp.ClientError, TimeoutError):
            self._ready.discard(worker.name)
            return
        self._samples[worker.name] = sums

    def _sum(self, metric: str) -> int:
        return int(sum(samples.get(metric, 0.0) for samples in self._samples.values()))


def summed(exposed: bytes) -> dict[str, float]:
    """Each metric's samples, over all their labels."""
    sums: dict[str, float] = {}
    for name, value in _SAMPLE.findall(exposed):
        sums[name.decode()] = sums.get(name.decode(), 0.0) + float(value)
    return sums
