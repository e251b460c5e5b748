"""Records that cross sellers, as intake keeps them in Redis: read, never written."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from redis.asyncio import Redis

from streams.facts.encoding import decode_standing, decode_value
from streams.facts.standings import Standing
from streams.facts.values import Value
from streams.store.entities import NONCE_BYTES, shard_of

AT_ONCE: Final = 500


async def standings_of(redis: Redis, namespace: str, sellers: Iterable[str]) -> dict[str, Standing]:
    """What intake knows of sellers: their standing, and the values that join them with others.

    Raises:
        RedisError: Redis does not answer.
    """
    named = {f"s:{seller}": seller for seller in sellers}
    found = await _records(redis, namespace, list(named))
    return {named[key]: standing for key, raw in found.items() if (standing := _read(decode_standing, raw))}


async def values_of(redis: Redis, namespace: str, values: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Value]:
    """Who has touched values; each is its kind and its keyed hash.

    Raises:
        RedisError: Redis does not answer.
    """
    named = {f"v:{kind}:{digest}": (kind, digest) for kind, digest in values}
    found = await _records(redis, namespace, list(named))
    return {named[key]: value for key, raw in found.items() if (value := _read(decode_value, raw))}


async def _records(redis: Redis, namespace: str, keys: Sequence[str]) -> dict[str, bytes]:
    """By single GETs: keys of several shards lie on several nodes."""
    found: dict[str, bytes] = {}
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        pipeline = redis.pipeline(transaction=False)
        for key in some:
            pipeline.get(f"{{{namespace}.intake.{shard_of(key)}}}{key}")
        values = await pipeline.execute()
        found |= {key: value[NONCE_BYTES:] for key, value in zip(some, values, strict=True) if value}
    return found


def _read(decode: Any, raw: bytes) -> Any:
    """A record; `None` where another version has written it."""
    try:
        return decode(raw)
    except msgspec.DecodeError:
        return None
