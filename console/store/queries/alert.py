"""One alert with all that belongs to it: what was raised, what was judged, and how similar ones ended."""

from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, func, or_, select

from console.store.queries.queue import COLUMNS, QueueItem, item_of
from console.store.schema import alert_bodies, alerts, given, labels, risk_versions, verdicts
from console.store.states import State
from console.store.writing import AnyRow
from detectors.decision import Alert
from detectors.events import Micros

ALIKE: Final = 10
NEAR: Final = 400
"""Alerts of the pattern that are looked through for similar ones, on each side."""


class Judgement(Struct, frozen=True):
    """One verdict or snooze, as it came by the log or was given here."""

    event_id: str
    alert_id: str | None
    """`None`: on the seller as a whole."""
    verdict: str
    """`confirmed`, `dismissed` or `snoozed`."""
    event_time: Micros
    analyst: str
    """A name where it was given here, else the keyed hash of one."""
    note: str | None
    until: Micros | None
    reason: str | None
    back: bool
    """Whether it stands in the log; else it is on its way."""
    orders: int | None = None
    """Orders of the seller that have become labels because of it; `None`: none yet."""
    model: str | None = None
    """The first version of the risk model known to have learned from them; `None`: none that was read of yet."""
    learned_at: Micros | None = None
    """When that was published."""


class AlertPage(Struct, frozen=True):
    """One alert."""

    item: QueueItem
    alert: Alert
    """The latest as it was sent: reasons, evidence, versions."""
    raised: list[Alert]
    """All that were sent, the first one first."""
    judgements: list[Judgement]
    """Oldest first."""


class AlikeAlert(Struct, frozen=True):
    """A similar alert, and what happened to it."""

    item: QueueItem
    likeness: float
    """0..1: how far the same reasons make the score (cosine of the contributions)."""


class Alike(Struct, frozen=True):
    """Similar alerts, and how those of the pattern were judged."""

    alerts: list[AlikeAlert]
    judged: dict[State, int]
    """Of the pattern, by state."""


_decode_alert = msgspec.json.Decoder(Alert).decode


def first_id(connection: Connection, alert_id: str) -> str | None:
    """The id of the alert that was raised first, by any id of its escalations; `None` where there is none."""
    query = select(alert_bodies.c.first_id).where(alert_bodies.c.alert_id == alert_id)
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def alert_page(connection: Connection, alert_id: str) -> AlertPage | None:
    """One alert by its id or that of an escalation; `None` where there is none."""
    first = first_id(connection, alert_id)
    row = connection.execute(select(*COLUMNS).where(alerts.c.alert_id == first)).one_or_none() if first else None
    if first is None or row is None:
        return None
    bodies = connection.execute(
        select(alert_bodies.c.body).where(alert_bodies.c.first_id == first).order_by(alert_bodies.c.escalation)
    )
    raised = [_decode_alert(body) for (body,) in bodies]
    item = item_of(row)
    return AlertPage(item, raised[-1], raised, judgements(connection, item, [alert.alert_id for alert in raised]))


def judgements(connection: Connection, item: QueueItem, ids: list[str]) -> list[Judgement]:
    """Verdicts on the alert, or on its seller since it was raised, oldest first."""
    named = verdicts.c.alert_id.in_(ids)
    on_seller = (
        (verdicts.c.seller_id == item.seller_id)
        & verdicts.c.alert_id.is_(None)
        & (verdicts.c.event_time >= item.first_raised_at)
        & or_(verdicts.c.pattern.is_(None), verdicts.c.pattern == item.pattern)
    )
    learned = _learned(risk_versions.c.version, "model"), _learned(risk_versions.c.logged_at, "learned_at")
    told = (given.c.analyst.label("given_by"), given.c.note, labels.c.orders, *learned)
    query = (
        select(verdicts, *told)
        .select_from(
            verdicts.outerjoin(given, given.c.event_id == verdicts.c.event_id).outerjoin(
                labels, labels.c.event_id == verdicts.c.event_id
            )
        )
        .where(or_(named, on_seller))
        .order_by(verdicts.c.event_time, verdicts.c.event_id)
        .limit(200)
    )
    return [_judgement(row) for row in connection.execute(query)]


def _learned(what: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """Of the first version of the risk model that has read a verdict's labels."""
    read = risk_versions.c.reached >= labels.c.reached
    return select(what).where(read).order_by(risk_versions.c.reached).limit(1).scalar_subquery().label(name)


def alike(connection: Connection, page: AlertPage) -> Alike:
    """Alerts of other sellers by the same pattern with the most similar reasons, judged ones first."""
    own = page.item
    near: dict[str, AnyRow] = {}
    for judged in ("confirmed", "dismissed", "open", "snoozed"):
        for rising in (True, False):
            side = alerts.c.score >= own.score if rising else alerts.c.score < own.score
            query = (
                select(*COLUMNS, alert_bodies.c.body)
                .join(alert_bodies, alert_bodies.c.alert_id == alerts.c.latest_id)
                .where(alerts.c.pattern == own.pattern, alerts.c.state == judged, side)
                .where(alerts.c.seller_id != own.seller_id)
                .order_by(alerts.c.score if rising else alerts.c.score.desc())
                .limit(NEAR // 8)
            )
            near |= {row.alert_id: row for row in connection.execute(query)}
    found = []
    for row in near.values():
        likeness = _likeness(page.alert, _decode_alert(row.body))
        found.append((row.state in ("confirmed", "dismissed"), likeness, item_of(row)))
    found.sort(key=lambda each: (not each[0], -each[1], each[2].alert_id))
    number = func.count()
    of_pattern = select(alerts.c.state, number).where(alerts.c.pattern == own.pattern).group_by(alerts.c.state)
    return Alike(
        [AlikeAlert(item, likeness) for _, likeness, item in found[:ALIKE]],
        {row[0]: row[1] for row in connection.execute(of_pattern)},
    )


def _likeness(one: Alert, other: Alert) -> float:
    ours = {reason.code: reason.contribution for reason in one.reasons}
    theirs = {reason.code: reason.contribution for reason in other.reasons}
    along = sum(weight * theirs.get(code, 0.0) for code, weight in ours.items())
    length = sum(w * w for w in ours.values()) * sum(w * w for w in theirs.values())
    return round(max(along, 0.0) / length**0.5, 4) if length else 0.0


def _judgement(row: AnyRow) -> Judgement:
    return Judgement(
        row.event_id,
        row.alert_id,
        row.verdict,
        row.event_time,
        row.given_by or row.analyst,
        row.note,
        row.until,
        row.reason,
        row.logged_at is not None,
        row.orders,
        row.model,
        row.learned_at,
    )
