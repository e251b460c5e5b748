"""`sellerwatch partitions`: stopped source partitions."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.exceptions import RedisError

from streams.errors import SettingsError, UnavailableError
from streams.settings import Settings
from streams.stops import Stops
from streams.store.connection import connect

T = TypeVar("T")


def list_stopped(settings: Settings) -> dict[str, str]:
    """Every stopped partition and its reason."""
    return _with_stops(settings, lambda stops: stops.all())


def resume(settings: Settings, name: str, tolerate: int) -> None:
    """Lets a stopped partition go on.

    Raises:
        SettingsError: No partition of that name is stopped.
    """
    if not _with_stops(settings, lambda stops: stops.resume(name, tolerate)):
        raise SettingsError(f"{name} is not stopped; `sellerwatch partitions list` names those that are")


def _with_stops(settings: Settings, use: Callable[[Stops], Awaitable[T]]) -> T:
    async def run() -> T:
        redis = connect(settings.redis_url.get_secret_value())
        try:
            return await use(Stops(redis, settings.namespace))
        except RedisError as error:
            where = settings.redis_place
            raise UnavailableError(f"Redis at {where} does not answer: {error!r}; see `sellerwatch doctor`") from None
        finally:
            await redis.aclose()

    return asyncio.run(run())
