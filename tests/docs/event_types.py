"""The event types, by topic, with an example each."""

import json
from collections.abc import Mapping
from typing import Any, Final

from detectors.events import UpstreamBody
from tests.upstream import event

BODIES: Final[Mapping[str, Any]] = {str(body.__struct_config__.tag): body for body in UpstreamBody.__args__}
FAMILIES: Final = {
    "orders": "order",
    "payments": "payment",
    "listings": "listing",
    "shipments": "shipment",
    "sellers": "seller",
    "reviews": "review",
    "reports": "report",
    "verdicts": "verdict",
    "intel": "intel",
    "sellerwatch.acts": "act",
}
BY_TOPIC: Final = {topic: [kind for kind in BODIES if kind.split(".")[0] == FAMILIES[topic]] for topic in FAMILIES}
SET_BY_INTAKE: Final = frozenset({"ip_prefix", "mail", "tax_check"})
FURTHER: Final[Mapping[str, Mapping[str, Any]]] = {
    "order.placed": {
        "items": [{"quantity": 1, "unit_amount_minor": 2_500, "title": "Garden chair", "category": "garden"}],
        "ship_to": {"country": "FR", "postal_code": "53132", "line": "rue de la Gare 128"},
        "ip": "203.0.113.57",
        "device_id": "dev-1",
    },
    "order.cancelled": {"order_id": "order-1"},
    "order.delivered": {"order_id": "order-1"},
    "payment.released": {"order_id": "order-1", "confirmed_by": "buyer"},
    "payment.refunded": {"order_id": "order-1", "reason": "returned"},
    "listing.removed": {"listing_id": "listing-1"},
    "seller.registered": {"country": "DE", "email": "shop@example.com", "payout_account": "DE89370400440532013000"},
    "seller.updated": {"verification": "verified"},
    "seller.banned": {"reason": "prohibited_goods"},
}


def example(kind: str) -> dict[str, Any]:
    """An event of the type that intake takes."""
    return event(kind, event_id="evt-1", **FURTHER.get(kind, {}))


def shown(kind: str) -> str:
    """The same as it is written down."""
    return json.dumps(example(kind), indent=2, ensure_ascii=False)
