"""One alert: what was found, what it rests on, and what people say of it."""

import re
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.deliveries import delivery_of
from console.drawing.graph import Graph, Tie, graph
from console.drawing.scale import Scale, scale_of
from console.drawing.timeline import timeline
from console.problems import not_found
from console.rendering import render
from console.routing import page
from console.store.queries.alert import AlertPage, Alike, alert_page, alike
from console.store.queries.evidence import evidence_orders
from console.store.queries.queue import QueueFilter, QueueItem, queue
from console.store.queries.sellers import Seller, alerts_of, standings
from console.store.queries.trade import OrderItem
from detectors.assessment import Reason
from detectors.decision import Alert

TRACK: Final = 220.0
SNOOZES: Final = {"1": "a day", "3": "3 days", "7": "a week", "30": "30 days", "90": "90 days"}
OTHERS: Final = 8
_NORMS: Final = re.compile(r"; peers [^;]*$| \((?:own norm|peers)[^()]*\)$")


class Bar(Struct, frozen=True):
    """A reason as it is drawn: its share of the score, and where its numbers stand."""

    reason: Reason
    share: float
    scale: Scale


class Shown(Struct, frozen=True):
    """All that the page asks of the database, of one moment."""

    page: AlertPage
    alike: Alike
    orders: list[OrderItem]
    others: list[QueueItem]
    """The seller's other alerts."""
    risks: dict[str, Seller]
    following: str | None
    """The alert that is next in the queue."""


def shown(connection: Connection, alert_id: str) -> Shown | None:
    found = alert_page(connection, alert_id)
    if found is None:
        return None
    item, evidence = found.item, found.alert.evidence
    others = alerts_of(connection, item.seller_id, OTHERS + 1)
    waiting = queue(connection, QueueFilter(), limit=2).items
    return Shown(
        found,
        alike(connection, found),
        evidence_orders(connection, item.seller_id, evidence.orders),
        [other for other in others if other.alert_id != item.alert_id],
        standings(connection, [item.seller_id, *(link.seller_id for link in evidence.sellers)]),
        next((other.alert_id for other in waiting if other.alert_id != item.alert_id), None),
    )


async def show_alert(request: Request) -> Response:
    console, alert_id = request.app.state.console, request.path_params["alert_id"]
    found: Shown | None = await console.read(shown, alert_id)
    if found is None:
        raise not_found("such alert")
    console.live.look(found.page.item.alert_id, request.state.person.name)
    delivery = await delivery_of(console, found.page.alert)
    return render(request, "alert.html", **await context(request, found), delivery=delivery)


async def context(request: Request, found: Shown) -> dict[str, Any]:
    alert, item = found.page.alert, found.page.item
    return {
        "shown": found,
        "item": item,
        "alert": alert,
        "sentence": sentence(alert),
        "bars": [bar(reason, alert) for reason in alert.reasons],
        "timeline": timeline(found.orders, item.event_time),  # of what tipped it: the orders are on that clock too
        "graph": linked(alert),
        "lookers": (await request.app.state.console.live.lookers()).get(item.alert_id, []),
        "snoozes": SNOOZES,
        "track": TRACK,
    }


def sentence(alert: Alert) -> str:
    """The two strongest reasons, without the norms in brackets: they stand below."""
    return "; ".join(_NORMS.sub("", reason.text) for reason in alert.reasons[:2])


def bar(reason: Reason, alert: Alert) -> Bar:
    share = max(reason.contribution, 0.0) / alert.score if alert.score else 0.0
    return Bar(reason, share, scale_of((reason.observed, reason.own_norm, reason.peer_norm), TRACK))


def linked(alert: Alert) -> Graph | None:
    """The linked sellers around this one."""
    return graph(
        alert.seller_id,
        [Tie(s.through or alert.seller_id, s.seller_id, s.via, s.strength) for s in alert.evidence.sellers],
    )


ROUTES: list[BaseRoute] = [page("/alerts/{alert_id:id}", show_alert)]
