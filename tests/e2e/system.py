"""A whole Sellerwatch for tests: real worker processes on a real Kafka and a real Redis."""

import base64
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, Self, cast
from urllib.request import urlopen

import redis
from kafka import KafkaAdminClient, OffsetAndMetadata, TopicPartition
from kafka.errors import NoError

from detectors.budget import decode_candidate
from detectors.events import Record, decode_record
from detectors.models.training import TrainingRow, decode_row
from sellerwatch.demo.progress import TOPICS
from sellerwatch.embedded.kafka import EmbeddedKafka
from sellerwatch.embedded.processes import free_port, spawn
from streams import names
from streams.intake import Intake
from streams.learn import Learn
from streams.models.commands import SIGNED
from streams.reading import Held, read_topic, reader
from streams.settings import Settings, load_settings
from streams.store.entities import SHARDS
from streams.topics import client_options, create_topics
from streams.watch import Watch
from tests.services.clients import producer
from tests.services.kafka import RealKafka
from tests.services.redis import RealRedis
from tests.services.redis_cluster import RealRedisCluster
from tests.waiting import wait_until

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes now").decode()
MODEL_KEY = "a key for models of tests"
FAMILIES = {
    "order": "orders",
    "payment": "payments",
    "listing": "listings",
    "shipment": "shipments",
    "seller": "sellers",
    "review": "reviews",
    "report": "reports",
    "verdict": "verdicts",
    "intel": "intel",
    "act": names.ACTS,
}


class Stored(NamedTuple):
    """What Redis holds of one log partition."""

    profiles: dict[str, bytes]
    rows: dict[str, bytes]
    found: dict[str, bytes]
    sources: dict[str, str]
    chain: bytes | None


