"""The process's own listener: `/metrics`, `/healthz` (is it alive) and `/readyz` (does it work).

Plain HTTP without a framework: one answer a connection, a bound on everything, and no banner that
tells an attacker which software to look up.
"""

import asyncio
import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

LONGEST_REQUEST = 8 * 1024
"""Bytes of request line and headers; there is never a body."""
PATIENCE_SECONDS = 10.0
"""From connection to answer taken; a client slower than this is cut off."""
MOST_AT_ONCE = 32
REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) (/[^\s?]*)(?:\?\S*)? HTTP/1\.[01]\r\n")


class Health(NamedTuple):
    """How a stage is doing, by name of what was looked at; all true = well."""

    alive: dict[str, bool]
    ready: dict[str, bool]


class Page(NamedTuple):
    """What is answered."""

    status: HTTPStatus
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


class HealthServer:
    """Serves a stage's health and metrics; loopback unless told otherwise.

    Args:
        look: Tells how the stage is doing; called at each request.
    """

    def __init__(self, host: str, port: int, look: Callable[[], Health]) -> None:
        self._host, self._port = host, port
        self._pages: dict[bytes, Callable[[], Page]] = {
            b"/metrics": lambda: Page(HTTPStatus.OK, generate_latest(), CONTENT_TYPE_LATEST),
            b"/healthz": lambda: _checked(look().alive),
            b"/readyz": lambda: _checked(look().ready),
        }
        self._server: asyncio.Server | None = None
        self._open = 0

    async def start(self) -> int:
        """Begins to listen; the port."""
        self._server = await asyncio.start_server(self._serve, self._host, self._port, limit=LONGEST_REQUEST)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stops listening; who is being answered is left to its patience."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if self._open <= MOST_AT_ONCE:
                    writer.write(await self._answer(reader))
                    await writer.drain()
                    writer.close()
                    await writer.wait_closed()
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            pass  # the client is slow or gone, and nobody waits for the answer
        finally:
            self._open -= 1
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return _response(_said(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE))
        line = REQUEST_LINE.match(head)
        if line is None:
            return _response(_said(HTTPStatus.BAD_REQUEST))
        method, path = line.groups()
        if path not in self._pages:
            return _response(_said(HTTPStatus.NOT_FOUND))
        if method not in (b"GET", b"HEAD"):
            return _response(_said(HTTPStatus.METHOD_NOT_ALLOWED), "Allow: GET, HEAD\r\n")
        return _response(self._pages[path](), with_body=method == b"GET")


def _checked(checks: dict[str, bool]) -> Page:
    status = HTTPStatus.OK if all(checks.values()) else HTTPStatus.SERVICE_UNAVAILABLE
    return Page(status, json.dumps(checks).encode(), "application/json")


def _said(status: HTTPStatus) -> Page:
    return Page(status, f"{status.phrase}\n".encode())


def _response(page: Page, more: str = "", *, with_body: bool = True) -> bytes:
    head = (
        f"HTTP/1.1 {page.status.value} {page.status.phrase}\r\nContent-Type: {page.content_type}\r\n"
        f"Content-Length: {len(page.body)}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        f"Connection: close\r\n{more}\r\n"
    )
    return head.encode() + (page.body if with_body else b"")
