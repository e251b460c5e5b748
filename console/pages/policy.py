"""The policy: what is in force, what each publication changed, and who published it."""

import asyncio
from difflib import unified_diff
from typing import Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.rendering import render
from console.routing import page
from streams.errors import SettingsError
from streams.policy.chain import Publication
from streams.policy.published import unpack
from streams.policy.publishing import publications
from streams.settings import Settings

HERE: Final = "/system/policy"
MOST: Final = 50


class Step(Struct, frozen=True):
    """A publication, its text, and the lines that it changed."""

    publication: Publication
    text: str
    changes: list[str]


async def show_policy(request: Request) -> Response:
    settings: Settings = request.app.state.console.settings
    try:
        found = await asyncio.to_thread(steps, settings)
        problem = ""
    except SettingsError as error:
        found, problem = [], str(error)
    return render(request, "policy.html", tab="policy", steps=found, problem=problem, settings=settings)


def steps(settings: Settings) -> list[Step]:
    """The publications that count, the one in force first; see `publications` for errors."""
    found: list[Step] = []
    before = ""
    for publication in publications(settings):
        text = unpack(publication.entry.policy, settings.signing()).text
        changed = list(unified_diff(before.splitlines(), text.splitlines(), "before", "after", lineterm="", n=1))
        found.append(Step(publication, text, changed[2:] if before else []))
        before = text
    return found[::-1][:MOST]


ROUTES: list[BaseRoute] = [page(HERE, show_policy)]
