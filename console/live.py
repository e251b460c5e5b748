"""What open pages are told as it happens: new alerts, verdicts of others, and who looks at what."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Final

import msgspec
import structlog
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from console.presence import Presence
from console.store.changing import queue_changes
from console.store.database import Database
from console.store.schema import alerts
from detectors.events import Micros
from streams.errors import SellerwatchError

log = structlog.get_logger()
LOOK_SECONDS: Final = 1.0
BEAT_SECONDS = 5.0
"""After so long without news a comment keeps the line open, past any proxy, and who listens is looked at again."""


async def anybody() -> bool:
    """Lets everybody go on listening."""
    return True


class Live:
    """Looks for changes once a second for all open pages together, and only while somebody has some open."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changed = asyncio.Condition()
        self._ending = False
        self._mark = -1
        """How often the queue had changed; -1: not looked at yet."""
        self._presence = Presence(database)
        self._told: dict[str, list[str]] = {}
        self._task: asyncio.Task[None] | None = None
        self._pages = 0

    def look(self, alert_id: str, name: str) -> None:
        """Somebody has opened an alert."""
        self._presence.look(alert_id, name)
        self._begin()

    async def lookers(self) -> dict[str, list[str]]:
        """Who looks at which alert at this moment, in whichever process."""
        await asyncio.to_thread(self._presence.hear)
        return self._presence.lookers()

    async def stream(
        self, name: str, alert_id: str | None, allowed: Callable[[], Awaitable[bool]] = anybody
    ) -> AsyncIterator[bytes]:
        """Server-sent events for one page: `alerts` when something is new, `lookers` with who looks at what.

        Args:
            allowed: Whether the page's owner may still see them; asked before each.
        """
        number = self._presence.stay(alert_id, name) if alert_id is not None else None
        self._pages += 1
        self._begin()
        mark, told = self._mark, None
        try:
            while not self._ending and await allowed():
                lookers = self._presence.lookers()
                if lookers != told:
                    yield _event("lookers", lookers)
                    told = lookers
                if self._mark != mark:
                    if mark >= 0:
                        yield _event("alerts", {"change": self._mark})
                    mark = self._mark
                if not await self._news():
                    yield b": still here\n\n"
        finally:
            self._pages -= 1
            if number is not None:
                self._presence.leave(number)

    async def close(self) -> None:
        """Ends every stream."""
        self._ending = True
        async with self._changed:
            self._changed.notify_all()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def end(self) -> None:
        """Ends every stream soon: for signal handlers."""
        self._ending = True

    def _begin(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())

    async def _news(self) -> bool:
        try:
            async with asyncio.timeout(BEAT_SECONDS), self._changed:
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def _watch(self) -> None:
        while (self._pages or self._presence.to_say) and not self._ending:
            try:
                mark = await asyncio.to_thread(self._changes)
            except (SellerwatchError, SQLAlchemyError) as error:  # the news go on when the database does
                log.warning("live_look_failed", error=f"{getattr(error, 'orig', error)}")
                mark = self._mark
            lookers = self._presence.lookers()
            if (mark, lookers) != (self._mark, self._told):
                self._mark, self._told = mark, lookers
                async with self._changed:
                    self._changed.notify_all()
            await asyncio.sleep(LOOK_SECONDS)
        self._task = None  # who comes now begins another one
        async with self._changed:
            self._changed.notify_all()

    def _changes(self) -> int:
        self._presence.exchange()
        with self._database.reading() as connection:
            return queue_changes(connection)


def newest(connection: Connection) -> Micros:
    """When the latest alert was raised."""
    raised: Micros | None = connection.execute(select(func.max(alerts.c.raised_at))).scalar()
    return raised or 0


def _event(name: str, told: object) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(told))
