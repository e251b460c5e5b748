"""What one poll brought, and what is owned of each partition: plain values, no Kafka client."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol


class Partition(NamedTuple):
    """A topic's partition; equal to Faust's TP and aiokafka's TopicPartition."""

    topic: str
    partition: int

    @property
    def name(self) -> str:
        """As people write it: `orders/3`."""
        return f"{self.topic}/{self.partition}"


class ConsumerRecord(Protocol):
    """The fields of an aiokafka record that the stages read."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


@dataclass(frozen=True, slots=True)
class Part:
    """All that one poll brought of one partition.

    It covers every offset in [`start`, `stop`): the broker was asked from `start` on, so an offset
    in between that has no record holds none (compacted away, or a transaction's marker).
    """

    partition: Partition
    start: int
    stop: int
    end: int
    """Where the partition ended when it was fetched (high watermark)."""
    records: Sequence[ConsumerRecord]


@dataclass(frozen=True, slots=True)
class Poll:
    """One message of a Faust stream: everything that one fetch brought, over all partitions."""

    generation: int
    parts: tuple[Part, ...]


@dataclass(slots=True, eq=False)
class Claim:
    """Ownership of one partition, from its assignment to its loss."""

    partition: Partition
    generation: int
    token: str
    position: int
    """Next offset to apply; everything below it is in the store."""
    live: bool = True
    """False once the partition was lost: then nothing more is begun under this claim."""
    stopped: str | None = None
    """Why the partition stands still until a person acts."""
    resumable: bool = False
    """Whether a word of that person is enough (`sellerwatch partitions resume`)."""
    held_until: float = 0.0
    """Monotonic time before which the partition is not read."""
    fetched: int = 0
    """Where what was fetched ends; beyond `position`, it is on its way to the stage, or was lost on that way."""
    memory: dict[str, Any] = field(default_factory=dict)
    """What the stage keeps in memory for the partition; gone with the claim."""
