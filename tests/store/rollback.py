"""A Redis database copied and put back: what a failover that lost its tail looks like, without a restart."""

from typing import Any, cast

from redis.asyncio import Redis

Snapshot = dict[bytes, tuple[bytes, int]]
"""Key -> its dump and its milliseconds to live (0 = for ever)."""


async def snapshot(redis: Redis) -> Snapshot:
    """The whole database as it is now."""
    keys = cast(list[bytes], await redis.keys("*"))
    pipeline: Any = redis.pipeline(transaction=False)
    for key in keys:
        pipeline.dump(key).pttl(key)
    found = await pipeline.execute()
    return {key: (dump, max(lifetime, 0)) for key, dump, lifetime in zip(keys, found[::2], found[1::2], strict=True)}


async def restore(redis: Redis, older: Snapshot) -> None:
    """Puts the database back to what it was."""
    pipeline: Any = redis.pipeline(transaction=False)
    pipeline.flushdb()
    for key, (value, lifetime) in older.items():
        pipeline.restore(key, lifetime, value)
    await pipeline.execute()
