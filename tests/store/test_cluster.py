"""What is particular to a Redis Cluster: shards that fail by themselves, and calls that concern all of them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from sellerwatch.checks.finding import Status
from sellerwatch.checks.state import check_redis
from streams.erasure.redis_side import Holdings
from streams.intake import log_partition
from streams.kafka.poll import Partition
from streams.models.versions import announced
from streams.refused.stops import Stops
from streams.settings import Settings
from streams.status.redis_side import read_redis
from streams.store.connection import connect, load_scripts
from streams.store.entities import RedisEntities, RolledBack, shard_of
from streams.store.partition import Answer, Commit, PartitionStore
from tests.services.redis_cluster import ClusterNode, RealRedisCluster
from tests.store.gatherers import always
from tests.store.rollback import restore, snapshot
from tests.waiting import eventually

PARTITIONS = 12


@pytest.fixture
async def redis(redis_cluster_url: str) -> AsyncIterator[Redis]:
    async with connect(redis_cluster_url) as client:
        await load_scripts(client, stage="test")
        yield client


def settings_of(url: str) -> Settings:
    return Settings(redis_url=SecretStr(url), namespace="t")


# -- a shard by itself ------------------------------------------------------------------------------


async def test_nothing_is_built_on_what_was_read_from_a_shard_that_is_older_than_the_others(redis: Redis) -> None:
    entities = RedisEntities(redis, "t", lifetime=1_000)
    read, changed = "v:device:a", "v:device:b"
    assert shard_of(read) != shard_of(changed)
    older = await snapshot(redis)
    entities.start()
    await entities.load([read], always)
    assert await entities.save({read: b"seen"}, {"orders/0": -1}, always) == []
    await entities.confirm({"orders/0": 7}, {"orders/0": -1}, always)

    await restore(redis, older, {f"t.intake.{shard_of(read)}"})
    entities.start()
    assert await entities.load([read, changed], always) == {read: None, changed: None}
    with pytest.raises(RolledBack):
        await entities.save({changed: b"built on nothing"}, {"orders/0": 7}, always)


@pytest.fixture
def two_shards() -> Iterator[RealRedisCluster]:
    with RealRedisCluster(shards=2) as cluster:
        yield cluster


async def test_a_replica_that_takes_over_is_followed_and_is_told_the_scripts(two_shards: RealRedisCluster) -> None:
    replica = await asyncio.to_thread(two_shards.replica_of, two_shards.shards[1])
    async with connect(two_shards.url) as redis:
        await load_scripts(redis, stage="watch")
        store = PartitionStore(redis, "t", "watch")
        claims = [(await store.claim(Partition("log", p), 1, always)).claim for p in range(PARTITIONS)]
        first = {claim: [Commit(0, 1, [(store.key(p, "s:a"), b"1", 0)])] for p, claim in enumerate(claims)}
        for claim in claims:
            claim.position = 0
            await store.begin(claim)
        assert set((await store.apply(first)).values()) == {Answer.OK}
        await eventually(lambda: has_all(two_shards.shards[1]))

        replica.ask("SCRIPT", "FLUSH")  # Redis 6.2 had copied them
        two_shards.shards[1].kill()
        replica.ask("CLUSTER", "FAILOVER", "TAKEOVER")

        second = {claim: [Commit(1, 2, [(store.key(p, "s:a"), b"2", 0)])] for p, claim in enumerate(claims)}
        assert set((await store.apply(second)).values()) <= {Answer.OK, Answer.DONE}  # the other shard's, at once
        assert {await redis.get(store.key(p, "s:a")) for p in range(PARTITIONS)} == {b"2"}


def has_all(primary: ClusterNode) -> bool:
    """Whether its replica has all that it has acknowledged."""
    told: Any = primary.client().info("replication")
    return bool(told["slave0"]["offset"] >= told["master_repl_offset"])


async def test_a_cluster_none_of_whose_nodes_answers_is_an_error_of_redis() -> None:
    redis = connect("redis+cluster://127.0.0.1:1", retries=False)
    with pytest.raises(RedisConnectionError):
        await redis.ping()
    await redis.aclose()


# -- all of them --------------------------------------------------------------------------------------


async def test_what_is_held_of_a_seller_is_found_on_every_shard(redis: Redis) -> None:
    sellers = {f"seller-{number}" for number in range(60)}
    for seller in sellers:
        await redis.set(f"{{t.watch.{log_partition(seller, PARTITIONS)}}}s:{seller}", b"a profile")

    assert set(await Holdings(redis, "t", PARTITIONS).sellers()) == sellers


async def test_a_partition_is_stopped_and_resumed(redis: Redis) -> None:
    stops = Stops(redis, "t")
    assert await stops.ask("orders/3", "a person wants it")
    assert await stops.all() == {"orders/3": "a person wants it"}

    assert await stops.resume("orders/3", 5)

    assert await stops.all() == {}
    assert await stops.tolerated("orders/3", always) == 5


async def test_status_counts_the_shards(redis: Redis, redis_cluster_url: str) -> None:
    await redis.set("{t.layout}partitions", PARTITIONS)
    await redis.hset("{t.watch.7}owner", "position", "33")
    found = await read_redis(redis, settings_of(redis_cluster_url))

    assert ", 3 shards, " in found.service.text
    assert found.positions == {("sellerwatch.events", 7): 33}
    assert await announced(redis, "t") == []


async def test_the_doctor_looks_at_every_shard(redis: Redis, redis_cluster: RealRedisCluster) -> None:
    redis_cluster.shards[2].ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    try:
        found = await check_redis(settings_of(redis_cluster.url))
    finally:
        redis_cluster.shards[2].ask("CONFIG", "SET", "maxmemory-policy", "noeviction")

    (evicts,) = [finding for finding in found if finding.status is Status.PROBLEM]
    assert f"127.0.0.1:{redis_cluster.shards[2].port}: it throws keys away" in evicts.text
    assert len([finding for finding in found if finding.subject == "clock"]) == 3


async def test_the_doctor_knows_a_cluster_that_is_taken_for_a_redis_by_itself(redis_cluster: RealRedisCluster) -> None:
    for shard in redis_cluster.shards:
        (found,) = await check_redis(settings_of(f"redis://127.0.0.1:{shard.port}/0"))

        assert found.status is Status.PROBLEM
        assert "redis+cluster://" in found.mend
