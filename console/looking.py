"""The state of the whole system, looked at in the background: a look takes long where something is away."""

import asyncio
import time
from typing import Final

import structlog

from streams.settings import Settings
from streams.status.reading import Looks
from streams.status.state import SystemState

log = structlog.get_logger()
FRESH_SECONDS: Final = 3.0
"""A younger look is shown as it is."""
PATIENCE_SECONDS: Final = 0.08
"""So long a page waits for a new look; then it shows the one before, or says that it is still looking."""


class Looking:
    """Takes looks when somebody asks, one at a time."""

    def __init__(self, settings: Settings) -> None:
        self._looks = Looks(settings)
        self._last: SystemState | None = None
        self._task: asyncio.Task[None] | None = None

    async def state(self) -> SystemState | None:
        """The last look; where it is not fresh, the next one begins. `None`: the first one is not done yet."""
        if not self._is_fresh:
            await asyncio.wait([self._begun()], timeout=PATIENCE_SECONDS)
        return self._last

    async def fresh(self) -> SystemState:
        """A look that is fresh, however long it takes: some seconds where something is away."""
        if not self._is_fresh:
            await self._begun()
        return self._last or await self._looks.look()

    async def close(self) -> None:
        await self._looks.close()

    @property
    def _is_fresh(self) -> bool:
        return self._last is not None and time.time() - self._last.taken_at <= FRESH_SECONDS

    def _begun(self) -> "asyncio.Task[None]":
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        return self._task

    async def _look(self) -> None:
        try:
            self._last = await self._looks.look()
        except Exception:  # a page that shows an older look is worth more than none
            log.exception("look_failed")
