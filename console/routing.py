"""Routes that nobody reaches without the right for them, and no form of another site."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from console.auth.roles import Right
from console.problems import UNFIT, Problem, typed

Endpoint = Callable[[Request], Awaitable[Response]]
MOST_FIELDS = 600
LONGEST_NUMBER = 18


def page(path: str, endpoint: Endpoint, right: Right = Right.READ) -> Route:
    """Something to look at, for those who have the right."""
    return Route(path, _Guarded(endpoint, right), methods=["GET"], name=endpoint.__name__)


def act(path: str, endpoint: Endpoint, right: Right | None) -> Route:
    """Something to do: a POST with the session's token; `None`: also for those who have not logged in."""
    return Route(path, _Guarded(endpoint, right), methods=["POST"], name=endpoint.__name__)


def public(path: str, endpoint: Endpoint) -> Route:
    """A page for everybody."""
    return Route(path, _Guarded(endpoint, None), methods=["GET"], name=endpoint.__name__)


class _Guarded:
    """An ASGI app, so that Starlette adds no methods to the route."""

    def __init__(self, endpoint: Endpoint, right: Right | None) -> None:
        self.endpoint, self.right = endpoint, right

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        request = Request(scope, receive, send)
        answer = self._refused(request) or await self._checked(request)
        await answer(scope, receive, send)

    def _refused(self, request: Request) -> Response | None:
        if self.right is None:
            return None
        if request.state.doubt is not None:
            raise request.state.doubt
        person = request.state.person
        if person is None:
            return _must_log_in(request)
        if not person.may(self.right):
            who = f"You are logged in as {person.name}, {person.role}."
            raise Problem(403, f"Your role may not {self.right.value}", f"{who} Ask an admin for another role.")
        return None

    async def _checked(self, request: Request) -> Response:
        if request.method == "POST":
            form = await request.form(max_files=0, max_fields=MOST_FIELDS)
            if any(UNFIT.search(f"{name}{value}") for name, value in form.multi_items()):
                advice = "It holds a NUL or half a letter, which no database keeps. Take it out, then send it again."
                raise Problem(400, "A field cannot be used", advice, kept=await typed(request))
            token = request.headers.get("x-csrf-token") or str(form.get("token", ""))
            name = request.state.person.name if request.state.person else ""
            if not request.app.state.console.sessions.fits(request.state.session, name, token):
                kept = {name: str(value) for name, value in form.multi_items() if name in ("note", "reason", "text")}
                advice = "The page was open for too long, or you have logged in or out since. Open it again."
                raise Problem(403, "This form is of another session", advice, kept=kept)
        return await self.endpoint(request)


def _must_log_in(request: Request) -> Response:
    access = request.app.state.console.access
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": "log in first"}, 401)
    if not access.logs_in:
        advice = "Your proxy has not said who you are, or gave you none of the console's roles."
        raise Problem(403, "You are not known here", advice)
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    where = f"/login?next={quote(back)}" if request.method == "GET" else "/login"
    if request.headers.get("hx-request"):  # a part of a page cannot be a log-in page
        return Response(status_code=401, headers={"HX-Redirect": where})
    return RedirectResponse(where, 303)


def own_path(given: str) -> str:
    """A path of ours to go back to; never another site, however it is written."""
    fits = given.startswith("/") and not given.startswith(("//", "/\\")) and given.isprintable() and "\\" not in given
    return given if fits else "/"


def whole(given: str) -> int | None:
    """A number of a form or an address, at most 18 digits as databases hold them; `None` where it is none."""
    return int(given) if given.isascii() and given.isdigit() and len(given) <= LONGEST_NUMBER else None
