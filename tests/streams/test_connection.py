"""The client of Redis: commands are packed in C, and arrive as the library would send them."""

from typing import cast

import pytest
from redis.asyncio import Redis, RedisCluster, SSLConnection

from streams.store.connection import connect


@pytest.mark.parametrize("value", [b"\x00\xff\r\n", "grün", 7, 1.5, b"", b"x" * 100_000])
async def test_every_kind_of_value_arrives_as_the_library_sends_it(redis_url: str, value: bytes | str | float) -> None:
    async with connect(redis_url) as ours, Redis.from_url(redis_url) as librarys:
        await ours.set("ours", value)
        await librarys.set("library's", value)

        assert await ours.get("ours") == await ours.get("library's") is not None


async def test_names_of_two_words_scripts_and_pipelines_work(redis_url: str) -> None:
    async with connect(redis_url) as redis:
        script = await redis.script_load("return {KEYS[1], ARGV[1]}")
        pipeline = redis.pipeline(transaction=False)
        pipeline.evalsha(script, 1, "key", b"\xff")
        pipeline.config_get("maxmemory-policy")

        assert await pipeline.execute() == [[b"key", b"\xff"], {"maxmemory-policy": "noeviction"}]


def test_a_connection_that_is_to_be_encrypted_is() -> None:
    pool = connect("rediss://redis.example:6380/0").connection_pool
    cluster = cast(RedisCluster, connect("rediss+cluster://redis.example:6380/0"))

    assert issubclass(pool.connection_class, SSLConnection)
    assert issubclass(cluster.connection_kwargs["connection_class"], SSLConnection)
