"""What a look at the whole system finds."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from streams.presence import SILENT_SECONDS, Presence

STANDSTILL_SECONDS: Final = 120.0
"""As the alert `PartitionStale`."""


class Service(Struct, frozen=True):
    """Kafka or Redis."""

    up: bool
    text: str


class PartitionState(Struct, frozen=True):
    """One partition of a topic that a stage reads; `None` where that could not be found out."""

    stage: str
    topic: str
    partition: int
    position: int | None = None
    """Its watermark: the next offset to apply; everything below is in Redis."""
    end: int | None = None
    lag: int | None = None
    age: float | None = None
    """Seconds since it last advanced or was at its end."""
    owner: str = ""
    """The process that says it has it, `watch@host:4711`; empty: none does."""
    stopped: str | None = None

    @property
    def name(self) -> str:
        return f"{self.topic}/{self.partition}"


class OutboxState(Struct, frozen=True):
    """Alerts between watch and the webhook."""

    undelivered: int
    retrying: int
    """Of those, tried before."""
    dead: int
    oldest_seconds: float


class SystemState(Struct, frozen=True):
    """The whole system at one moment."""

    taken_at: float
    namespace: str
    kafka: Service
    redis: Service
    workers: Sequence[Presence]
    partitions: Sequence[PartitionState]
    stopped: Mapping[str, str]
    outbox: OutboxState | None
    models: Mapping[str, Mapping[str, int]]
    """Version in force of each model, and in how many partitions."""
    policy: Mapping[str, int]
    """The same of the policy; empty: none was published."""
    log_partitions: int | None
    unseen: Sequence[str]
    """What could not be looked at, and what is shown instead."""

    def alive(self, stage: str) -> list[Presence]:
        """Processes of a stage that have told of themselves just now."""
        return [one for one in self.workers if one.stage == stage and self.taken_at - one.told_at <= SILENT_SECONDS]
