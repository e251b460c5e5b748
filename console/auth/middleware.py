"""Puts session and person beside each request, and the session's cookie on the way back."""

from collections.abc import Awaitable, Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.auth.access import Access
from console.auth.sessions import COOKIE, Session, Sessions
from streams.errors import UnavailableError

AGAIN = '<!doctype html><html lang="en"><meta http-equiv="refresh" content="0"><title>Sellerwatch</title></html>'
"""Asks for the same address once more, this time from a page of ours, so that the browser sends the cookie."""


class Who:
    """Sets `request.state.session` and `.person`; an endpoint that logs in or out replaces the session.

    `request.state.doubt` says why it is not known whether a session still counts; then nobody is taken to ask.

    Args:
        has_ended: Whether somebody has logged out of a session.
    """

    def __init__(
        self, app: ASGIApp, access: Access, sessions: Sessions, has_ended: Callable[[Session], Awaitable[bool]]
    ) -> None:
        self._app, self._access, self._sessions, self._has_ended = app, access, sessions, has_ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/static/"):
            return await self._app(scope, receive, send)
        connection = HTTPConnection(scope)
        known = self._sessions.read(connection.cookies.get(COOKIE, ""))
        state = scope.setdefault("state", {})
        state["doubt"] = None
        try:
            if known is not None and await self._has_ended(known):
                known = None
        except UnavailableError as error:
            state["doubt"] = error
        session = known or Session.new()
        state["session"] = session
        state["person"] = None if state["doubt"] else self._access.person(connection, session)
        from_elsewhere = known is None and connection.headers.get("sec-fetch-site") == "cross-site"
        if from_elsewhere and state["person"] is None and _is_link(connection):
            return await HTMLResponse(AGAIN)(scope, receive, send)
        secure = self._access.proxies.secure(connection)

        async def send_with_cookie(message: Message) -> None:
            new = state["session"] is not (session if from_elsewhere else known)
            if message["type"] == "http.response.start" and new:
                cookie = self._sessions.cookie(state["session"], secure=secure)
                MutableHeaders(scope=message).append("Set-Cookie", cookie)
            await send(message)

        return await self._app(scope, receive, send_with_cookie)


def _is_link(connection: HTTPConnection) -> bool:
    """Whether somebody has followed a link of another site: the strict cookie does not come with it."""
    return connection.scope["method"] == "GET" and connection.headers.get("sec-fetch-mode") == "navigate"
