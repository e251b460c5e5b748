"""What can go wrong with a request, said so that whoever reads it knows what to do."""

import re
from collections.abc import Mapping
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from console.rendering import render
from streams.errors import SellerwatchError, UnavailableError

UNFIT: Final = re.compile("[\0\ud800-\udfff]")
"""What no text of a form may hold: PostgreSQL has no NUL, and UTF-8 no half of a pair."""


class Problem(SellerwatchError):  # noqa: N818 - it is told, not handled
    """A request that cannot be answered as asked.

    Args:
        title: What is wrong.
        advice: What to do now.
        kept: What was typed, by the name of its field, so that it is not lost.
        back: Where to go on.
    """

    def __init__(
        self, status: int, title: str, advice: str, *, kept: Mapping[str, str] | None = None, back: str = "/"
    ) -> None:
        super().__init__(title)
        self.status, self.title, self.advice, self.kept, self.back = status, title, advice, kept or {}, back


def not_found(what: str) -> Problem:
    return Problem(404, f"There is no {what}", "Look whether it is spelled right, or search for it.", back="/search")


async def show_problem(request: Request, error: Exception) -> Response:
    """The page for a `Problem`."""
    assert isinstance(error, Problem)
    return render(request, "problem.html", error.status, problem=error)


async def show_unavailable(request: Request, error: Exception) -> Response:
    """The page for a Kafka or Redis that does not answer."""
    advice = "Nothing was lost and nothing was done. Try again; `sellerwatch doctor` says what is wrong."
    shown = Problem(503, f"{error}"[:300], advice, kept=await typed(request), back=request.url.path)
    return await show_problem(request, shown)


async def show_database_failed(request: Request, error: Exception) -> Response:
    """The page for a database that does not answer; its own words may hold what was asked, and are not shown."""
    title = f"The console's database does not answer ({type(error).__name__})"
    shown = Problem(503, title, "Look at `console_database` and at the log of the console.", kept=await typed(request))
    return await show_problem(request, shown)


async def show_http(request: Request, error: Exception) -> Response:
    """The page for a wrong address, method or body."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return await show_problem(request, not_found("such page"))
    return await show_problem(request, Problem(error.status_code, error.detail, "Go back and try again."))


async def typed(request: Request) -> dict[str, str]:
    """What stood in the form, without what only programs need, and as text that can be shown."""
    if request.method != "POST" or request.url.path == "/login":
        return {}
    fields = (await request.form()).multi_items()
    shown = {name: UNFIT.sub("\ufffd", value) for name, value in fields if isinstance(value, str) and value}
    return {name: value for name, value in shown.items() if name not in ("token", "next")}


HANDLERS = {
    Problem: show_problem,
    UnavailableError: show_unavailable,
    SQLAlchemyError: show_database_failed,
    HTTPException: show_http,
}
