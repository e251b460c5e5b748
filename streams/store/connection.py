"""One connection pool to Redis, and patience: a call is repeated until Redis answers it."""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import hiredis
import structlog
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from streams import metrics
from streams.store import scripts

log = structlog.get_logger()
T = TypeVar("T")

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 5.0

SCRIPTS = (scripts.CLAIM, scripts.BEGIN, scripts.LOAD, scripts.APPLY, scripts.SIGHT, scripts.CONFIRM)


class Lost(Exception):  # noqa: N818 - not an error: the partition now belongs to somebody else
    """What the call was made for is no longer ours; nothing of it is to be repeated."""


def sha(script: str) -> str:
    """The name under which Redis knows a script."""
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()


def connect(url: str, *, retries: bool = True) -> Redis:
    """A client whose calls fail fast, so that `patiently` decides when to repeat them.

    Args:
        retries: Let the client itself repeat a call some times; a command does not, a person waits for it.
    """
    once = {} if retries else {"retry": Retry(NoBackoff(), 0)}
    pool = ConnectionPool.from_url(
        url, socket_timeout=10, socket_connect_timeout=5, health_check_interval=15, decode_responses=False, **once
    )
    pool.connection_class = type("PackingConnection", (_PacksInC, pool.connection_class), {})
    return Redis.from_pool(pool)


class _PacksInC:
    """redis-py's asyncio client packs commands in Python, at six times the price."""

    def pack_command(self, name: str, *args: Any) -> list[bytes]:
        return [hiredis.pack_command((*name.split(), *args))]  # some names are two words: `SCRIPT LOAD`


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
