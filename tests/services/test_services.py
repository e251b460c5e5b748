"""The real services come back from a crash with what they had confirmed, or with less on request."""

import redis
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from tests.services.kafka import RealKafka, Topics
from tests.services.redis import RealRedis


async def test_a_killed_broker_comes_back_with_its_records(kafka: RealKafka, topics: Topics) -> None:
    (orders,) = topics("orders", partitions=1)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        await producer.send_and_wait(orders, b"confirmed")

    kafka.kill()
    kafka.start()

    reading = {"bootstrap_servers": kafka.bootstrap, "auto_offset_reset": "earliest"}
    async with AIOKafkaConsumer(orders, **reading) as consumer:
        assert (await consumer.getone()).value == b"confirmed"


def test_a_killed_redis_comes_back_with_every_confirmed_write(redis_server: RealRedis, redis_url: str) -> None:
    with client_of(redis_url) as client:
        for number in range(1000):
            client.incrby("total", number)

        redis_server.kill()
        redis_server.start()

        assert client.get("total") == b"499500"


def test_a_redis_rolled_back_knows_only_what_was_before_the_copy(redis_server: RealRedis, redis_url: str) -> None:
    with client_of(redis_url) as client:
        client.set("seller", "before")
        snapshot = redis_server.snapshot_aof()
        client.set("seller", "after")

        redis_server.restore_aof(snapshot)

        assert client.get("seller") == b"before"


def test_each_test_has_a_redis_database_of_its_own(redis_url: str) -> None:
    with client_of(redis_url) as client:
        assert client.dbsize() == 0
        assert not redis_url.endswith("/0")


def client_of(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, retry=Retry(ConstantBackoff(0.05), 20))
