"""How far the stages have come: where Kafka's partitions end, against what Redis says is applied."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from redis.asyncio import Redis

from streams import names
from streams.store.entities import SHARDS

NAMESPACE = "demo"
PARTITIONS = 4
TOPICS = {
    **dict.fromkeys(names.UPSTREAM, PARTITIONS),
    **dict.fromkeys((names.EVENTS, names.DECISIONS, names.ALERTS, names.AUDIT), PARTITIONS),
    **dict.fromkeys((names.REJECTED, names.WAITING), PARTITIONS),
    **dict.fromkeys((names.TRAINING, names.ACTS, names.POLICIES), 1),
}
"""Every topic of the demo and its partitions."""
_READ = (*names.UPSTREAM, names.ACTS, names.WAITING, names.EVENTS, names.TRAINING)
_FOLDED = {names.EVENTS: "watch", names.TRAINING: "learn"}


@dataclass(frozen=True)
class Progress:
    """Positions at one moment."""

    ends: Mapping[TopicPartition, int]
    done: Mapping[TopicPartition, int]
    """Everything below is in Redis (of upstream topics: in the log) and is not read again."""

    def behind(self, *topics: str) -> int:
        """Records of these topics that still have to be worked off; no topic named: of all."""
        return sum(end - self.done.get(tp, 0) for tp, end in self.ends.items() if not topics or tp.topic in topics)

    @property
    def applied(self) -> int:
        """Events of the log that watch has folded."""
        return sum(position for tp, position in self.done.items() if tp.topic == names.EVENTS)


class ProgressReader:
    """Reads the progress of a demo, while used as `async with`."""

    def __init__(self, bootstrap: str, redis: "Redis") -> None:
        self._redis = redis
        self._consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
        self._partitions = [TopicPartition(topic, p) for topic in _READ for p in range(TOPICS[topic])]

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._consumer.stop()

    async def read(self) -> Progress:
        """Positions are read before ends: what is counted as behind may be more than it is, never less."""
        pipeline = self._redis.pipeline(transaction=False)
        folded = [tp for tp in self._partitions if tp.topic in _FOLDED]
        for shard in range(SHARDS):
            pipeline.hgetall(f"{{{NAMESPACE}.intake.{shard}}}marks")
        for tp in folded:
            pipeline.hget(f"{{{NAMESPACE}.{_FOLDED[tp.topic]}.{tp.partition}}}owner", "position")
        found = await pipeline.execute()
        shards, positions = found[:SHARDS], found[SHARDS:]
        done = {tp: int(position or 0) for tp, position in zip(folded, positions, strict=True)}
        for tp in self._partitions:
            if tp.topic not in _FOLDED:
                name = f"{tp.topic}/{tp.partition}".encode()
                done[tp] = min(int(marks.get(name, 0)) for marks in shards)
        return Progress(await self._consumer.end_offsets(self._partitions), done)
