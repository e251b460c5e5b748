"""Builds events and records; every field that a test does not mention is filled in."""

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from detectors.alert_policy import Policy
from detectors.events import (
    DAY,
    BuyerHistory,
    Item,
    LogBody,
    Micros,
    OrderPlaced,
    OtherSeller,
    PaymentCaptured,
    PaymentFailed,
    Place,
    Record,
    SellerRegistered,
    Sighting,
    Source,
)
from detectors.fold import Effects, KeptText, OrderRow, fold
from detectors.models.cohorts import CohortModels
from detectors.models.in_force import Models
from detectors.models.peer_features import PRIOR
from detectors.patterns.features import FEATURES
from detectors.profiles.profile import Profile

MONDAY: Micros = 1_772_409_600_000_000
"""2026-03-02T00:00Z."""
PRIOR_MODELS = Models(CohortModels.prior(FEATURES, PRIOR))
_numbers = count()


def order_placed(**fields: Any) -> OrderPlaced:
    number = next(_numbers)
    amount = fields.get("amount_minor", 3_900)
    given: dict[str, Any] = {
        "order_id": f"order-{number}",
        "buyer_id": f"buyer-{number}",
        "amount_minor": amount,
        "currency": "EUR",
        "items": (Item(1, amount, title="Thing", category="garden"),),
        "ship_to": Place("DE"),
    }
    return OrderPlaced(**(given | fields))


def payment(kind: type[PaymentCaptured] | type[PaymentFailed] = PaymentCaptured, **fields: Any) -> Any:
    number = next(_numbers)
    given: dict[str, Any] = {
        "payment_id": f"payment-{number}",
        "order_id": f"order-{number}",
        "amount_minor": 3_900,
        "currency": "EUR",
        "method": "card",
    }
    return kind(**(given | fields))


def registered(**fields: Any) -> SellerRegistered:
    given: dict[str, Any] = {"country": "DE", "verification": "verified"}
    return SellerRegistered(**(given | fields))


def sighted(kind: str, **fields: Any) -> Sighting:
    given: dict[str, Any] = {"kind": kind, "value": f"k:{kind}", "events": 1}
    return Sighting(**(given | fields))


def known_buyer(own: int = 0, **history: Any) -> Sighting:
    """A buyer that the marketplace has seen before, `own` times with this seller."""
    habits: dict[str, Any] = {"orders": 6, "orders_30d": 3.0, "log_amount_mean": 8.27, "log_amount_var": 0.1}
    return sighted("buyer", events=6, own=own, buyer=BuyerHistory(**(habits | history)))


def shared_with(kind: str, *sellers: str, status: Any = "", among: int | None = None) -> Sighting:
    """A value that the seller gives as its own, as other sellers do."""
    others = tuple(OtherSeller(seller, MONDAY, "seller", status) for seller in sellers)
    return sighted(kind, role="seller", sellers=len(sellers) if among is None else among, others=others)


def record(body: LogBody, **fields: Any) -> Record:
    number = next(_numbers)
    time = fields.get("event_time", MONDAY)
    given: dict[str, Any] = {
        "partition": 0,
        "source": Source("orders", 0, number),
        "logged_at": time + 1_000,
        "event_id": f"event-{number}",
        "event_time": time,
        "seller_id": "seller-1",
    }
    return Record(body=body, **(given | fields))


class Market:
    """Folds records as watch does, and keeps all that came of them."""

    def __init__(self, models: Models = PRIOR_MODELS, policy: Policy | None = None) -> None:
        self.models, self.policy = models, policy or Policy()
        self.sellers: dict[str, Profile] = {}
        self.order_rows: dict[str, OrderRow] = {}
        self.texts: dict[str, KeptText] = {}
        self.effects = Effects()
        self.now = MONDAY
        self._offset = 0

    def fold(self, records: Iterable[Record]) -> Effects:
        batch = list(records)
        offsets = range(self._offset, self._offset + len(batch))
        self._offset += len(batch)
        kept = self.order_rows, self.models, self.policy, self.texts
        effects = fold(batch, offsets, self.sellers, *kept)
        self.order_rows.update(effects.order_rows)
        self.texts.update(effects.texts)
        self.effects.decisions += effects.decisions
        self.effects.alerts += effects.alerts
        self.effects.rows += effects.rows
        self.effects.candidates += effects.candidates
        self.effects.changed |= effects.changed
        self.effects.duplicates += effects.duplicates
        return effects

    def happens(self, body: LogBody, *seen: Sighting, days: float = 0.0, **fields: Any) -> Effects:
        """One event, `days` after the one before."""
        self.now += int(days * DAY)
        return self.fold([record(body, event_time=self.now, seen=seen, **fields)])

    def seller(self, seller_id: str = "seller-1") -> Profile:
        return self.sellers[seller_id]

    def patterns(self) -> list[str]:
        """Patterns that alerted, in order."""
        return [alert.pattern for alert in self.effects.alerts]

    def risk(self) -> float:
        """The seller's score after the last scored event."""
        return self.effects.decisions[-1].seller_score

    def contributions(self) -> Mapping[str, float]:
        """Reasons of the last alert."""
        return {reason.code: reason.contribution for reason in self.effects.alerts[-1].reasons}
