"""Search: by ids and words, and by a personal value, which is hashed before it is looked up and kept nowhere."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from console.auth.roles import Right
from console.paths import segment
from console.problems import Problem
from console.rendering import render
from console.routing import act, page
from console.store.queries.search import KINDS, find, holders
from streams.errors import SettingsError


async def show_search(request: Request) -> Response:
    """What a text names; the one thing that it names exactly is shown at once."""
    console, text = request.app.state.console, request.query_params.get("text", "").strip()[:200]
    found = await console.read(find, text)
    for place, ids in (
        ("sellers", [seller.seller_id for seller in found.sellers]),
        ("alerts", [item.alert_id for item in found.alerts]),
    ):
        if text in ids:
            return RedirectResponse(f"/{place}/{segment(text)}", 303)
    return render(request, "search.html", searched=text, found=found, holders=None, kinds=KINDS, kind="")


async def search_value(request: Request) -> Response:
    """Who has touched a personal value. It comes by POST, so that no address, history or log holds it."""
    console, form = request.app.state.console, await request.form()
    value, kind = str(form.get("value", "")).strip(), str(form.get("kind", ""))
    if not value:
        raise Problem(400, "Nothing to look for", "Type an e-mail address, a phone number, an IP, ...", back="/search")
    wanted = kind if kind in KINDS else None
    await console.record(request, "value.searched", details={"kind": wanted or "any"})
    try:
        found = await holders(console.database, console.redis, console.settings, value, wanted)
    except SettingsError as error:
        raise Problem(503, "The console cannot hash", str(error), back="/search") from None
    return render(request, "search.html", searched="", found=None, holders=found, kinds=KINDS, kind=kind)


ROUTES: list[BaseRoute] = [page("/search", show_search), act("/search", search_value, Right.READ)]
