"""What Redis knows of the system's state; only reads."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from detectors.models.learners import MODELS
from streams import names
from streams.delivery.outbox import Outbox
from streams.models.keys import model_key
from streams.presence import Presence, presence_key, present
from streams.refused.stops import Stops
from streams.settings import Settings
from streams.status.state import OutboxState, Service
from streams.store.connection import of_each_server
from streams.store.entities import SHARDS

HEAD_BYTES = 400
"""Of a stored publication: its model and version stand in front of what it holds."""
HOLDS = re.compile(rb"\xa8snapshot|\xa6policy[\xc4-\xc6]")
_decode_head = msgspec.msgpack.Decoder(dict[str, str]).decode


class RedisSide(Struct, frozen=True):
    """All that Redis told."""

    service: Service
    partitions: int | None
    """Of the log, as its state was built."""
    workers: list[Presence] = []
    positions: dict[tuple[str, int], int] = {}
    """Next offset of each partition that a stage reads; what has not been begun is missing."""
    stopped: dict[str, str] = {}
    outbox: OutboxState | None = None
    models: dict[str, dict[str, int]] = {}
    policy: dict[str, int] = {}


async def read_redis(redis: Redis, settings: Settings) -> RedisSide:
    """One look, in some few round trips.

    Raises:
        RedisError: It does not answer.
    """
    namespace = settings.namespace
    service = Service(up=True, text=await _said_of_itself(redis, settings.redis_place))
    stored = await redis.get(f"{{{namespace}.layout}}partitions")
    count = int(stored) if stored is not None else None
    heads = await _heads(redis, namespace, count or 0)
    return RedisSide(
        service,
        count,
        await present(redis, presence_key(namespace)),
        await read_positions(redis, namespace, count or 0),
        await Stops(redis, namespace).all(),
        await _outbox(redis, namespace, count) if count else None,
        {name: found for name in MODELS if (found := _counted(heads[model_key(name)]))} if heads else {},
        _counted(heads["policy"]) if heads else {},
    )


async def _said_of_itself(redis: Redis, where: str) -> str:
    await redis.ping()
    try:
        infos: list[Mapping[str, Any]] = [*(await of_each_server(redis, redis.info)).values()]
    except NoPermissionError:
        return f"at {where}"
    info, shards = infos[0], f", {len(infos)} shards" if len(infos) > 1 else ""
    limits = [int(each.get("maxmemory", 0)) for each in infos]
    used, limit = sum(int(each.get("used_memory", 0)) for each in infos) >> 20, sum(limits) * all(limits) >> 20
    name, version = info.get("server_name", "redis"), info.get("valkey_version") or info.get("redis_version")
    memory = f"{used:,} of {limit:,} MiB" if limit else f"{used:,} MiB, no limit"
    kept = "append-only file on" if all(each.get("aof_enabled") for each in infos) else "NO append-only file"
    return f"{name} {version} at {where}{shards}, {info.get('role')}, {memory}, {kept}"


async def read_positions(redis: Redis, namespace: str, count: int) -> dict[tuple[str, int], int]:
    """The next offset of each partition that a stage reads; of the log's there are `count`."""
    pipeline = redis.pipeline(transaction=False)
    for shard in range(SHARDS):
        pipeline.hgetall(f"{{{namespace}.intake.{shard}}}marks")
    for partition in range(count):
        pipeline.hget(f"{{{namespace}.watch.{partition}}}owner", "position")
    pipeline.hget(f"{{{namespace}.learn.0}}owner", "position")
    *answers, learn = await pipeline.execute()
    found = lowest_marks(answers[:SHARDS])
    found |= {(names.EVENTS, p): int(at) for p, at in enumerate(answers[SHARDS:]) if at is not None}
    return found | ({(names.TRAINING, 0): int(learn)} if learn is not None else {})


def lowest_marks(shards: list[dict[bytes, bytes]]) -> dict[tuple[str, int], int]:
    """Up to where each source is in the log for sure; one that some shard has no mark of is not begun."""
    sources = set.intersection(*(set(marks) for marks in shards)) if shards else set()
    found = {}
    for source in sources:
        if not source.endswith(b"#"):
            topic, _, partition = source.decode().rpartition("/")
            found[topic, int(partition)] = min(int(marks[source]) for marks in shards)
    return found


async def _outbox(redis: Redis, namespace: str, count: int) -> OutboxState:
    depths = await Outbox(redis, f"{namespace}.watch", count).depths()
    return OutboxState(
        sum(depth.undelivered for depth in depths),
        sum(depth.waiting for depth in depths),
        sum(depth.dead for depth in depths),
        max(depth.oldest_seconds for depth in depths),
    )


async def _heads(redis: Redis, namespace: str, count: int) -> dict[str, list[bytes]]:
    names = [*(model_key(name) for name in MODELS), "policy"]
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        for partition in range(count):
            pipeline.getrange(f"{{{namespace}.watch.{partition}}}{name}", 0, HEAD_BYTES)
    answers = await pipeline.execute() if count else []
    return {name: answers[n * count : (n + 1) * count] for n, name in enumerate(names)} if count else {}


def _counted(heads: list[bytes]) -> dict[str, int]:
    found: dict[str, int] = {}
    for head in heads:
        if version := version_in(head):
            found[version] = found.get(version, 0) + 1
    return found


def version_in(head: bytes) -> str | None:
    """The version of a stored publication, by the beginning of it: the rest may be as large as 800 KB.

    It is a map in MessagePack whose last key, `snapshot` or `policy`, names what it holds; without that it is a map
    with one entry less.
    """
    holds = HOLDS.search(head)
    if holds is None:
        return None
    try:
        return _decode_head(bytes([head[0] - 1]) + head[1 : holds.start()]).get("version")
    except msgspec.DecodeError:
        return None
