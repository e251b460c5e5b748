"""Waits for what is to come true: for long, as tests share the machine, and no longer than it takes."""

import asyncio
import time
from collections.abc import Awaitable, Callable

PATIENCE = 3
"""Times as long as anything takes by itself: tests share the machine."""


def wait_until(
    condition: Callable[[], bool], timeout: float = 30.0, what: str = "it comes true", pause: float = 0.1
) -> None:
    """Waits for `condition`; fails with `what` when it does not come true in `PATIENCE` times its time."""
    deadline = time.monotonic() + PATIENCE * timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE * timeout:.0f} s: {what}"
        time.sleep(pause)


async def eventually(holds: Callable[[], Awaitable[bool] | bool], within: float = 90.0) -> None:
    """Waits for what is to hold while other tasks go on; fails when it does not `within` so many seconds."""
    deadline = time.monotonic() + within
    while True:
        answer = holds()
        if answer if isinstance(answer, bool) else await answer:
            return
        assert time.monotonic() < deadline, f"it did not come true within {within:.0f} s"
        await asyncio.sleep(0.01)
