"""A Redis copied and put back, all or some of it: what a failover that lost its tail looks like, without a restart."""

from collections.abc import Container
from typing import Any

from redis.asyncio import Redis

Snapshot = dict[bytes, tuple[bytes, int]]
"""Key -> its dump and its milliseconds to live (0 = for ever)."""


async def snapshot(redis: Redis) -> Snapshot:
    """All that it holds now."""
    keys = [key async for key in redis.scan_iter("*", count=1_000)]
    pipeline: Any = redis.pipeline(transaction=False)
    for key in keys:
        pipeline.dump(key).pttl(key)
    found = await pipeline.execute()
    return {key: (dump, max(lifetime, 0)) for key, dump, lifetime in zip(keys, found[::2], found[1::2], strict=True)}


def tag_of(key: bytes) -> str:
    """What stands in braces: keys that share it lie on one shard of a cluster."""
    return key.decode().partition("{")[2].partition("}")[0]


async def restore(redis: Redis, older: Snapshot, tags: Container[str]) -> None:
    """Puts the keys that bear one of the hash tags back to what they were."""
    pipeline: Any = redis.pipeline(transaction=False)
    async for key in redis.scan_iter("*", count=1_000):
        if tag_of(key) in tags:
            pipeline.delete(key)
    await pipeline.execute()
    for key, (value, lifetime) in older.items():
        if tag_of(key) in tags:
            pipeline.restore(key, lifetime, value)
    await pipeline.execute()
