"""Offsets without records, records that get lost, brokers that go: each part of a poll begins where the last ended."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient, TopicPartition

from streams import metrics
from streams.app import consumer_of
from streams.kafka.poll import Partition
from tests.kafka.recorder import Recorder, chained, running
from tests.services.kafka import RealKafka, Topics
from tests.services.skipping import skipped_unless_required
from tests.waiting import eventually

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def kafka() -> Iterator[RealKafka]:
    """A broker of this module's own: it compacts at once, and may be killed."""
    with skipped_unless_required():
        broker = RealKafka(settings={"log.cleaner.backoff.ms": "100"})
    with broker:
        yield broker


@pytest.fixture
def rewinds() -> Callable[[], int]:
    """How often a partition was rewound since the test began."""
    counter = metrics.HOLES.labels(Recorder.name)
    before = counter._value.get()
    return lambda: int(counter._value.get() - before)


@asynccontextmanager
async def producer_of(kafka: RealKafka, transactional: str | None = None) -> AsyncIterator[AIOKafkaProducer]:
    size = 4 * MEGABYTE
    made = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap, transactional_id=transactional, max_request_size=size, linger_ms=5
    )
    async with made as producer:
        yield producer


async def transact(producer: AIOKafkaProducer, topic: str, *values: bytes, abort: bool = False) -> None:
    await producer.begin_transaction()
    for value in values:
        await (await producer.send(topic, value, partition=0))
    await (producer.abort_transaction() if abort else producer.commit_transaction())


def numbers(first: int, stop: int) -> list[bytes]:
    return [b"%d" % number for number in range(first, stop)]


