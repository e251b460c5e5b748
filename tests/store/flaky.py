"""A Redis whose answers can be lost: some of a pipeline is done, none of it is told."""

import asyncio
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError


class Flaky:
    """Loses the next answer when told to, and lets the repeated call through when told to."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._done: int | None = None
        self.lost = asyncio.Event()
        self.again = asyncio.Event()

    def lose_next(self, done: int) -> None:
        """Of the next pipeline only so many commands are done, and no answer comes."""
        self._done = done
        self.lost.clear()
        self.again.clear()

    def pipeline(self, **options: Any) -> "_Pipeline":
        return _Pipeline(self, self._redis.pipeline(**options), self._done)

    async def run(self, pipeline: Any) -> Any:
        if self.lost.is_set():
            await self.again.wait()
            self.lost.clear()
        if self._done is None:
            return await pipeline.execute()
        self._done = None
        await pipeline.execute()
        self.lost.set()
        raise RedisConnectionError("the answer was lost")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._redis, name)


class _Pipeline:
    def __init__(self, flaky: Flaky, pipeline: Any, at_most: int | None) -> None:
        self._flaky, self._pipeline, self._at_most = flaky, pipeline, at_most

    def execute_command(self, *command: Any) -> None:
        if self._at_most is None or len(self._pipeline) < self._at_most:
            self._pipeline.execute_command(*command)

    async def execute(self) -> Any:
        return await self._flaky.run(self._pipeline)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipeline, name)
