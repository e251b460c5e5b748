"""A small webhook receiver that checks signatures: for the demo, for tests, and as an example.

As a process: `python -m sellerwatch.receiver`, with SELLERWATCH_RECEIVER_SECRET (`whsec_...`), _HOST and _PORT.
"""

import asyncio
import os
import signal
import sys
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

LONGEST_BODY = 1024 * 1024
REMEMBERED = 10_000
"""Ids kept for knowing an alert again; a receiver with a database keeps them all."""


@dataclass(frozen=True, slots=True)
class ReceivedAlert:
    """One alert, taken in once however often it was delivered."""

    alert_id: str
    type: str
    alert: dict[str, Any]


class Receiver:
    """Listens while used as `async with`; answers 204, or 401 to what was not signed with the secret.

    Args:
        secret: The `whsec_...` that it knows.
        on_alert: Called once for each alert.
        host, port: Where to listen; port 0 = any free one.
    """

    def __init__(
        self,
        secret: str,
        *,
        on_alert: Callable[[ReceivedAlert], None] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.received: OrderedDict[str, ReceivedAlert] = OrderedDict()
        """The latest alerts, by id."""
        self._verifier = Webhook(secret)
        self._on_alert = on_alert
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where to deliver to."""
        return f"http://{self._host}:{self._port}/alerts"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=LONGEST_BODY)
        app.router.add_post("/alerts", self.answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Checks the signature before anything else looks at the body."""
        body = await request.read()
        try:
            message = self._verifier.verify(body, dict(request.headers))
        except (WebhookVerificationError, ValueError):  # ValueError: a header or the body in no form at all
            return web.Response(status=401)
        self._take(ReceivedAlert(request.headers["webhook-id"], message["type"], message["data"]))
        return web.Response(status=204)

    def _take(self, alert: ReceivedAlert) -> None:
        if alert.alert_id in self.received:  # delivered again: at least once is the promise
            return
        self.received[alert.alert_id] = alert
        if len(self.received) > REMEMBERED:
            self.received.popitem(last=False)
        if self._on_alert is not None:
            self._on_alert(alert)


def _print(received: ReceivedAlert) -> None:
    alert = received.alert
    words = (received.type, alert["severity"], alert["pattern"], alert["seller_id"], f"{alert['score']:.3f}")
    sys.stdout.write(" ".join(("verified", received.alert_id, *words)) + "\n")
    sys.stdout.flush()


async def _serve() -> None:
    stop = asyncio.Event()
    for end in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(end, stop.set)
    env = os.environ
    receiver = Receiver(
        env["SELLERWATCH_RECEIVER_SECRET"],
        on_alert=_print,
        host=env.get("SELLERWATCH_RECEIVER_HOST", "127.0.0.1"),
        port=int(env.get("SELLERWATCH_RECEIVER_PORT", "8080")),
    )
    async with receiver:
        sys.stdout.write(f"listening on {receiver.url}\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    if "SELLERWATCH_RECEIVER_SECRET" not in os.environ:
        sys.stderr.write("SELLERWATCH_RECEIVER_SECRET is not set: give it the webhook's secret, whsec_...\n")
        sys.exit(2)
    asyncio.run(_serve())
