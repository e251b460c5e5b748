"""What people judge: kept in one step with the alert's new state, and only on what they have seen."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection, select, update

from console.store.schema import alerts, given, verdicts
from console.store.settling import settle
from console.store.writing import AnyRow, put
from detectors.events import SECOND, Micros

LATE: Micros = 20 * SECOND
"""What Kafka has not taken by then is sent by the feed."""


class Judged(Struct, frozen=True):
    """A verdict or a snooze that somebody gives."""

    event_id: str
    """The same one twice counts once."""
    alert_id: str
    based_on: int
    """The version of the alert that was looked at."""
    verdict: Literal["confirmed", "dismissed", "snoozed"]
    analyst: str
    role: str
    note: str = ""
    reason: str = ""
    until: Micros | None = None


class Sending(Struct, frozen=True):
    """A verdict on its way to Kafka."""

    judged: Judged
    seller_id: str
    latest_id: str
    """What the verdict names: the escalation that was seen."""
    given_at: Micros


def give(connection: Connection, judged: Judged, now: Micros) -> Sending | None:
    """Keeps a verdict and closes the alert; `None` where the alert is no more what it was based on."""
    query = select(alerts.c.seller_id, alerts.c.latest_id, alerts.c.version).where(alerts.c.alert_id == judged.alert_id)
    row = connection.execute(query).one_or_none()
    if row is None or row.version != judged.based_on:
        return None
    kept = {
        "event_id": judged.event_id,
        "alert_id": judged.alert_id,
        "seller_id": row.seller_id,
        "verdict": judged.verdict,
        "analyst": judged.analyst,
        "reason": judged.reason or None,
        "until": judged.until,
    }
    own = {"role": judged.role, "note": judged.note or None, "based_on": judged.based_on, "given_at": now}
    put(connection, given, [kept | own])
    put(connection, verdicts, [kept | {"alert_id": row.latest_id, "event_time": now}])
    settle(connection, {row.seller_id}, now)
    return Sending(judged, row.seller_id, row.latest_id, now)


def unsent(connection: Connection, before: Micros, limit: int = 200) -> list[Sending]:
    """Verdicts that Kafka has not confirmed, the oldest first."""
    query = (
        select(given, alerts.c.latest_id)
        .join(alerts, alerts.c.alert_id == given.c.alert_id)
        .where(given.c.sent_at.is_(None), given.c.given_at < before)
        .order_by(given.c.given_at)
        .limit(limit)
    )
    return [_sending(row) for row in connection.execute(query)]


def sent(connection: Connection, event_ids: Iterable[str], now: Micros) -> None:
    """Notes that Kafka has these verdicts."""
    connection.execute(update(given).where(given.c.event_id.in_(list(event_ids))).values(sent_at=now))


def _sending(row: AnyRow) -> Sending:
    judged = Judged(
        row.event_id,
        row.alert_id,
        row.based_on,
        row.verdict,
        row.analyst,
        row.role,
        row.note or "",
        row.reason or "",
        row.until,
    )
    return Sending(judged, row.seller_id, row.latest_id, row.given_at)
