"""A whole Sellerwatch for tests: real worker processes on a real Kafka and a real Redis."""

import base64
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Self
from urllib.request import urlopen

import redis
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from detectors.events import Record, decode_record
from sellerwatch.embedded.processes import free_port, spawn
from streams import names
from streams.settings import Settings, load_settings
from streams.topics import create_topics
from tests.services.kafka import RealKafka
from tests.services.redis import RealRedis

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes now").decode()
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
}


class System:
    """Topics, settings and worker processes; everything ends with the `with` block."""

    def __init__(
        self, kafka: RealKafka, server: RealRedis, logs: Path, *, partitions: int = 4, **settings: str
    ) -> None:
        self.kafka, self.redis_server, self.logs = kafka, server, logs
        self.environment = {
            "SELLERWATCH_KAFKA_BROKERS": kafka.bootstrap,
            "SELLERWATCH_REDIS_URL": f"redis://127.0.0.1:{server.port}/0",
            "SELLERWATCH_HASH_KEYS": "k1:a key for hashes of tests",
            "SELLERWATCH_MODEL_KEYS": "a key for models of tests",
            "SELLERWATCH_SESSION_TIMEOUT": "PT6S",
        } | {f"SELLERWATCH_{name.upper()}": value for name, value in settings.items()}
        self.partitions = partitions
        self.workers: dict[str, Any] = {}
        self.ports: dict[str, int] = {}

    def __enter__(self) -> Self:
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

    # -- workers ------------------------------------------------------------------------------

    def start(self, *stages: str) -> None:
        """Starts one worker for each word: a stage, or a stage with a number (`watch2`)."""
        for name in stages:
            stage = name.rstrip("0123456789")
            self.ports[name] = free_port()
            environment = {**os.environ, **self.environment, "SELLERWATCH_METRICS_PORT": str(self.ports[name])}
            with (self.logs / f"{name}.log").open("ab") as output:
                self.workers[name] = spawn(
                    [sys.executable, "-m", "sellerwatch", "worker", "--stage", stage], output=output, env=environment
                )

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
        with closing(KafkaProducer(bootstrap_servers=self.kafka.bootstrap, linger_ms=5, acks="all")) as producer:
            for event in events:
                value = event if isinstance(event, bytes) else json.dumps(event).encode()
                body = json.loads(value)
                key = body.get("seller_id") or body.get("order_id") or body["event_id"]
                producer.send(FAMILIES[body["type"].split(".")[0]], key=key.encode(), value=value)
                count += 1
                if rate and count % 50 == 0:
                    time.sleep(max(started + count / rate - time.monotonic(), 0))
            producer.flush()
        return count

    def send(self, topic: str, value: bytes | None, **options: Any) -> None:
        """Sends one record as it is."""
        with closing(KafkaProducer(bootstrap_servers=self.kafka.bootstrap, acks="all")) as producer:
            producer.send(topic, value=value, **options).get(timeout=10)

    def read(self, topic: str) -> list[tuple[int, bytes]]:
        """(partition, value) of all that a topic holds now, each partition in order."""
        with closing(
            KafkaConsumer(bootstrap_servers=self.kafka.bootstrap, consumer_timeout_ms=10_000, enable_auto_commit=False)
        ) as consumer:
            partitions = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic) or ())]
            ends = consumer.end_offsets(partitions)
            found = []
            for partition in partitions:
                consumer.assign([partition])
                consumer.seek_to_beginning(partition)
                while consumer.position(partition) < ends[partition]:
                    for records in consumer.poll(1_000).values():
                        found += [(r.partition, r.value) for r in records if r.offset < ends[partition]]
            return found

    def log(self) -> list[Record]:
        """The log, each partition in order."""
        return [decode_record(value) for _, value in self.read(names.EVENTS)]

    def ends(self, topic: str) -> dict[int, int]:
        """Where each partition of a topic ends."""
        with closing(KafkaConsumer(bootstrap_servers=self.kafka.bootstrap)) as consumer:
            partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
            return {tp.partition: end for tp, end in consumer.end_offsets(partitions).items()}

    # -- state --------------------------------------------------------------------------------

    def redis(self) -> "redis.Redis":
        """A client of the workers' Redis."""
        return redis.Redis(port=self.redis_server.port)

    def positions(self, stage: str = "watch") -> dict[int, int]:
        """How far each log partition is applied."""
        client = self.redis()
        found = {p: client.hget(f"{{sw.{stage}.{p}}}owner", "position") for p in range(self.partitions)}
        return {p: int(position) for p, position in found.items() if position is not None}

    def taken_in(self) -> bool:
        """Whether intake has put everything that upstream sent into the log."""
        client = self.redis()
        for topic in (*names.UPSTREAM, names.WAITING):
            for partition, end in self.ends(topic).items():
                marks = [client.hget(f"{{sw.intake.{shard}}}marks", f"{topic}/{partition}") for shard in range(16)]
                if end and min(int(mark) if mark is not None else -1 for mark in marks) < end:
                    return False
        return True

    def applied(self) -> bool:
        """Whether watch has applied the whole log."""
        ends, positions = self.ends(names.EVENTS), self.positions()
        return all(positions.get(partition, 0) >= end for partition, end in ends.items())

    def settle(self, timeout: float = 60.0) -> None:
        """Waits until everything that was fed is applied."""
        wait_until(lambda: self.taken_in() and self.applied(), timeout, "everything is applied")


def wait_until(condition: Callable[[], bool], timeout: float, what: str, pause: float = 0.2) -> None:
    """Waits for `condition`; fails with `what` when it does not come true in time."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout:.0f} s: {what}"
        time.sleep(pause)


