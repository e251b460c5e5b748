"""One client of Redis or of its cluster, and patience: a call is repeated until Redis answers it."""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import hiredis
import structlog
from redis.asyncio import ConnectionPool, Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisClusterException, RedisError

from streams import metrics
from streams.store import scripts

log = structlog.get_logger()
T = TypeVar("T")

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 5.0
CLUSTERED = "+cluster://"
"""What stands after `redis` or `rediss` in the URL of a Redis Cluster."""

SCRIPTS = (scripts.CLAIM, scripts.BEGIN, scripts.LOAD, scripts.APPLY, scripts.SIGHT, scripts.CONFIRM)


class Lost(Exception):  # noqa: N818 - not an error: the partition now belongs to somebody else
    """What the call was made for is no longer ours; nothing of it is to be repeated."""


def sha(script: str) -> str:
    """The name under which Redis knows a script."""
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()


def connect(url: str, *, retries: bool = True, timeout: float = 10.0) -> Redis:
    """A client whose calls fail fast, so that `patiently` decides when to repeat them.

    Args:
        url: Of a Redis, or with `+cluster` after its scheme, of any node of a Redis Cluster.
        retries: Let the client itself repeat a call some times; a command does not, a person waits for it.
        timeout: Seconds that an answer may take.
    """
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": min(timeout, 5.0),
        "health_check_interval": 15,
    }
    if not retries:
        options["retry"] = Retry(NoBackoff(), 0)
    scheme, clustered, rest = url.partition(CLUSTERED)
    if clustered:
        return cast(Redis, _Cluster.from_url(f"{scheme}://{rest}", **options))  # it answers to the same calls
    pool = ConnectionPool.from_url(url, **options)
    pool.connection_class = _packing_in_c(pool.connection_class)
    return Redis.from_pool(pool)


class _PacksInC:
    """redis-py's asyncio client packs commands in Python, at six times the price."""

    def pack_command(self, name: str, *args: Any) -> list[bytes]:
        return [hiredis.pack_command((*name.split(), *args))]  # some names are two words: `SCRIPT LOAD`


def _packing_in_c(connection_class: type[Any]) -> type[Any]:
    return type("PackingConnection", (_PacksInC, connection_class), {})


class _Cluster(RedisCluster):
    """Finds the node that holds a key, and follows it when slots move or a replica takes over."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        nodes = self.connection_kwargs
        nodes["connection_class"] = _packing_in_c(nodes["connection_class"])

    async def initialize(self, *args: Any, **options: Any) -> "RedisCluster":
        try:
            return await super().initialize(*args, **options)
        except RedisClusterException as error:  # no node answers, or none knows of all slots: it is no RedisError
            raise RedisConnectionError(str(error)) from error


async def of_each_server(redis: Redis | RedisCluster, ask: Callable[..., Awaitable[T]]) -> dict[str, T]:
    """What every server that takes writes answers, by `host:port`; one that is no cluster's, by an empty name."""
    if not isinstance(redis, RedisCluster):
        return {"": await ask()}
    await redis.initialize()
    return {node.name: await ask(target_nodes=node) for node in redis.get_primaries()}


async def patiently(
    redis: Redis, call: Callable[[], Awaitable[T]], *, stage: str, alive: Callable[[], bool] = lambda: True
) -> T:
    """Repeats `call` with growing, jittered pauses until Redis answers.

    The call must be safe to repeat: every script here is.

    Raises:
        Lost: `alive` has become false while waiting.
    """
    pause = FIRST_PAUSE_SECONDS
    while True:
        if not alive():
            raise Lost
        try:
            answer = await call()
        except NoScriptError:
            await load_scripts(redis, stage=stage, alive=alive)
        except (RedisError, OSError) as error:
            metrics.REDIS_UP.set(0)
            metrics.REDIS_RETRIES.labels(stage).inc()
            log.warning("redis_unavailable", stage=stage, error=repr(error))
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        else:
            metrics.REDIS_UP.set(1)
            return answer


async def load_scripts(redis: Redis, *, stage: str, alive: Callable[[], bool] = lambda: True) -> None:
    """Makes the scripts known to a Redis that has just started."""
    for script in SCRIPTS:
        await patiently(redis, lambda script=script: redis.script_load(script), stage=stage, alive=alive)  # type: ignore[misc]
