"""The receiver of a chaos run: checks signatures, and keeps every alert it was sent."""

import asyncio
import threading
from typing import Any, Self

from sellerwatch.receiver import ReceivedAlert, Receiver


class Webhook:
    """A verifying receiver in a thread of its own, on the same port for the whole run."""

    def __init__(self, secret: str) -> None:
        self.alerts: dict[str, dict[str, Any]] = {}
        self.url = ""
        self._secret = secret
        self._up, self._loop, self._stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="receiver")

    def __enter__(self) -> Self:
        self._thread.start()
        self._up.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        async with Receiver(self._secret, on_alert=self._keep) as receiver:
            self.url = receiver.url
            self._up.set()
            await self._stop.wait()

    def _keep(self, received: ReceivedAlert) -> None:
        self.alerts[received.alert_id] = received.alert
