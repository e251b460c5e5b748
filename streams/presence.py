"""What worker processes say of themselves in Redis, for people who look at the whole system; no stage reads it."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Final, cast

import msgspec
import structlog
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

TELL_SECONDS: Final = 5.0
SILENT_SECONDS: Final = 4 * TELL_SECONDS
"""A process that has said nothing for so long is gone, or cannot reach Redis."""
FORGOTTEN_SECONDS: Final = 3_600.0
LAST_WORD_SECONDS: Final = 1.0


class Place(Struct, frozen=True, array_like=True):
    """One partition in a process's hands."""

    topic: str
    partition: int
    position: int
    age: float
    """Seconds since it last advanced or was at its end."""
    stopped: str | None = None


class Told(Struct, frozen=True):
    """What a process says of itself."""

    ready: dict[str, bool]
    """As `/readyz` answers."""
    places: list[Place] = []


class Presence(Struct, frozen=True):
    """A process, as it last told of itself."""

    stage: str
    host: str
    pid: int
    version: str
    port: int
    """Of `/metrics` and health."""
    started_at: float
    told_at: float
    told: Told

    @property
    def name(self) -> str:
        """Stage, host and process id: `watch@host:4711`."""
        return f"{self.stage}@{self.host}:{self.pid}"


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Presence).decode


def presence_key(namespace: str) -> str:
    """The hash in Redis that holds one field for each process."""
    return f"{{{namespace}.workers}}seen"


log = structlog.get_logger()


class Announcer:
    """Tells of a process every few seconds, and takes its word back when it ends.

    A Redis that does not answer is passed over: what counts waits for it elsewhere.
    """

    def __init__(self, redis: Redis, namespace: str, stage: str, port: int, look: Callable[[], Told]) -> None:
        self._redis, self._key, self._look = redis, presence_key(namespace), look
        self._mine = Presence(
            stage, socket.gethostname(), os.getpid(), version("sellerwatch"), port, time.time(), 0.0, Told({})
        )

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            await self._prune()
            while True:
                await self._tell()
                await asyncio.sleep(TELL_SECONDS)
        finally:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(LAST_WORD_SECONDS):
                    await self._redis.hdel(self._key, self._mine.name)

    async def _tell(self) -> None:
        try:
            said = self._look()
        except Exception:  # it is told again in some seconds; a stage does not end for that
            log.exception("presence_not_told", stage=self._mine.stage)
            return
        told = msgspec.structs.replace(self._mine, told_at=time.time(), told=said)
        with contextlib.suppress(RedisError, OSError):
            await self._redis.hset(self._key, told.name, _encode(told))

    async def _prune(self) -> None:
        """Takes away what processes have left that were killed long ago."""
        with contextlib.suppress(RedisError, OSError):
            found = await present(self._redis, self._key)
            old = [one.name for one in found if time.time() - one.told_at > FORGOTTEN_SECONDS]
            if old:
                await self._redis.hdel(self._key, *old)


async def present(redis: Redis, key: str) -> list[Presence]:
    """Every process that has told of itself lately, by stage; also those that are silent by now."""
    found = []
    for value in (await redis.hgetall(key)).values():
        with contextlib.suppress(msgspec.DecodeError):  # of another version: what it says cannot be read
            found.append(_decode(cast(bytes, value)))
    return sorted(found, key=lambda one: (one.stage, one.host, one.pid))


def places_of(told: Sequence[Presence]) -> dict[tuple[str, int], tuple[Presence, Place]]:
    """Who says that it owns each partition; where two say so, who said it last."""
    found: dict[tuple[str, int], tuple[Presence, Place]] = {}
    for one in sorted(told, key=lambda one: one.told_at):
        for place in one.told.places:
            found[place.topic, place.partition] = one, place
    return found
