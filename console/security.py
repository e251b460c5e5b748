"""What surrounds every page: headers that tell browsers what not to do, and limits of what may come in."""

import asyncio
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.auth.access import Proxies
from console.paths import as_sent

LARGEST_BODY = 64 * 1024
BODY_SECONDS = 10.0
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Shell:
    """Adds the headers, and refuses other sites' names, NUL in addresses, and bodies that are too large or too slow.

    Args:
        hosts: Names that browsers may call us by; `*`: any. A page of another site whose name was made to
            point here (DNS rebinding) calls us by its own.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], proxies: Proxies) -> None:
        self._app, self._hosts, self._proxies = app, frozenset(hosts), proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        scope = {**scope, "path": as_sent(scope)}
        connection, body = HTTPConnection(scope), _Body(scope, receive)
        secure = self._proxies.secure(connection)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-store")
                if secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
                if not body.complete:  # nobody reads the rest any more
                    headers["Connection"] = "close"
            await send(message)

        refused = self._refused(connection)
        if refused is not None:
            return await refused(scope, receive, send_with_headers)
        return await self._app(scope, body.receive, send_with_headers)

    def _refused(self, connection: HTTPConnection) -> PlainTextResponse | None:
        if "*" not in self._hosts and (connection.url.hostname or "") not in self._hosts:
            return PlainTextResponse("this is not the name of the console; see console_hosts", 421)
        if "%00" in connection.url.path + connection.url.query:
            return PlainTextResponse("an address may hold no NUL: PostgreSQL cannot look for it", 400)
        length = connection.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            return PlainTextResponse(f"a request may have {LARGEST_BODY} bytes", 413)
        return None


class _Body:
    """Counts what comes in, whatever its length was said to be, and bounds the time that all of it may take."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        headers = Headers(scope=scope)
        self.complete = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
        self._receive, self._bytes, self._deadline = receive, 0, 0.0

    async def receive(self) -> Message:
        if self.complete:
            return await self._receive()  # waits for the browser to go away, for as long as it takes
        self._deadline = self._deadline or asyncio.get_running_loop().time() + BODY_SECONDS
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, "the rest of the request did not come") from None
        self._bytes += len(message.get("body", b""))
        self.complete = not message.get("more_body", False)
        if self._bytes > LARGEST_BODY:
            raise HTTPException(413, f"a request may have {LARGEST_BODY} bytes")
        return message
