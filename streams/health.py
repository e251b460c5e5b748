"""The process's own listener: `/metrics`, `/healthz` (is it alive) and `/readyz` (does it work)."""

from collections.abc import Callable
from typing import NamedTuple

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


class Health(NamedTuple):
    """How a stage is doing, by name of what was looked at; all true = well."""

    alive: dict[str, bool]
    ready: dict[str, bool]


class HealthServer:
    """Serves a stage's health and metrics; loopback unless told otherwise.

    Args:
        look: Tells how the stage is doing; called at each request.
    """

    def __init__(self, host: str, port: int, look: Callable[[], Health]) -> None:
        self._host, self._port = host, port
        self._look = look
        app = web.Application(client_max_size=1024)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._alive)
        app.router.add_get("/readyz", self._ready)
        self._runner = web.AppRunner(app, access_log=None)

    async def start(self) -> int:
        """Begins to listen; the port."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _alive(self, _: web.Request) -> web.Response:
        return _answer(self._look().alive)

    async def _ready(self, _: web.Request) -> web.Response:
        return _answer(self._look().ready)


def _answer(checks: dict[str, bool]) -> web.Response:
    return web.json_response(checks, status=200 if all(checks.values()) else 503)
