"""Upstream events all the way: what intake gathers of them, and what the fold makes of that."""

from typing import Any

import msgspec

from detectors.decision import say_time
from detectors.events import DAY, Micros
from tests.builders import MONDAY, Market
from tests.streams.test_gather import Gatherer
from tests.upstream import event


class Marketplace:
    """Events as they come, three hours apart, are gathered, then folded."""

    def __init__(self) -> None:
        self.gatherer, self.market = Gatherer(), Market()
        self.now: Micros = MONDAY

    def happens(self, kind: str, seller: str, *, days: float = 0.125, **fields: Any) -> None:
        self.now += int(days * DAY)
        records = self.gatherer.gather(event(kind, seller_id=seller, event_time=say_time(self.now), **fields))
        self.market.fold([msgspec.structs.replace(record, logged_at=self.now) for record in records])

    def sells(self, seller: str, *prices: int, title: str = "Thing", buyer: str = "", days: float = 0.125) -> None:
        """An order of one piece at each price."""
        for price in prices:
            items = [{"quantity": 1, "unit_amount_minor": price, "title": title}]
            ids = {"order_id": f"order-{self.now}", "buyer_id": buyer or f"buyer-{self.now}"}
            self.happens("order.placed", seller, days=days, amount_minor=price, items=items, **ids)

    def banned(self, seller: str, *prices: int) -> None:
        """A seller that asked these prices, and was banned."""
        self.happens("seller.registered", seller)
        self.sells(seller, *prices)
        self.happens("seller.banned", seller)

    def opens(self, seller: str, *prices: int, **account: Any) -> float:
        """A new seller and its first orders; its highest score."""
        self.happens("seller.registered", seller, country="DE", **account)
        self.sells(seller, *prices)
        return self.highest(seller)

    def highest(self, seller: str) -> float:
        """The seller's highest score so far."""
        return max(d.seller_score for d in self.market.effects.decisions if d.seller_id == seller)

    def alerted(self, seller: str) -> list[str]:
        """Patterns that alerted on the seller, in order."""
        return [alert.pattern for alert in self.market.effects.alerts if alert.seller_id == seller]