class System:
    """Topics, settings and worker processes; everything ends with the `with` block.

    Args:
        kafka: A real broker; the embedded one gets the topics of the demo.
        prefix: Words put before each worker's command, as `taskset -c 0`.
        settings: More settings of the workers, in lower case.
    """

    def __init__(
        self,
        kafka: RealKafka | EmbeddedKafka,
        server: RealRedis | RealRedisCluster,
        logs: Path,
        *,
        partitions: int = 4,
        prefix: Sequence[str] = (),
        **settings: str,
    ) -> None:
        self.kafka, self.redis_server, self.logs = kafka, cast(RealRedis, server), logs
        self.environment = {
            "SELLERWATCH_KAFKA_BROKERS": kafka.bootstrap,
            "SELLERWATCH_REDIS_URL": server.url,
            "SELLERWATCH_HASH_KEYS": "k1:a key for hashes of tests",
            "SELLERWATCH_MODEL_KEYS": MODEL_KEY,
            "SELLERWATCH_SESSION_TIMEOUT": "PT6S",
            **({"SELLERWATCH_KAFKA_API_VERSION": "0.11"} if isinstance(kafka, EmbeddedKafka) else {}),
        } | {f"SELLERWATCH_{name.upper()}": value for name, value in settings.items()}
        self.partitions = partitions
        self.prefix = prefix
        self.namespace = settings.get("namespace", "sw")
        self.workers: dict[str, Any] = {}
        self.ports: dict[str, int] = {}

    def __enter__(self) -> Self:
        if isinstance(self.kafka, EmbeddedKafka):
            for topic, partitions in TOPICS.items():
                self.kafka.create_topic(topic, partitions)
        else:
            create_topics(self.settings(), partitions=self.partitions, replication=1, upstream=True)
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self.workers):
            self.kill(name)

    def settings(self) -> Settings:
        """The settings that the workers have."""
        before = dict(os.environ)
        os.environ.update(self.environment)
        try:
            return load_settings()
        finally:
            os.environ.clear()
            os.environ.update(before)

    @property
    def broker(self) -> RealKafka:
        """The broker that can be killed and started."""
        assert isinstance(self.kafka, RealKafka)
        return self.kafka

    # -- workers ------------------------------------------------------------------------------

    def start(self, *stages: str) -> None:
        """Starts a process for each word: `console`, a stage, or a stage with a number (`watch2`)."""
        for name in stages:
            stage = name.rstrip("0123456789")
            self.ports[name] = free_port()
            port = str(self.ports[name])
            environment = {**os.environ, **self.environment}
            environment |= {"SELLERWATCH_METRICS_PORT": port, "SELLERWATCH_CONSOLE_PORT": port}
            verb = ["console"] if stage == "console" else ["worker", "--stage", stage]
            with (self.logs / f"{name}.log").open("ab") as output:
                command = [*self.prefix, sys.executable, "-m", "sellerwatch", *verb]
                self.workers[name] = spawn(command, output=output, env=environment)

    def kill(self, name: str) -> None:
        """Ends a worker as a power cut would."""
        worker = self.workers.pop(name)
        worker.kill()
        worker.wait()

    def terminate(self, name: str, timeout: float = 15.0) -> int:
        """Ends a worker as an orchestrator would; its exit code."""
        worker = self.workers.pop(name)
        worker.terminate()
        return int(worker.wait(timeout))

    def serves(self, name: str) -> bool:
        """Whether a worker is as far as to answer."""
        try:
            self.metrics(name)
        except OSError:
            return False
        return True

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Runs a verb of `sellerwatch` as a person would, against this system."""
        environment = {**os.environ, **self.environment}
        words = (sys.executable, "-m", "sellerwatch", *words)
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    def metrics(self, name: str) -> dict[str, float]:
        """The samples that a worker exposes, by name and labels as they are printed."""
        with urlopen(f"http://127.0.0.1:{self.ports[name]}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return {k: float(v) for k, _, v in (line.rpartition(" ") for line in lines if not line.startswith("#"))}

    def log_lines(self, name: str) -> list[dict[str, Any]]:
        """What a worker has logged."""
        text = (self.logs / f"{name}.log").read_text()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    # -- in and out ---------------------------------------------------------------------------

    def feed(self, events: Iterable[bytes | Mapping[str, Any]], rate: float | None = None) -> int:
        """Sends events to the topics of their families, keyed by seller where they name one; how many."""
        count, started = 0, time.monotonic()
        with producer(self.settings()) as sending:
            for event in events:
                value = event if isinstance(event, bytes) else json.dumps(event).encode()
                body = json.loads(value)
                key = body.get("seller_id") or body.get("order_id") or body["event_id"]
                sending.send(FAMILIES[body["type"].split(".")[0]], key=key.encode(), value=value)
                count += 1
                if rate and count % 50 == 0:
                    time.sleep(max(started + count / rate - time.monotonic(), 0))
        return count

    def send(self, topic: str, *values: bytes | None, **options: Any) -> None:
        """Sends records as they are, in order."""
        with producer(self.settings()) as sending:
            for value in values:
                sending.send(topic, value=value, **options)

    def records(self, topic: str) -> list[Held]:
        """All records that a topic holds now, each partition in order."""
        return list(read_topic(self.settings(), topic))

    def read(self, topic: str) -> list[tuple[int, bytes]]:
        """(partition, value) of all that a topic holds now, each partition in order."""
        return [(record.partition, record.value) for record in self.records(topic)]

    def log(self) -> list[Record]:
        """The log, each partition in order."""
        return [decode_record(value) for _, value in self.read(names.EVENTS)]

    def ends(self, topic: str) -> dict[int, int]:
        """Where each partition of a topic ends."""
        return {partition: end for (_, partition), end in self.ends_of([topic]).items()}

    def ends_of(self, topics: Iterable[str]) -> dict[tuple[str, int], int]:
        """Where each partition of some topics ends."""
        with closing(reader(self.settings())) as consumer:
            partitions = [TopicPartition(t, p) for t in topics for p in consumer.partitions_for_topic(t) or ()]
            return {(tp.topic, tp.partition): end for tp, end in consumer.end_offsets(partitions).items()}

    def forge_offsets(self, group: str, topic: str, offset: int) -> None:
        """Says in a group's name that it has read every partition of a topic up to `offset`."""
        forged = {TopicPartition(topic, p): OffsetAndMetadata(offset, "", -1) for p in self.ends(topic)}
        with closing(KafkaAdminClient(**client_options(self.settings()))) as admin:
            answers = admin.alter_group_offsets(group, forged)
        assert all(error is NoError for error in answers.values()), answers

    # -- state --------------------------------------------------------------------------------

    def redis(self) -> "redis.Redis":
        """A client of the workers' Redis."""
        return self.redis_server.client()

    def positions(self, stage: str = "watch") -> dict[int, int]:
        """How far each log partition is applied."""
        client = self.redis()
        found = {p: client.hget(f"{{{self.namespace}.{stage}.{p}}}owner", "position") for p in range(self.partitions)}
        return {p: int(position) for p, position in found.items() if position is not None}

    def stored(self, partition: int) -> "Stored":
        """What watch has stored of a log partition."""
        client, tag = self.redis(), f"{{{self.namespace}.watch.{partition}}}"
        marks = cast(dict[bytes, bytes], client.hgetall(tag + "sources"))
        chain = cast(bytes | None, client.get(tag + "chain"))
        found = Stored({}, {}, {}, {name.decode(): mark.decode() for name, mark in marks.items()}, chain)
        keys = cast(list[bytes], list(client.scan_iter(tag + "[sof]:*", count=1_000)))
        for start in range(0, len(keys), 1_000):
            some = keys[start : start + 1_000]
            for key, value in zip(some, cast(list[bytes], client.mget(some)), strict=True):
                kind, _, name = key.decode().removeprefix(tag).partition(":")
                {"s": found.profiles, "o": found.rows, "f": found.found}[kind][name] = value
        return found

    def taken_in(self) -> bool:
        """Whether intake has put everything that upstream sent into the log."""
        ends = {f"{t}/{p}": end for (t, p), end in self.ends_of((*names.UPSTREAM, names.WAITING)).items() if end}
        pipeline = self.redis().pipeline(transaction=False)
        for shard in range(SHARDS):
            pipeline.hmget(f"{{{self.namespace}.intake.{shard}}}marks", list(ends))
        reached = (zip(marks, ends.values(), strict=True) for marks in pipeline.execute())
        return all(int(mark or -1) >= end for shard in reached for mark, end in shard)

    def undelivered(self) -> int:
        """Alerts that wait in the outboxes."""
        return sum(self.redis().xlen(f"{{{self.namespace}.watch.{p}}}out") for p in range(self.partitions))

    def lag(self, name: str) -> float:
        """Records that a worker has not worked off, as it says itself."""
        return sum(self.places(name, "sellerwatch_partition_lag").values())

    def places(self, name: str, gauge: str) -> dict[tuple[str, int], float]:
        """A worker's values of a gauge that it has for each partition: lag, of those it has claimed."""
        sample = re.compile(gauge + r'\{partition="(\d+)",stage="\w+",topic="([^"]+)"\}')
        matches = ((sample.fullmatch(line), value) for line, value in self.metrics(name).items())
        return {(match[2], int(match[1])): value for match, value in matches if match}

    def owned(self, stage: str) -> dict[tuple[str, int], list[str]]:
        """Which workers say that they own each partition that a stage reads; an unreachable one owns none."""
        topics = {"intake": Intake.topics, "watch": Watch.topics, "learn": Learn.topics}
        owners: dict[tuple[str, int], list[str]] = {place: [] for place in self.ends_of(topics[stage])}
        for name in [name for name in self.workers if name.rstrip("0123456789") == stage]:
            for place in self.places(name, "sellerwatch_partition_lag"):
                owners[place].append(name)
        return owners

    def applied(self) -> bool:
        """Whether watch has applied the whole log."""
        ends, positions = self.ends(names.EVENTS), self.positions()
        return all(positions.get(partition, 0) >= end for partition, end in ends.items())

    def settle(self, timeout: float = 60.0) -> None:
        """Waits until everything that was fed is applied."""
        wait_until(lambda: self.taken_in() and self.applied(), timeout, "everything is applied")


def rows_of(system: System) -> list[TrainingRow]:
    """What learn was shown, without commands and what the budget of alerts counts."""
    values = (value for _, value in system.read(names.TRAINING) if not value.startswith(SIGNED))
    return [decode_row(value) for value in values if decode_candidate(value) is None]
