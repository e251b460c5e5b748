"""The console as a process: binds, serves, and ends within some seconds of a signal."""

import asyncio
import os
import signal
import socket
import threading
from types import FrameType
from typing import Any

import structlog
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from console.app import create_app
from console.state import Console
from streams.errors import SettingsError
from streams.settings import Settings

log = structlog.get_logger()
GRACE_SECONDS = 1
LAST_SECONDS = 4.0
"""After a signal; what is kept is kept in transactions, so an end by force loses nothing."""
HEADER_SECONDS = 10.0
MOST_CONNECTIONS = 400
TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Server(uvicorn.Server):
    """Ends the streams of open pages first: they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, console: Console) -> None:
        super().__init__(config)
        self._console = console

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._console.live.end()
        last = threading.Timer(LAST_SECONDS, os._exit, (0,))  # a client of a dead Kafka waits longer than people do
        last.daemon = True
        last.start()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._console.live.close()
        await super().shutdown(sockets)


class Patient(H11Protocol):
    """Waits ten seconds for the head of each request, not for ever, however slowly it comes."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._watch_the_clock()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_the_clock()

    def _watch_the_clock(self) -> None:
        begun: Any = self.cycle  # none before the first request
        if begun is None or begun.response_complete:
            self._deadline = self._deadline or self.loop.call_later(HEADER_SECONDS, self._give_up)
        elif self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(TOO_LATE)
            self.transport.close()


def bind(settings: Settings) -> socket.socket:
    """The listening socket; SettingsError says what is in the way."""
    host, port = settings.console_host.strip("[]"), settings.console_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"the console cannot listen on {host}:{port}: {error.strerror}; "
            "set SELLERWATCH_CONSOLE_HOST or SELLERWATCH_CONSOLE_PORT"
        ) from None
    return listening


def served(app: Starlette) -> uvicorn.Config:
    """How the application is served."""
    return uvicorn.Config(
        app,
        http=Patient,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def serve(settings: Settings) -> int:
    """Serves until SIGTERM or SIGINT; the exit code."""
    app = create_app(settings)
    console: Console = app.state.console
    with bind(settings) as listening:
        console.feed.start()
        host, port = listening.getsockname()[:2]
        log.info("listening", stage="console", host=host, port=port)
        server = Server(served(app), console)
        for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises them again when it has ended
            signal.signal(number, server.handle_exit)
        asyncio.run(server.serve([listening]))
    return 0 if server.started else 1
