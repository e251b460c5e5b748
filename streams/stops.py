"""Partitions that stand still until a person has looked; kept in Redis, so a restart does not forget."""

from collections.abc import Callable
from typing import cast

from redis.asyncio import Redis

from streams.store.connection import patiently


class Stops:
    """Which source partitions are stopped, why, and how many refusals were accepted since."""

    def __init__(self, redis: Redis, namespace: str, *, stage: str = "intake") -> None:
        self._redis = redis
        self._stopped = f"{{{namespace}.stops}}stopped"
        self._tolerated = f"{{{namespace}.stops}}tolerated"
        self._stage = stage

    async def reason(self, name: str, alive: Callable[[], bool]) -> str | None:
        """Why the partition is stopped; `None` when it is not."""
        found = await patiently(
            self._redis, lambda: self._redis.hget(self._stopped, name), stage=self._stage, alive=alive
        )
        return cast(bytes, found).decode() if found is not None else None

    async def tolerated(self, name: str, alive: Callable[[], bool]) -> int:
        """How many more refusals of the partition a person has accepted."""
        found = await patiently(
            self._redis, lambda: self._redis.hget(self._tolerated, name), stage=self._stage, alive=alive
        )
        return int(found or 0)

    async def stop(self, name: str, reason: str, alive: Callable[[], bool]) -> None:
        """Remembers that the partition is stopped."""

        async def write() -> None:
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.hset(self._stopped, name, reason)
            pipeline.hdel(self._tolerated, name)
            await pipeline.execute()

        await patiently(self._redis, write, stage=self._stage, alive=alive)

    async def all(self) -> dict[str, str]:
        """Every stopped partition and its reason."""
        found = await self._redis.hgetall(self._stopped)
        return {cast(bytes, name).decode(): cast(bytes, reason).decode() for name, reason in sorted(found.items())}

    async def resume(self, name: str, tolerate: int) -> bool:
        """Lets a partition go on; False when it was not stopped."""
        if not await self._redis.hexists(self._stopped, name):
            return False
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.hset(self._tolerated, name, str(tolerate))
        pipeline.hdel(self._stopped, name)
        await pipeline.execute()
        return True