async def test_markers_of_transactions_are_no_holes(
    kafka: RealKafka, topics: Topics, rewinds: Callable[[], int]
) -> None:
    (topic,) = topics("orders", partitions=1)
    async with running(kafka.bootstrap, topic) as stage, producer_of(kafka, topic) as producer:
        for first in range(0, 50, 10):
            await transact(producer, topic, *numbers(first, first + 10))
            await stage.reaches((first + 10) // 10 * 11)  # past the marker, though nothing comes after it

    assert [value for poll in stage.values() for value in poll] == numbers(0, 50)
    assert chained(stage.parts())
    assert rewinds() == 0


async def test_what_a_transaction_took_back_never_reaches_a_stage(
    kafka: RealKafka, topics: Topics, rewinds: Callable[[], int]
) -> None:
    (topic,) = topics("orders", partitions=1)
    async with running(kafka.bootstrap, topic) as stage, producer_of(kafka, topic) as producer:
        for first in range(0, 40, 20):
            await transact(producer, topic, *numbers(first, first + 10), abort=True)
            await transact(producer, topic, *numbers(first + 10, first + 20))
        await transact(producer, topic, b"never", abort=True)
        await stage.reaches(46)

    assert [value for poll in stage.values() for value in poll] == numbers(10, 20) + numbers(30, 40)
    assert chained(stage.parts())
    assert rewinds() == 0


async def test_more_taken_back_than_one_fetch_brings_is_passed_over(
    kafka: RealKafka, topics: Topics, rewinds: Callable[[], int]
) -> None:
    (topic,) = topics("orders", partitions=1)
    async with producer_of(kafka, topic) as producer:
        await transact(producer, topic, *[b"x" * (MEGABYTE - 1_000)] * 12, abort=True)
        await transact(producer, topic, b"kept")
    async with running(kafka.bootstrap, topic) as stage:
        await stage.reaches(15)

    assert [value for poll in stage.values() for value in poll] == [b"kept"]
    assert chained(stage.parts())
    assert rewinds() == 0


async def test_records_that_compaction_removed_are_no_holes(
    kafka: RealKafka, topics: Topics, rewinds: Callable[[], int]
) -> None:
    compacted = {"cleanup_policy": "compact", "segment_ms": "50", "min_cleanable_dirty_ratio": "0.001"}
    (topic,) = topics("orders", partitions=1, **compacted)
    async with producer_of(kafka) as producer:
        for number in range(200):  # one batch each, so that whole batches go
            await producer.send_and_wait(topic, b"%d" % number, key=b"%d" % (number % 7), partition=0)
            if number == 150:
                await asyncio.sleep(0.2)  # the segment is full of age: the next record begins another

        async def holes() -> int:
            async with running(kafka.bootstrap, topic) as stage:
                await stage.reaches(200)
            assert chained(stage.parts())
            return 200 - len(stage.offsets())

        async with asyncio.timeout(60):
            while await holes() < 100:
                await asyncio.sleep(0.5)
                await producer.send_and_wait(topic, b"later", key=b"0", partition=0)

    assert rewinds() == 0


async def test_a_poll_that_is_lost_on_its_way_is_read_again(
    kafka: RealKafka, topics: Topics, rewinds: Callable[[], int]
) -> None:
    (topic,) = topics("orders", partitions=1)
    async with running(kafka.bootstrap, topic) as stage, producer_of(kafka) as producer:
        await producer.send_and_wait(topic, b"0", partition=0)
        await stage.reaches(1)
        stage.lose_next = 1
        await producer.send_and_wait(topic, b"1", partition=0)
        await eventually(lambda: stage.lose_next == 0)
        await producer.send_and_wait(topic, b"2", partition=0)
        await stage.reaches(3)

    assert stage.offsets() == [0, 1, 2]
    assert rewinds() == 1


async def test_the_last_poll_is_missed_although_nothing_comes_after_it(
    kafka: RealKafka, topics: Topics, rewinds: Callable[[], int]
) -> None:
    (topic,) = topics("orders", partitions=1)
    async with running(kafka.bootstrap, topic) as stage, producer_of(kafka) as producer:
        await producer.send_and_wait(topic, b"0", partition=0)
        await stage.reaches(1)
        stage.lose_next = 1
        await producer.send_and_wait(topic, b"1", partition=0)
        await stage.reaches(2)

    assert stage.offsets() == [0, 1]
    assert rewinds() == 1


async def test_records_come_once_and_in_order_through_the_loss_of_the_broker(kafka: RealKafka, topics: Topics) -> None:
    (topic,) = topics("orders", partitions=2)
    async with running(kafka.bootstrap, topic) as stage, producer_of(kafka) as producer:
        for number in range(500):
            await producer.send(topic, b"%d" % number, partition=number % 2)
        await stage.has(100)
        await asyncio.to_thread(kafka.kill)
        await asyncio.sleep(1)
        await asyncio.to_thread(kafka.start)
        for number in range(500, 1_000):
            await producer.send(topic, b"%d" % number, partition=number % 2)
        await producer.flush()
        for partition in (0, 1):
            await stage.reaches(500, partition, timeout=60)

    for partition in (0, 1):
        assert stage.offsets(partition) == list(range(500))
        assert chained(stage.parts(partition))
    sent = {b"%d" % number for number in range(1_000)}
    assert {value for poll in stage.values() for value in poll} == sent


async def test_a_partition_stops_when_retention_was_faster(kafka: RealKafka, topics: Topics) -> None:
    (topic,) = topics("orders", partitions=1)
    async with running(kafka.bootstrap, topic) as stage, producer_of(kafka) as producer:
        await producer.send_and_wait(topic, b"first", partition=0)
        await stage.reaches(1)
        stage.go_on.clear()
        for _ in range(20):  # more than is fetched in advance
            await producer.send_and_wait(topic, b"x" * (MEGABYTE - 1_000), partition=0)
        with closing(KafkaAdminClient(bootstrap_servers=kafka.bootstrap)) as admin:
            admin.delete_records({TopicPartition(topic, 0): 21})
        stage.go_on.set()

        claims = consumer_of(stage.app).claims
        await eventually(lambda: Partition(topic, 0) in claims and claims[Partition(topic, 0)].stopped is not None)

        assert "removed by retention" in str(claims[Partition(topic, 0)].stopped)
        assert stage.offsets() == list(range(stage.positions[Partition(topic, 0)]))
