"""The state of one partition in Redis: claimed by one worker, changed by one commit at a time."""

import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

import structlog
from redis.asyncio import Redis

from streams import metrics
from streams.kafka.poll import Claim, Partition
from streams.store import scripts
from streams.store.connection import patiently, sha

log = structlog.get_logger()

CLAIM, BEGIN, APPLY = sha(scripts.CLAIM), sha(scripts.BEGIN), sha(scripts.APPLY)


class Answer(StrEnum):
    """What Redis said to a commit."""

    OK = "ok"
    DONE = "done"
    """It had been applied already; the answer to the first try was lost."""
    FENCED = "fenced"
    """Somebody else has claimed the partition."""
    MISMATCH = "mismatch"
    """The base is not the stored position: Redis was rolled back."""
    FULL = "full"
    """The outbox holds as many undelivered alerts as it may; nothing was written."""


@dataclass(slots=True)
class Commit:
    """All that a run of records [`base`, `next`) of one partition changes, to be applied at once."""

    base: int
    next: int
    sets: list[tuple[str, bytes, int]] = field(default_factory=list)
    """(key, value, seconds to live; 0 = for ever)"""
    sources: dict[str, str] = field(default_factory=dict)
    alerts: list[tuple[str, bytes]] = field(default_factory=list)
    """(`alert.raised` or `alert.escalated`, ALERT as JSON)"""


class PartitionStore:
    """Claims and commits for the partitions of one stage.

    Keys of partition p are `{namespace.stage.p}...`: one hash tag, so one cluster slot.
    """

    def __init__(self, redis: Redis, namespace: str, stage: str, *, outbox_limit: int = 100_000) -> None:
        self.redis = redis
        self.stage = stage
        self._namespace = namespace
        self._outbox_limit = outbox_limit

    def key(self, partition: int, name: str) -> str:
        """The Redis key of one piece of a partition's state."""
        return f"{{{self._namespace}.{self.stage}.{partition}}}{name}"

    async def claim(self, partition: Partition, generation: int, alive: Callable[[], bool]) -> Claim:
        """Takes the partition over; the former owner can no longer commit.

        Raises:
            Lost: `alive` became false before Redis answered.
        """
        token = uuid.uuid4().hex
        owner = self.key(partition.partition, "owner")
        position = await self._patiently(lambda: self.redis.evalsha(CLAIM, 1, owner, token), alive)
        metrics.CLAIMS.labels(self.stage).inc()
        log.info("claimed", stage=self.stage, partition=partition.partition, position=position and int(position))
        return Claim(partition, generation, token, -1 if position is None else int(position))

    async def begin(self, claim: Claim) -> None:
        """Stores the first position of a partition that had none."""
        owner = self.key(claim.partition.partition, "owner")
        await self._patiently(
            lambda: self.redis.evalsha(BEGIN, 1, owner, claim.token, str(claim.position)), lambda: claim.live
        )

    async def sources(self, claim: Claim) -> dict[str, str]:
        """The highest source of each source partition that is in the state."""
        key = self.key(claim.partition.partition, "sources")
        stored = await self._patiently(lambda: self.redis.hgetall(key), lambda: claim.live)
        return {name.decode(): mark.decode() for name, mark in cast(dict[bytes, bytes], stored).items()}

    async def get(self, claim: Claim, names: Sequence[str]) -> list[bytes | None]:
        """Values of some of the partition's keys, `None` where there is none."""
        keys = [self.key(claim.partition.partition, name) for name in names]
        return cast(list[bytes | None], await self._patiently(lambda: self.redis.mget(keys), lambda: claim.live))

    async def apply(self, commits: Mapping[Claim, Sequence[Commit]]) -> dict[Claim, Answer]:
        """Applies each claim's commits in order, all in one round trip; the worst answer of each claim.

        Each commit is all or nothing, and one that fails makes those after it fail.
        """
        sent = [(claim, commit) for claim, of_claim in commits.items() for commit in of_claim]

        async def send() -> list[Any]:
            pipeline = self.redis.pipeline(transaction=False)
            for claim, commit in sent:
                pipeline.evalsha(APPLY, *self._arguments(claim, commit))
            return await pipeline.execute()

        started = time.perf_counter()
        raw = await self._patiently(send, lambda: any(claim.live for claim in commits))
        metrics.APPLY_SECONDS.labels(self.stage).observe(time.perf_counter() - started)
        answers: dict[Claim, Answer] = {}
        for (claim, _), text in zip(sent, raw, strict=True):
            answer = Answer(text.decode())
            metrics.APPLY.labels(self.stage, answer.value).inc()
            if answers.get(claim, Answer.OK) in (Answer.OK, Answer.DONE):
                answers[claim] = answer
        return answers

    def _arguments(self, claim: Claim, commit: Commit) -> list[Any]:
        partition = claim.partition.partition
        keys = [self.key(partition, name) for name in ("owner", "out", "sources")]
        keys += [key for key, _, _ in commit.sets]
        arguments: list[Any] = [len(keys), *keys, claim.token, commit.base, commit.next, self._outbox_limit]
        arguments.append(len(commit.sources))
        for source in commit.sources.items():
            arguments += source
        arguments.append(len(commit.alerts))
        for alert in commit.alerts:
            arguments += alert
        for _, value, ttl in commit.sets:
            arguments += (value, ttl)
        return arguments

    def _patiently(self, call: Callable[[], Awaitable[Any]], alive: Callable[[], bool]) -> Awaitable[Any]:
        return patiently(self.redis, call, stage=self.stage, alive=alive)
