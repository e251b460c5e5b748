"""Alerts, verdicts and databases for the console's tests."""

from itertools import count
from typing import Any

from console.store.schema import verdicts
from console.store.writing import put
from detectors.assessment import Reason
from detectors.decision import Alert, Evidence, LinkedSeller, say_time
from detectors.events import DAY, Micros
from tests.builders import MONDAY

_numbers = count()


def raised(number: int | None = None, *, at: Micros = MONDAY, **fields: Any) -> Alert:
    """An alert; `number` names it."""
    number = next(_numbers) if number is None else number
    given: dict[str, Any] = {
        "alert_id": f"alr_{number:06d}",
        "seller_id": f"seller-{number}",
        "pattern": "small_repeat",
        "severity": "high",
        "score": 0.9,
        "event_time": say_time(at - 1_000),
        "raised_at": say_time(at),
        "reasons": [
            Reason("small_orders", "12 of 14 orders are small", 0.86, 0.1, 0.2, 0.6),
            Reason("new_buyers", "80 % of buyers were never seen before", 0.8, 0.3, 0.3, 0.3),
        ],
        "evidence": Evidence([f"event-{number}"], [f"order-{number}"], [LinkedSeller("other-1", "device", 0.6)]),
        "versions": {"policy": "p1"},
    }
    return Alert(**(given | fields))


def escalated(first: Alert, number: int, *, at: Micros, **fields: Any) -> Alert:
    """The same alert, sent again as it has become worse."""
    given: dict[str, Any] = {
        "alert_id": f"{first.alert_id}_{number}",
        "seller_id": first.seller_id,
        "pattern": first.pattern,
        "escalation": number,
        "escalates": first.alert_id,
    }
    return raised(0, at=at, **(given | fields))


def judged(connection: Any, verdict: str, *, at: Micros = MONDAY + DAY, **fields: Any) -> None:
    """A verdict as the feed writes it."""
    given: dict[str, Any] = {
        "event_id": f"verdict-{next(_numbers)}",
        "seller_id": "seller-1",
        "verdict": verdict,
        "event_time": at,
        "analyst": "k1:hash",
        "logged_at": at,
    }
    put(connection, verdicts, [given | fields])
