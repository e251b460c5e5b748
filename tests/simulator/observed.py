"""One marketplace, watched from outside: what its events show of each seller."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from simulator import Marketplace, Truth

Fields = dict[str, Any]
DAY = timedelta(days=1)


def time_of(event: Fields) -> datetime:
    return datetime.fromisoformat(event["event_time"])


@dataclass
class Observed:
    market: Marketplace
    truth: dict[str, Truth]
    events: list[Fields]
    orders: dict[str, list[Fields]] = field(default_factory=lambda: defaultdict(list))
    """By seller."""
    about_order: dict[str, list[Fields]] = field(default_factory=lambda: defaultdict(list))
    about_seller: dict[str, list[Fields]] = field(default_factory=lambda: defaultdict(list))
    """Its account's events."""

    @classmethod
    def of(cls, market: Marketplace) -> "Observed":
        truths = map(msgspec.json.Decoder(Truth).decode, market.truth())
        events = [msgspec.json.decode(event) for event in market.events()]
        seen = cls(market, {truth.seller_id: truth for truth in truths}, events)
        for event in seen.events:
            if event["type"] == "order.placed":
                seen.orders[event["seller_id"]].append(event)
            if event["type"].startswith("seller."):
                seen.about_seller[event["seller_id"]].append(event)
            if "order_id" in event:
                seen.about_order[event["order_id"]].append(event)
        return seen

    def kind(self, kind: str) -> list[str]:
        """Ids of its sellers; a test that finds none tests nothing."""
        found = [truth.seller_id for truth in self.truth.values() if truth.kind == kind]
        assert found, f"no {kind} in this marketplace"
        return found

    def groups(self, kind: str) -> Iterator[list[str]]:
        """Sellers of one owner, in order of registration."""
        by_group = defaultdict(list)
        for seller in self.kind(kind):
            by_group[self.truth[seller].group].append(seller)
        for members in by_group.values():
            yield sorted(members, key=lambda seller: time_of(self.account(seller)))

    def account(self, seller: str) -> Fields:
        return next(event for event in self.about_seller[seller] if event["type"] == "seller.registered")

    def banned(self, seller: str) -> datetime | None:
        times = [time_of(event) for event in self.about_seller[seller] if event["type"] == "seller.banned"]
        return times[-1] if times else None

    def illicit_orders(self, seller: str) -> list[Fields]:
        wanted = set(self.truth[seller].orders)
        return [order for order in self.orders[seller] if order["order_id"] in wanted]

    def followed_by(self, orders: list[Fields], kind: str) -> list[Fields]:
        return [event for order in orders for event in self.about_order[order["order_id"]] if event["type"] == kind]


def near_equal(orders: list[Fields], tolerance: float = 0.05) -> float:
    """Share of orders close to the middle amount."""
    amounts: list[int] = sorted(order["amount_minor"] for order in orders)
    middle = amounts[len(amounts) // 2]
    return sum(abs(amount - middle) <= tolerance * middle for amount in amounts) / len(amounts)


def rebought(orders: list[Fields]) -> float:
    """Share of orders by someone who had bought there before."""
    return 1 - len({order["buyer_id"] for order in orders}) / len(orders)
