"""One seller: how it stands, its score over time, and what else happened to it."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, func, select

from console.store.queries.paging import MOST, after, cursor, read_cursor
from console.store.queries.queue import COLUMNS, QueueItem, item_of
from console.store.schema import alerts, decisions, occurrences, sellers
from console.store.writing import AnyRow
from detectors.assessment import Reason
from detectors.events import Micros

POINTS: Final = 1_000
_decode_reasons = msgspec.json.Decoder(list[Reason]).decode


class Seller(Struct, frozen=True):
    """A seller as far as the topics tell."""

    seller_id: str
    first_seen: Micros
    last_seen: Micros
    registered_at: Micros | None
    country: str | None
    verification: str | None
    """`none`, `pending`, `verified` or `failed`."""
    status: str
    """Empty or `banned`."""
    status_at: Micros | None
    score: float | None
    """After the latest decision, 0..1."""
    score_at: Micros | None
    pattern: str | None


class ScorePoint(Struct, frozen=True, array_like=True):
    """The seller's score after a decision, and the event's own."""

    event_time: Micros
    seller_score: float
    score: float
    pattern: str


class DecisionItem(Struct, frozen=True):
    """One decision: what was scored, how, and what was decided."""

    event_id: str
    event_time: Micros
    type: str
    order_id: str | None
    score: float
    """Of the event, 0..1."""
    seller_score: float
    pattern: str
    outcome: str
    review: float
    """The share of decisions like this that were chosen for people to look at; 0: this one was not."""
    reasons: list[Reason]


class DecisionsPage(Struct, frozen=True):
    """One page, the latest first."""

    items: list[DecisionItem]
    next: str | None


class Occurrence(Struct, frozen=True):
    """Something that happened to a seller beside its trade."""

    event_id: str
    event_time: Micros
    type: str
    """`seller.banned`, `report.filed`, `payment.disputed`, ..."""
    detail: str


_SELLER: Final = tuple(sellers.c[name] for name in Seller.__struct_fields__)


def seller(connection: Connection, seller_id: str) -> Seller | None:
    """How a seller stands; `None` where nothing of it is kept."""
    row = connection.execute(select(*_SELLER).where(sellers.c.seller_id == seller_id)).one_or_none()
    return Seller(**row._mapping) if row else None


def scores(connection: Connection, seller_id: str, most: int = POINTS) -> list[ScorePoint]:
    """The latest scores, oldest first."""
    names = ("event_time", "seller_score", "score", "pattern")
    query = select(*[decisions.c[name] for name in names]).where(decisions.c.seller_id == seller_id)
    rows = connection.execute(query.order_by(decisions.c.event_time.desc(), decisions.c.event_id.desc()).limit(most))
    return [ScorePoint(*row) for row in rows][::-1]


def decisions_of(
    connection: Connection,
    seller_id: str,
    *,
    limit: int = 50,
    after_cursor: str | None = None,
    order: str | None = None,
) -> DecisionsPage:
    """Decisions on a seller's events, the latest first.

    Args:
        order: Only those on this order.

    Raises:
        CursorError: The cursor is none of this list.
    """
    limit = min(max(limit, 1), MOST)
    by: list[tuple[Any, bool]] = [(decisions.c.event_time, True), (decisions.c.event_id, True)]
    query = select(decisions).where(decisions.c.seller_id == seller_id)
    if order is not None:
        query = query.where(decisions.c.order_id == order)
    if after_cursor:
        query = query.where(after(by, read_cursor(after_cursor, "decisions", [int, str])))
    rows = connection.execute(query.order_by(*[column.desc() for column, _ in by]).limit(limit + 1)).all()
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    return DecisionsPage(
        [_decision(row) for row in page], cursor("decisions", [last.event_time, last.event_id]) if last else None
    )


def alerts_of(connection: Connection, seller_id: str, most: int = 100) -> list[QueueItem]:
    """A seller's alerts, the latest first."""
    query = select(*COLUMNS).where(alerts.c.seller_id == seller_id).order_by(alerts.c.raised_at.desc()).limit(most)
    return [item_of(row) for row in connection.execute(query)]


def occurrences_of(connection: Connection, seller_id: str, most: int = 300) -> list[Occurrence]:
    """What happened to a seller beside its trade, the latest first."""
    query = select(*[occurrences.c[name] for name in Occurrence.__struct_fields__])
    query = query.where(occurrences.c.seller_id == seller_id)
    rows = connection.execute(query.order_by(occurrences.c.event_time.desc(), occurrences.c.event_id).limit(most))
    return [Occurrence(*row) for row in rows]


def standings(connection: Connection, seller_ids: Sequence[str]) -> dict[str, Seller]:
    """How each of some sellers stands; those of which nothing is kept are left out."""
    rows = connection.execute(select(*_SELLER).where(sellers.c.seller_id.in_(seller_ids)))
    return {row.seller_id: Seller(**row._mapping) for row in rows}


def open_alerts(connection: Connection, seller_ids: Sequence[str]) -> dict[str, int]:
    """How many alerts on each of some sellers wait for a person."""
    query = select(alerts.c.seller_id, func.count().label("number")).where(alerts.c.state == "open")
    rows = connection.execute(query.where(alerts.c.seller_id.in_(seller_ids)).group_by(alerts.c.seller_id))
    return {row.seller_id: row.number for row in rows}


def _decision(row: AnyRow) -> DecisionItem:
    found = row._mapping
    values = {name: found[name] for name in DecisionItem.__struct_fields__}
    return DecisionItem(**values | {"reasons": _decode_reasons(row.reasons) if row.reasons else []})
