"""Alerts into the database: the first one and its escalations become one row."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from console.store.changing import last_retired_version, queue_changed
from console.store.schema import alert_bodies, alert_words, alerts
from console.store.settling import settle
from console.store.words import words_in
from console.store.writing import put
from detectors.alert_policy import SEVERITIES
from detectors.decision import Alert
from detectors.events import Micros
from streams.upstream import micros_of

SUMMARY: Final = 300
_LATEST: Final = (
    "latest_id",
    "severity",
    "score",
    "event_time",
    "raised_at",
    "escalation",
    "summary",
)
_encode = msgspec.json.Encoder().encode


def take_alerts(connection: Connection, found: Sequence[Alert], now: Micros) -> None:
    """Takes in alerts in the order of their topic; those that are there already change nothing."""
    first_version = last_retired_version(connection) + 1
    put(connection, alert_bodies, map(_body, found))
    put(
        connection,
        alerts,
        [_row(alert, first_version) for alert in found],
        lambda new: {name: new[name] for name in _LATEST} | {"version": alerts.c.version + 1},
        where=lambda new: new.escalation > alerts.c.escalation,
    )
    words = [{"alert_id": _first(alert), "word": word} for alert in found for word in words_in(alert)]
    put(connection, alert_words, words)
    if found:
        queue_changed(connection)
    settle(connection, {alert.seller_id for alert in found}, now)


def summary_of(alert: Alert) -> str:
    """What the queue says of an alert: its strongest reason."""
    return alert.reasons[0].text[:SUMMARY] if alert.reasons else ""


def _first(alert: Alert) -> str:
    return alert.escalates or alert.alert_id


def _body(alert: Alert) -> dict[str, Any]:
    return {
        "alert_id": alert.alert_id,
        "first_id": _first(alert),
        "escalation": alert.escalation,
        "raised_at": micros_of(alert.raised_at),
        "body": _encode(alert).decode(),
    }


def _row(alert: Alert, version: int) -> dict[str, Any]:
    raised_at = micros_of(alert.raised_at)
    return {
        "alert_id": _first(alert),
        "latest_id": alert.alert_id,
        "seller_id": alert.seller_id,
        "pattern": alert.pattern,
        "severity": SEVERITIES.index(alert.severity),
        "score": alert.score,
        "event_time": micros_of(alert.event_time),
        "first_raised_at": raised_at,
        "raised_at": raised_at,
        "escalation": alert.escalation,
        "summary": summary_of(alert),
        "state": "open",
        "version": version,
    }
