"""Upstream events for tests: every field that a test's sentence does not mention is filled in."""

import itertools
from typing import Any

import msgspec

_numbers = itertools.count(1)


def event(kind: str, /, **fields: Any) -> dict[str, Any]:
    """An event of type `kind`; a field given as `None` is left out."""
    number = next(_numbers)
    filled: dict[str, Any] = {
        "event_id": f"evt-{number}",
        "type": kind,
        "event_time": "2026-03-01T12:00:00Z",
        "seller_id": "shop",
    }
    filled |= _FILLED.get(kind, {})
    filled |= fields
    return {name: value for name, value in filled.items() if value is not None}


_PAYMENT = {"payment_id": "pay-1", "order_id": "order-1", "amount_minor": 2_500, "currency": "EUR", "method": "card"}
_FILLED: dict[str, dict[str, Any]] = {
    "order.placed": {"order_id": "order-1", "buyer_id": "buyer-1", "amount_minor": 2_500, "currency": "EUR"},
    "payment.captured": _PAYMENT,
    "payment.failed": _PAYMENT,
    "payment.disputed": {"order_id": "order-1"},
    "shipment.created": {"shipment_id": "ship-1", "order_id": "order-1"},
    "listing.published": {"listing_id": "listing-1", "title": "Garden chair"},
    "verdict.given": {"verdict": "confirmed", "analyst": "ann"},
    "verdict.snoozed": {"until": "2026-03-08T12:00:00Z", "reason": "on leave", "analyst": "ann"},
    "report.filed": {"reason": "counterfeit"},
    "review.left": {"buyer_id": "buyer-1", "rating": 5},
    "act.recorded": {"seller_id": None, "act": "alert.opened", "actor": "ann", "role": "analyst"},
    "intel.listed": {"seller_id": None, "kind": "ip", "value": "203.0.113.9", "source": "partner"},
    "intel.withdrawn": {"seller_id": None, "kind": "ip", "value": "203.0.113.9", "source": "partner"},
}


def line(kind: str, /, **fields: Any) -> bytes:
    """The same as JSON."""
    return msgspec.json.encode(event(kind, **fields))
