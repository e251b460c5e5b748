"""Deliveries: how full the outbox is, and the alerts that were given up."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from console.auth.roles import Right
from console.pages.models import telling_of_redis
from console.problems import Problem
from console.rendering import render
from console.routing import act, page
from streams.delivery.dead_alerts import DeadAlerts
from streams.delivery.outbox import Outbox

HERE: Final = "/system/deliveries"
ROWS: Final = 100


async def show_deliveries(request: Request) -> Response:
    outbox = await _outbox(request)
    depths = list(await outbox.depths()) if outbox else []
    found = await DeadAlerts(outbox).list(ROWS) if outbox else []
    return render(request, "deliveries.html", tab="deliveries", depths=depths, dead=found)


async def change_delivery(request: Request) -> Response:
    """Puts alerts back into the outbox, or deletes them there; `sellerwatch.alerts` keeps them."""
    form, outbox = await request.form(), await _outbox(request)
    what, places = str(form.get("what")), {str(place) for place in form.getlist("place")}
    if what not in ("retry", "discard") or not places:
        raise Problem(400, "Nothing was chosen", "Choose alerts, then retry or discard them.", back=HERE)
    dead = DeadAlerts(outbox) if outbox else None
    chosen = [one for one in await dead.list(10_000) if one.place in places] if dead else []
    if not chosen:
        raise Problem(409, "They are gone already", "Somebody else has retried or discarded them.", back=HERE)
    first = chosen[0].head.alert_id if len(chosen) == 1 else None
    about: dict[str, Any] = {"subject_kind": "delivery", "subject": first} if first else {}
    name = "delivery.retried" if what == "retry" else "delivery.discarded"
    await request.app.state.console.record(request, name, details={"alerts": len(chosen)}, **about)
    for one in chosen:
        assert dead is not None
        await (dead.send_again(one) if what == "retry" else dead.discard(one))
    return RedirectResponse(HERE, 303)


async def _outbox(request: Request) -> Outbox | None:
    """The outbox; `None` where no stage has run yet."""
    console = request.app.state.console
    namespace = console.settings.namespace
    with telling_of_redis(console.settings):
        stored = await console.redis.get(f"{{{namespace}.layout}}partitions")
    return Outbox(console.redis, f"{namespace}.watch", int(stored)) if stored else None


ROUTES: list[BaseRoute] = [page(HERE, show_deliveries), act(HERE, change_delivery, Right.REPAIR)]
