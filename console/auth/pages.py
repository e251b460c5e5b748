"""Logging in and out, and the choice of light or dark."""

import asyncio
from math import ceil

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from console.auth.sessions import Session
from console.rendering import THEME_COOKIE, THEMES, render
from console.routing import act, own_path, public

_HASHING = asyncio.Semaphore(2)
"""Each check of a password takes 64 MiB."""


async def login_page(request: Request) -> Response:
    if request.state.person is not None:
        return RedirectResponse("/", 303)
    return render(request, "login.html", next=own_path(request.query_params.get("next", "/")), name="", problem="")


async def login(request: Request) -> Response:
    """Logs in where name and password are right; says the same about either being wrong."""
    console, form = request.app.state.console, await request.form()
    name, password = str(form.get("name", "")).strip()[:64], str(form.get("password", ""))
    back, address = own_path(str(form.get("next", "/"))), console.access.proxies.client(request)
    user = None
    async with _HASHING:
        wait = console.limiter.wait(name, address)  # here: those that were tried while this one waited have counted
        if not wait and console.access.logs_in:
            user = await asyncio.to_thread(console.access.users.knows, name, password)
        if user is None and not wait:
            console.limiter.failed(name, address)
    if user is None:
        problem = f"Too many tries. Wait {ceil(wait / 60)} minutes." if wait else "Name or password is wrong."
        answer = render(request, "login.html", 429 if wait else 403, next=back, name=name, problem=problem)
        if wait:
            answer.headers["Retry-After"] = str(ceil(wait))
        return answer
    console.limiter.succeeded(name, address)
    await console.end_session(request.state.session)
    request.state.session, request.state.person = Session.new(user.name, user.stamp), user.person
    console.acting.record_later("login", actor=user.name, role=user.role.value)
    return RedirectResponse(back, 303)


async def logout(request: Request) -> Response:
    console = request.app.state.console
    person = request.state.person
    if person is not None:
        console.acting.record_later("logout", actor=person.name, role=person.role.value)
    await console.end_session(request.state.session)
    request.state.session = Session.new()
    return RedirectResponse("/login", 303)


async def choose_theme(request: Request) -> Response:
    form = await request.form()
    theme = str(form.get("theme"))
    answer = RedirectResponse(own_path(str(form.get("next", "/"))), 303)
    if theme in THEMES:
        answer.set_cookie(THEME_COOKIE, theme, max_age=31_536_000, httponly=True, samesite="strict")
    return answer


ROUTES: list[BaseRoute] = [
    public("/login", login_page),
    act("/login", login, None),
    act("/logout", logout, None),
    act("/theme", choose_theme, None),
]
