"""The policy: what is in force, what each publication changed, and who published it."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.rendering import render
from console.routing import page
from console.store.system import policy_history
from streams.errors import SettingsError

HERE: Final = "/system/policy"


async def show_policy(request: Request) -> Response:
    console, problem = request.app.state.console, ""
    settings = console.settings
    try:
        found = await console.kafka.ask(policy_history, settings)
    except SettingsError as error:
        found, problem = [], str(error)
    return render(request, "policy.html", tab="policy", found=found, problem=problem, settings=settings)


ROUTES: list[BaseRoute] = [page(HERE, show_policy)]
