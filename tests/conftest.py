"""Fixtures that every package's tests share: real Kafka, real Redis, librdkafka's mock of Kafka.

Where a service cannot be had, its tests are skipped and say why; with SELLERWATCH_REQUIRE_SERVICES=1 they fail.
"""

from collections.abc import Iterator

import pytest

from sellerwatch.embedded.kafka import EmbeddedKafka
from tests.services.kafka import RealKafka, Topics
from tests.services.redis import RealRedis
from tests.services.redis_cluster import RealRedisCluster
from tests.services.skipping import skipped_unless_required


@pytest.fixture(scope="session")
def kafka() -> Iterator[RealKafka]:
    """A real Kafka broker, up; a test that stops it starts it again."""
    with skipped_unless_required():
        broker = RealKafka()
    with broker:
        yield broker


@pytest.fixture
def topics(kafka: RealKafka) -> Topics:
    """Makes topics of this test's own on the real broker: `orders, payments = topics("orders", "payments")`."""
    return Topics(kafka)


@pytest.fixture(scope="session")
def mock_kafka() -> Iterator[EmbeddedKafka]:
    """Three mock brokers; a test that takes one down brings it up again."""
    with skipped_unless_required():
        cluster = EmbeddedKafka(brokers=3)
    with cluster:
        yield cluster


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RealRedis]:
    """A real redis-server, up; a test that stops it starts it again."""
    with skipped_unless_required():
        server = RealRedis()
    with server:
        yield server


@pytest.fixture(scope="session")
def _redis_databases() -> Iterator[int]:
    return iter(range(1, RealRedis.databases))


@pytest.fixture
def redis_url(redis_server: RealRedis, _redis_databases: Iterator[int]) -> str:
    """The URL of an empty Redis database that no other test uses."""
    return f"redis://127.0.0.1:{redis_server.port}/{next(_redis_databases)}"


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[RealRedisCluster]:
    """A Redis Cluster of three shards, up; a test that stops one starts it again."""
    with skipped_unless_required():
        cluster = RealRedisCluster()
    with cluster:
        yield cluster


@pytest.fixture
def redis_cluster_url(redis_cluster: RealRedisCluster) -> str:
    """The URL of the cluster, which holds nothing."""
    redis_cluster.empty()
    return redis_cluster.url


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks tests by the services they ask for, so that `-m "not kafka"` leaves the slow ones out.

    Whole systems come first: they wait for much, and what runs beside them uses that time. So does every other file
    with slow tests in it: whichever is begun last, the others have to wait for.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (not item.nodeid.startswith("tests/e2e/"), item.path not in slow))
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        for fixture, marker in (("kafka", "kafka"), ("redis_server", "redis"), ("redis_cluster", "redis")):
            if fixture in fixtures:
                item.add_marker(marker)
