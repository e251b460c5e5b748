"""Partitions that stand still until a person has looked; kept in Redis, so a restart does not forget."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, cast

import structlog
from redis.asyncio import Redis

from streams.kafka.poll import Claim
from streams.refused.rejected import RefusalLimit
from streams.store.connection import Lost, patiently

log = structlog.get_logger()


class Stops:
    """Which source partitions are stopped, why, and how many refusals were accepted since."""

    def __init__(self, redis: Redis, namespace: str, stage: str = "command") -> None:
        self._redis = redis
        self._stopped = f"{{{namespace}.stops}}stopped"
        self._tolerated = f"{{{namespace}.stops}}tolerated"
        self._stage = stage

    async def look_up(self, claim: Claim, alive: Callable[[], bool]) -> None:
        """Gives a new claim the limit of its refusals, and stops it where it was stopped before."""
        name = claim.partition.name
        claim.stopped = await self.reason(name, alive)
        claim.resumable = claim.stopped is not None
        claim.memory["tolerated"] = await self.tolerated(name, alive)
        claim.memory["limit"] = RefusalLimit(tolerated=claim.memory["tolerated"])

    async def stop(self, claim: Claim, reason: str) -> None:
        """Stops a partition; it stays stopped over restarts."""
        name = claim.partition.name
        claim.stopped = reason
        await self._remember(name, reason, lambda: claim.live)
        claim.resumable = True  # not before: what Redis does not say yet would count as resumed
        log.error("partition_stopped", source=name, reason=reason, mend=f"sellerwatch partitions resume {name}")

    async def spend(self, claims: Iterable[Claim]) -> None:
        """Remembers how many of the refusals that a person has accepted are left: a later claim has no more."""
        for claim in claims:
            name, left = claim.partition.name, claim.memory["limit"].tolerated
            if left == claim.memory["tolerated"] or claim.stopped is not None:
                continue
            await patiently(
                self._redis,
                lambda name=name, left=left: self._redis.hset(self._tolerated, name, str(left)),  # type: ignore[misc]
                stage=self._stage,
                alive=lambda claim=claim: claim.live,  # type: ignore[misc]
            )
            claim.memory["tolerated"] = left

    async def heed(self, claims: Iterable[Claim]) -> list[Claim]:
        """Stops what a person wants stopped; those of the claims that were stopped and may go on."""
        mine = [claim for claim in claims if claim.live]
        if not mine:
            return []
        with suppress(Lost):
            found: Any = await patiently(
                self._redis,
                lambda: self._redis.hgetall(self._stopped),
                stage=self._stage,
                alive=lambda: any(claim.live for claim in mine),
            )
            return [claim for claim in mine if self._may_go_on(claim, found.get(claim.partition.name.encode()))]
        return []

    def _may_go_on(self, claim: Claim, reason: bytes | None) -> bool:
        if reason is not None and claim.stopped is None:
            claim.stopped, claim.resumable = reason.decode(), True
            log.warning("partition_stopped", source=claim.partition.name, reason=claim.stopped)
        if reason is not None or not claim.resumable:
            return False
        log.info("partition_resumed", source=claim.partition.name)
        return True

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

    async def _remember(self, name: str, reason: str, alive: Callable[[], bool]) -> None:
        async def write() -> None:
            pipeline = self._redis.pipeline(transaction=False)  # in this order: between them it stands still
            pipeline.hset(self._stopped, name, reason)
            pipeline.hdel(self._tolerated, name)
            await pipeline.execute()

        await patiently(self._redis, write, stage=self._stage, alive=alive)

    async def all(self) -> dict[str, str]:
        """Every stopped partition and its reason."""
        found = await self._redis.hgetall(self._stopped)
        return {cast(bytes, name).decode(): cast(bytes, reason).decode() for name, reason in sorted(found.items())}

    async def ask(self, name: str, reason: str) -> bool:
        """Stops a partition as a person wants it; who owns it heeds that in seconds. False: it was stopped before."""
        return bool(await self._redis.hsetnx(self._stopped, name, reason))

    async def resume(self, name: str, tolerate: int) -> bool:
        """Lets a partition go on; False when it was not stopped."""
        if await self._redis.hget(self._stopped, name) is None:
            return False
        pipeline = self._redis.pipeline(transaction=False)  # in this order: between them it still stands
        pipeline.hset(self._tolerated, name, str(tolerate))
        pipeline.hdel(self._stopped, name)
        await pipeline.execute()
        return True
