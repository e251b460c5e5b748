"""Who calls: the person of the session or of the proxy, or a user by HTTP Basic (RFC 7617), as programs can."""

import asyncio
import base64
import hmac
import os
import time
from collections import OrderedDict
from math import ceil
from typing import Final

from starlette.requests import Request

from console.auth.roles import Person
from console.problems import Problem
from console.state import Console

KEPT_SECONDS: Final = 60.0
"""So long a password that was right is not looked at again: each look takes 50 ms and 64 MiB."""
MOST_KEPT: Final = 1_000
CSRF: Final = "x-csrf-token"


class BasicAuth:
    """Knows users by name and password; failures count as those of the log-in page do."""

    def __init__(self) -> None:
        self._salt = os.urandom(32)
        self._known: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        """Keyed hash of what was sent -> stamp of the user, and until when it counts."""
        self._hashing = asyncio.Semaphore(2)

    async def person(self, request: Request, sent: str) -> Person:
        """The user of the header's value; Problem where there is none."""
        console: Console = request.app.state.console
        name, password = _read(sent)
        users = console.access.users
        user = users.all().get(name) if users else None
        mark = hmac.digest(self._salt, sent.encode(), "sha256")
        stamp, until = self._known.get(mark, ("", 0.0))
        if user is not None and user.stamp == stamp and time.monotonic() < until:
            return user.person
        return await self._look(console, request, name, password, mark)

    async def _look(self, console: Console, request: Request, name: str, password: str, mark: bytes) -> Person:
        address = console.access.proxies.client(request)
        assert console.access.users is not None
        async with self._hashing:
            if wait := console.limiter.wait(name, address):  # here: those tried while this one waited have counted
                raise Problem(429, "Too many tries", f"Wait {ceil(wait / 60)} minutes.")
            user = await asyncio.to_thread(console.access.users.knows, name, password)
            if user is None:
                console.limiter.failed(name, address)
        if user is None:
            raise Problem(401, "Name or password is wrong", "They are those of the console's log-in page.")
        console.limiter.succeeded(name, address)
        console.acting.record_later("login", actor=user.name, role=user.role.value, details={"by": "api"})
        self._known[mark] = user.stamp, time.monotonic() + KEPT_SECONDS
        while len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)
        return user.person


BASIC: Final = BasicAuth()


async def who(request: Request) -> Person:
    """Who calls; Problem where nobody we know does, or a page of another site may have sent the call."""
    kind, _, sent = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic" and request.app.state.console.access.logs_in:  # else it is between proxy and caller
        return await BASIC.person(request, sent.strip())
    if request.state.doubt is not None:
        raise request.state.doubt
    person: Person | None = request.state.person
    if person is None:
        raise Problem(401, "Log in first", "Send name and password by HTTP Basic, or the cookie of a session.")
    if request.method != "GET":
        token = request.headers.get(CSRF, "")
        if not request.app.state.console.sessions.fits(request.state.session, person.name, token):
            raise Problem(403, "The session's token is missing", f"Send it as the header {CSRF}, or use HTTP Basic.")
    return person


def _read(sent: str) -> tuple[str, str]:
    try:
        name, colon, password = base64.b64decode(sent, validate=True).decode().partition(":")
        if not name or not colon:
            raise ValueError
    except ValueError:  # of base64 and UTF-8, too
        raise Problem(
            401, "The header Authorization cannot be read", "Send `Basic` and name:password in base64."
        ) from None
    return name.strip()[:64], password
