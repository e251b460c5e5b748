"""The ground on which everything is measured: one Kafka, one Redis, made empty between two subjects."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import redis

from bench.throughput.topics import Topics
from bench.throughput.traffic import Sender
from detectors.events import ModelPublished, Record, Source, encode_record
from streams import names
from tests.e2e.system import System
from tests.services.kafka import RealKafka
from tests.services.redis import RealRedis

PARTITIONS = 4
UPSTREAM_SOURCES = [f"{topic}/{partition}" for topic in names.UPSTREAM for partition in range(PARTITIONS)]


@dataclass
class Ground:
    """The services and their topics.

    Args:
        logs: Folder of what the processes print.
        model: In force from the first event on.
    """

    kafka: RealKafka
    redis_server: RealRedis
    topics: Topics
    logs: Path
    model: ModelPublished
    _numbers: Iterator[int] = field(default_factory=count)
    _log_starts: int = 0

    def __post_init__(self) -> None:
        self.redis = redis.Redis(port=self.redis_server.port)
        with System(self.kafka, self.redis_server, self.logs, partitions=PARTITIONS):
            """Makes the topics."""

    def empty(self) -> None:
        """Leaves nothing of what was measured before, but the upstream topics; puts the models in force."""
        self.topics.clear()
        self._log_starts = self.topics.end(names.EVENTS)
        sender, source = Sender(self.kafka.bootstrap), Source(names.TRAINING, 0, 0)
        for p in range(PARTITIONS):
            published = Record(p, source, 0, f"model/{self.model.version}", 0, "", self.model)
            sender.place(names.EVENTS, p, encode_record(published))

    def namespace(self) -> str:
        """For keys and consumer groups that nobody has used."""
        return f"bench{next(self._numbers)}"

    @contextmanager
    def workers(self, *stages: str, prefix: Sequence[str] = (), **settings: str) -> Iterator[tuple[System, list[int]]]:
        """Runs stages from an empty Redis; the system, and the ids of its processes."""
        self.redis.flushall()
        settings = {"namespace": self.namespace()} | settings
        system = System(self.kafka, self.redis_server, self.logs, partitions=PARTITIONS, prefix=prefix, **settings)
        try:
            system.start(*stages)
            yield system, [worker.pid for worker in system.workers.values()]
        finally:
            for name in list(system.workers):
                system.kill(name)

    def logged(self) -> int:
        """Records in the log."""
        return self.topics.end(names.EVENTS) - self._log_starts

    def taken_in(self, system: System) -> int:
        """Events of the upstream topics that are in the log."""
        marks = self.redis.hmget(f"{{{system.namespace}.intake.0}}marks", UPSTREAM_SOURCES)
        return sum(int(mark or 0) for mark in marks)

    def applied(self, system: System) -> int:
        """Records of the log that watch has applied."""
        positions = system.positions().values()
        return sum(positions) - self._log_starts if len(positions) == PARTITIONS else 0

    def through(self, system: System, events: int) -> int:
        """Events that have come all the way, of so many that are in the upstream topics."""
        taken_in = self.taken_in(system)
        return taken_in if taken_in < events or self.applied(system) >= self.logged() else events - 1
