"""The console as a web application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from console.api import serving as api
from console.auth import pages as auth
from console.auth.access import is_loopback
from console.auth.middleware import Who
from console.pages import alert, links, queue, search, seller, system, verdicts
from console.problems import HANDLERS
from console.rendering import STATIC
from console.security import Shell
from console.state import Console
from streams.settings import Settings

OWN_NAMES = ("localhost", "127.0.0.1", "::1")


class KeptFiles(StaticFiles):
    """Static files: a browser keeps those whose address names their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        versioned = scope["query_string"].startswith(b"v=")
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable" if versioned else "no-cache"
        return answer


async def healthz(_: Request) -> Response:
    """Whether the process is alive."""
    return PlainTextResponse("alive\n")


def routes() -> list[BaseRoute]:
    """Everything that can be asked of the console."""
    parts = (auth, queue, alert, verdicts, seller, links, search, system)
    return [
        Route("/healthz", healthz),
        Mount("/static", KeptFiles(directory=STATIC), name="static"),
        *(route for part in parts for route in part.ROUTES),
        *api.routes(),
    ]


def create_app(settings: Settings) -> Starlette:
    """The application; `app.state.console` holds what it stands on.

    Raises:
        SettingsError: The settings would let strangers in, or name no database.
        UnavailableError: The database does not answer.
    """
    console = Console(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await console.close()

    app = Starlette(
        routes=routes(),
        middleware=[
            Middleware(Shell, hosts=hosts(settings), proxies=console.access.proxies),
            Middleware(Who, access=console.access, sessions=console.sessions, has_ended=console.has_ended),
        ],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.state.console = console
    return app


def hosts(settings: Settings) -> tuple[str, ...]:
    """Names under which browsers may call us; any where others reach us, and no names were given."""
    if settings.console_hosts:
        return (*settings.console_hosts, *OWN_NAMES)
    return (*OWN_NAMES, settings.console_host) if is_loopback(settings.console_host) else ("*",)
