"""How the system is: stages, lag, stops, the outbox, what is in force."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.pages import candidates, dead, models, policy, refused
from console.rendering import render
from console.routing import page
from streams.names import STAGES

MOST_PARTITIONS: Final = 60


async def show_system(request: Request) -> Response:
    console = request.app.state.console
    state = await console.looking.state()
    partitions = sorted(state.partitions, key=lambda one: (not one.stopped, -(one.lag or 0), one.name)) if state else []
    return render(
        request,
        "system.html",
        tab="",
        state=state,
        partitions=partitions[:MOST_PARTITIONS],
        further=max(len(partitions) - MOST_PARTITIONS, 0),
        stages=STAGES,
        failing=console.feed.failing,
    )


PARTS = (refused, dead, models, policy, candidates)
ROUTES: list[BaseRoute] = [page("/system", show_system), *(route for part in PARTS for route in part.ROUTES)]
