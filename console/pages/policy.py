"""The policy: what is in force, what each publication changed, and who published it."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.rendering import render
from console.routing import page
from console.store.system import policy_history
from console.words import span
from streams.errors import SettingsError
from streams.upstream import MICROSECOND

HERE: Final = "/system/policy"


async def show_policy(request: Request) -> Response:
    console, problem = request.app.state.console, ""
    settings = console.settings
    try:
        found = await console.kafka.ask(policy_history, settings)
    except SettingsError as error:
        found, problem = [], str(error)
    quiet = span(settings.quiet_period // MICROSECOND)
    return render(request, "policy.html", tab="policy", found=found, problem=problem, settings=settings, quiet=quiet)


ROUTES: list[BaseRoute] = [page(HERE, show_policy)]
