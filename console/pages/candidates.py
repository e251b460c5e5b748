"""New words that verdicts have brought up: a person accepts or rejects each; none is used before it is on a list."""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from console.auth.roles import Right
from console.pages.models import telling_of_redis
from console.problems import Problem
from console.rendering import render
from console.routing import act, page
from console.store.choices import choices, choose
from console.store.system import candidates
from console.words import now

HERE: Final = "/system/words"
LONGEST: Final = 128


async def show_candidates(request: Request) -> Response:
    console = request.app.state.console
    with telling_of_redis(console.settings):
        found = await candidates(console.settings, console.redis)
    chosen = await console.read(choices)
    waiting = [one for one in found if one.term not in chosen]
    accepted = [choice for choice in chosen.values() if choice.accepted]
    return render(request, "candidates.html", tab="words", waiting=waiting, accepted=accepted, chosen=chosen.values())


async def choose_word(request: Request) -> Response:
    """Notes what somebody thinks of a word; the lists themselves are files that people keep."""
    console, form = request.app.state.console, await request.form()
    term, what = str(form.get("term", "")).strip()[:LONGEST], str(form.get("what"))
    if not term or what not in ("accepted", "rejected"):
        raise Problem(400, "Nothing was chosen", "Accept or reject a word.", back=HERE)
    await console.record(request, f"word.{what}", subject_kind="word", subject=term)
    await console.write(choose, term, what == "accepted", request.state.person.name, now())
    return RedirectResponse(HERE, 303)


ROUTES: list[BaseRoute] = [page(HERE, show_candidates), act(HERE, choose_word, Right.TEACH)]
