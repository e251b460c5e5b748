"""The state of the whole system, looked at in the background: a look takes long where something is away."""

import asyncio
import time
from typing import Final

import structlog

from streams.settings import Settings
from streams.status.reading import look
from streams.status.state import SystemState

log = structlog.get_logger()
FRESH_SECONDS: Final = 3.0
"""A younger look is shown as it is."""
PATIENCE_SECONDS: Final = 0.12
"""So long a page waits for the first look; then it says that it is still looking."""


class Looking:
    """Takes looks when somebody asks, one at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._last: SystemState | None = None
        self._task: asyncio.Task[None] | None = None

    async def state(self) -> SystemState | None:
        """The last look; where it is not fresh, the next one begins. `None`: the first one is not done yet."""
        if self._last is None or time.time() - self._last.taken_at > FRESH_SECONDS:
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._look())
            await asyncio.wait([self._task], timeout=PATIENCE_SECONDS)
        return self._last

    async def _look(self) -> None:
        try:
            self._last = await look(self._settings)
        except Exception:  # a page that shows an older look is worth more than none
            log.exception("look_failed")
