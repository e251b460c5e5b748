"""One seller: how risky it is and was, what it trades, lists and shares, and what was decided on it."""

from typing import Any, Final

from markupsafe import Markup
from msgspec import Struct
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.pages.links import around
from console.problems import Problem, not_found
from console.rendering import render
from console.routing import page
from console.store.queries.listings import listings_of
from console.store.queries.paging import CursorError
from console.store.queries.queue import QueueItem
from console.store.queries.riskiest import riskiest
from console.store.queries.sellers import (
    Occurrence,
    ScorePoint,
    Seller,
    alerts_of,
    decisions_of,
    occurrences_of,
    scores,
    seller,
)
from console.store.queries.trade import Trade, orders_of, trade
from detectors.language.marking import Mark

POINTS: Final = 300
ROWS: Final = 40
SOME: Final = 12


class Overview(Struct, frozen=True):
    """All that the first tab asks of the database, of one moment."""

    seller: Seller
    scores: list[ScorePoint]
    alerts: list[QueueItem]
    happened: list[Occurrence]
    trade: Trade


def overview(connection: Connection, seller_id: str) -> Overview | None:
    found = seller(connection, seller_id)
    if found is None:
        return None
    return Overview(
        found,
        scores(connection, seller_id, POINTS),
        alerts_of(connection, seller_id, SOME),
        occurrences_of(connection, seller_id, SOME),
        trade(connection, seller_id),
    )


async def show_seller(request: Request) -> Response:
    console, seller_id = request.app.state.console, request.path_params["seller_id"]
    found: Overview | None = await console.read(overview, seller_id)
    if found is None:
        raise not_found("such seller")
    return render(request, "seller.html", seller=found.seller, tab="", shown=found, **await around(console, seller_id))


async def show_orders(request: Request) -> Response:
    return await _rows(request, "orders", orders_of)


async def show_decisions(request: Request) -> Response:
    return await _rows(request, "decisions", decisions_of)


async def show_listings(request: Request) -> Response:
    return await _rows(request, "listings", listings_of, request.app.state.console.lexicon)


async def _rows(request: Request, tab: str, query: Any, *args: Any) -> Response:
    """One of the tabs that are long lists."""
    console, seller_id = request.app.state.console, request.path_params["seller_id"]
    found = await console.read(seller, seller_id)
    if found is None:
        raise not_found("such seller")
    after = request.query_params.get("after")
    try:
        rows = await console.read(query, seller_id, *args, limit=ROWS, after_cursor=after)
    except CursorError as error:
        raise Problem(400, "This page of the list is gone", f"{error}", back=request.url.path) from None
    return render(request, "seller.html", seller=found, tab=tab, rows=rows, marked=marked)


async def show_riskiest(request: Request) -> Response:
    """The sellers with the highest scores."""
    return render(request, "sellers.html", found=await request.app.state.console.read(riskiest))


def marked(text: str, marks: list[Mark]) -> Markup:
    """A text with the words that counted in `<mark>`, each with what the list says of it."""
    pieces, at = [], 0
    for mark in marks:
        about = f"{mark.term}: {mark.topic}, weight {mark.weight:.2f}" + (", spelled to be missed" * mark.hidden)
        pieces += [Markup.escape(text[at : mark.start])]
        pieces += [Markup('<mark title="{}">{}</mark>').format(about, text[mark.start : mark.end])]
        at = mark.end
    return Markup().join([*pieces, Markup.escape(text[at:])])


ROUTES: list[BaseRoute] = [
    page("/sellers", show_riskiest),
    page("/sellers/{seller_id:id}", show_seller),
    page("/sellers/{seller_id:id}/orders", show_orders),
    page("/sellers/{seller_id:id}/decisions", show_decisions),
    page("/sellers/{seller_id:id}/listings", show_listings),
]
