"""Puts session and person beside each request, and the session's cookie on the way back."""

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.auth.access import Access
from console.auth.sessions import COOKIE, Session, Sessions


class Who:
    """Sets `request.state.session` and `.person`; an endpoint that logs in or out replaces the session."""

    def __init__(self, app: ASGIApp, access: Access, sessions: Sessions) -> None:
        self._app, self._access, self._sessions = app, access, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/static/"):
            return await self._app(scope, receive, send)
        connection = HTTPConnection(scope)
        known = self._sessions.read(connection.cookies.get(COOKIE, ""))
        session = known or Session.new()
        state = scope.setdefault("state", {})
        state["session"], state["person"] = session, self._access.person(connection, session)
        secure = self._access.proxies.secure(connection)

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and state["session"] is not known:
                cookie = self._sessions.cookie(state["session"], secure=secure)
                MutableHeaders(scope=message).append("Set-Cookie", cookie)
            await send(message)

        return await self._app(scope, receive, send_with_cookie)
