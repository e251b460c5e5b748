"""What Sellerwatch is measured against does the same work, and so does the floor."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from bench.throughput.metering import Speed
from detectors.decision import encode_decision
from detectors.events import Record, encode_record
from sellerwatch.embedded.kafka import EmbeddedKafka
from sellerwatch.embedded.processes import spawn
from streams import names
from tests.builders import Market, known_buyer, order_placed, payment, record, registered

SHOPS = ("shop-1", "shop-2", "shop-3")


@pytest.fixture(scope="module")
def log() -> list[Record]:
    """Some trade of three shops; one of them sells the same thing again and again."""
    records = [record(registered(), seller_id=shop) for shop in SHOPS]
    for number in range(60):
        shop = SHOPS[number % 3]
        amount = 3_900 if shop == "shop-1" else 1_000 + 37 * number
        time = records[0].event_time + number * 60_000_000
        bought = order_placed(amount_minor=amount)
        records.append(record(bought, seller_id=shop, event_time=time, seen=(known_buyer(),)))
        records.append(record(payment(order_id=bought.order_id), seller_id=shop, event_time=time + 1))
    return records


@pytest.fixture
def broker(log: list[Record]) -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka() as kafka:
        for topic in (names.EVENTS, names.DECISIONS, names.ALERTS):
            kafka.create_topic(topic, 1)
        producer = Producer({"bootstrap.servers": kafka.bootstrap})
        for one in log:
            producer.produce(names.EVENTS, encode_record(one))
        assert producer.flush(20) == 0
        yield kafka


def test_the_usual_style_comes_to_the_same_decisions(
    log: list[Record], broker: EmbeddedKafka, redis_url: str, tmp_path: Path
) -> None:
    expected = [encode_decision(decision) for decision in Market().fold(log).decisions]

    with usual(broker.bootstrap, redis_url, tmp_path, "judge"):
        decisions = read(broker.bootstrap, names.DECISIONS, len(expected))

    assert len(expected) == 120
    assert decisions == expected


def test_the_floor_reads_the_whole_log(log: list[Record], broker: EmbeddedKafka) -> None:
    command = [sys.executable, "-m", "bench.throughput.bare", broker.bootstrap, str(len(log))]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=60).stdout

    speed = msgspec.json.decode(told, type=Speed)
    assert speed.wall > 0
    assert speed.cpu > 0


@contextmanager
def usual(bootstrap: str, redis_url: str, logs: Path, how: str) -> Iterator[None]:
    with (logs / "usual.log").open("wb") as output:
        words = [bootstrap, redis_url, "usual", how]
        process = spawn([sys.executable, "-m", "bench.throughput.usual", *words], output=output)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def read(bootstrap: str, topic: str, count: int) -> Sequence[bytes | None]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader"})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        return [message.value() for message in consumer.consume(count, timeout=60)]
    finally:
        consumer.close()
