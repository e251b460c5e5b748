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
    """Waits ten seconds for the first request of a connection, not for ever, however slowly it comes."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.loop.call_later(HEADER_SECONDS, self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        if getattr(self, "cycle", None) is None and not self.transport.is_closing():
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


def serve(settings: Settings) -> int:
    """Serves until SIGTERM or SIGINT; the exit code."""
    app = create_app(settings)
    console: Console = app.state.console
    with bind(settings) as listening:
        console.feed.start()
        host, port = listening.getsockname()[:2]
        config = uvicorn.Config(
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
        log.info("listening", stage="console", host=host, port=port)
        server = Server(config, console)
        for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises them again when it has ended
            signal.signal(number, server.handle_exit)
        asyncio.run(server.serve([listening]))
    return 0 if server.started else 1
