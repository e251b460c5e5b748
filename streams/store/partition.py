"""The state of one partition in Redis: claimed by one worker, changed by one commit at a time."""

import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import structlog
from redis.asyncio import Redis

from streams import metrics
from streams.kafka.poll import Claim, Partition
from streams.store import scripts
from streams.store.connection import patiently, sha

log = structlog.get_logger()

CLAIM, BEGIN, LOAD, APPLY = (sha(script) for script in (scripts.CLAIM, scripts.BEGIN, scripts.LOAD, scripts.APPLY))
KEYS_AT_ONCE = 1_000
"""Keys that one script reads: Redis is not to be kept busy for longer than a millisecond or two."""


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


class Refused(Exception):  # noqa: N818 - not an error: the claim is to be made again
    """What Redis holds is not what the claim stands on."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.value)
        self.answer = answer


class Claimed(NamedTuple):
    """A partition taken over, and what was stored at its position."""

    claim: Claim
    sources: dict[str, str]
    """The highest source of each source partition that is in the state."""
    values: list[bytes | None]


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

    async def claim(
        self, partition: Partition, generation: int, alive: Callable[[], bool], names: Sequence[str] = ()
    ) -> Claimed:
        """Takes the partition over, with some of its values; the former owner can no longer commit.

        Raises:
            Lost: `alive` became false before Redis answered.
        """
        token = uuid.uuid4().hex
        keys = [self.key(partition.partition, name) for name in ("owner", "sources", *names)]
        stored, sources, values = await self._patiently(
            lambda: self.redis.evalsha(CLAIM, len(keys), *keys, token), alive
        )
        position = -1 if stored is None else int(stored)
        metrics.CLAIMS.labels(self.stage).inc()
        log.info("claimed", stage=self.stage, partition=partition.partition, position=position)
        pairs = zip(sources[::2], sources[1::2], strict=True)
        marks = {name.decode(): mark.decode() for name, mark in pairs}
        return Claimed(Claim(partition, generation, token, position), marks, values)

    async def begin(self, claim: Claim) -> None:
        """Stores the first position of a partition that had none."""
        owner = self.key(claim.partition.partition, "owner")
        await self._patiently(
            lambda: self.redis.evalsha(BEGIN, 1, owner, claim.token, str(claim.position)), lambda: claim.live
        )

    async def load(self, claim: Claim, names: Sequence[str]) -> list[bytes | None]:
        """Values of some of the partition's keys as they are at the claim's position, `None` where there is none.

        Raises:
            Refused: The partition belongs to somebody else, or Redis was rolled back.
        """
        owner, number = self.key(claim.partition.partition, "owner"), claim.partition.partition
        found: list[bytes | None] = []
        for start in range(0, max(len(names), 1), KEYS_AT_ONCE):  # with no names too: the claim is looked at
            keys = [owner, *(self.key(number, name) for name in names[start : start + KEYS_AT_ONCE])]
            answer = await self._patiently(
                lambda keys=keys: self.redis.evalsha(LOAD, len(keys), *keys, claim.token, str(claim.position)),  # type: ignore[misc]
                lambda: claim.live,
            )
            if isinstance(answer, bytes):
                raise Refused(Answer(answer.decode()))
            found += answer
        return found

    async def standing(self, claim: Claim, position: int) -> Answer:
        """Whether a claim still is what Redis knows: FENCED, or MISMATCH where Redis is behind `position`."""
        owner = self.key(claim.partition.partition, "owner")
        token, stored = await self._patiently(lambda: self.redis.hmget(owner, "token", "position"), lambda: claim.live)
        if token != claim.token.encode():
            return Answer.FENCED
        return Answer.OK if int(stored or -1) >= position else Answer.MISMATCH

    async def outbox_full(self, claim: Claim) -> bool:
        """Whether the partition holds as many undelivered alerts as it may."""
        key = self.key(claim.partition.partition, "out")
        return bool(await self._patiently(lambda: self.redis.xlen(key), lambda: claim.live) >= self._outbox_limit)

    async def apply(self, commits: Mapping[Claim, Sequence[Commit]]) -> dict[Claim, Answer]:
        """Applies each claim's commits in order, all in one round trip; the worst answer of each claim.

        Each commit is all or nothing, and one that fails makes those after it fail.
        """
        sent = [(claim, commit) for claim, of_claim in commits.items() for commit in of_claim]

        async def send() -> list[Any]:
            pipeline = self.redis.pipeline(transaction=False)
            for claim, commit in sent:
                pipeline.execute_command("EVALSHA", APPLY, *self._arguments(claim, commit))
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
