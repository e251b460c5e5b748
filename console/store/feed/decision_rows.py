"""Decisions as rows, and what the latest one says of its seller."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, or_, update

from console.store.feed.erasing import Erased
from console.store.feed.log_rows import see_sellers
from console.store.schema import decisions, sellers
from console.store.writing import put
from detectors.decision import Decision
from detectors.events import Micros
from streams.upstream import micros_of

_encode = msgspec.json.Encoder().encode
_SCORE: Final = (
    update(sellers)
    .where(sellers.c.seller_id == bindparam("of_seller"))
    .where(or_(sellers.c.score_at.is_(None), sellers.c.score_at <= bindparam("new_at")))
    .values(score=bindparam("new_score"), score_at=bindparam("new_at"), pattern=bindparam("new_pattern"))
)


def take_decisions(connection: Connection, found: Sequence[tuple[Decision, Micros]]) -> None:
    """Takes decisions in, each with the time at which it was written, in the order of their topic."""
    rows = [_row(decision, written) for decision, written in found]
    gone = Erased(connection, {row["seller_id"] for row in rows})
    rows = [row for row in rows if not gone.seller(row["seller_id"], row["event_time"], row["logged_at"])]
    put(connection, decisions, rows)
    see_sellers(connection, [(row["seller_id"], row["event_time"], row["logged_at"]) for row in rows])
    latest: dict[str, dict[str, Any]] = {}
    for row in rows:
        before = latest.get(row["seller_id"])
        if before is None or row["event_time"] >= before["new_at"]:
            score = {"new_score": row["seller_score"], "new_pattern": row["pattern"]}
            latest[row["seller_id"]] = {"of_seller": row["seller_id"], "new_at": row["event_time"], **score}
    if latest:
        connection.execute(_SCORE, list(latest.values()))


def _row(decision: Decision, written: Micros) -> dict[str, Any]:
    return {
        "seller_id": decision.seller_id,
        "event_time": micros_of(decision.event_time),
        "event_id": decision.event_id,
        "type": decision.type,
        "order_id": decision.order_id,
        "score": decision.score,
        "seller_score": decision.seller_score,
        "pattern": decision.pattern,
        "outcome": decision.outcome,
        "review": decision.review,
        "reasons": _encode(decision.reasons).decode() if decision.reasons else None,
        "logged_at": written,
    }
