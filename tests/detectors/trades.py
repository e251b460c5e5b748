"""Sellers of all kinds, as sequences of events; a test says which one it is about."""

import random
from collections.abc import Sequence
from typing import Literal

from detectors.events import (
    Item,
    OrderPlaced,
    PaymentCaptured,
    PaymentReleased,
    Place,
    ReportFiled,
    Sighting,
)
from tests.builders import Market, known_buyer, order_placed, payment, registered, sighted


class Trade:
    """One seller's orders, each with a known or a new buyer, a payment and a release."""

    def __init__(self, market: Market | None = None, seed: int = 1) -> None:
        self.market = market or Market()
        self.dice = random.Random(seed)
        self.bought: dict[str, int] = {}

    def order(
        self,
        amount: int,
        buyer: str,
        *,
        days: float = 0.0,
        country: str = "DE",
        method: str = "card",
        confirmed_by: Literal["buyer", "timeout", "early"] | None = "buyer",
        kind: Literal["consumer", "business"] = "consumer",
        category: str = "garden",
        seen: Sequence[Sighting] = (),
    ) -> OrderPlaced:
        times = self.bought.get(buyer, 0)
        self.bought[buyer] = times + 1
        body = order_placed(
            amount_minor=amount,
            buyer_id=buyer,
            ship_to=Place(country),
            buyer_kind=kind,
            items=(Item(1, amount, category=category),),
        )
        known = (known_buyer(own=times),) if times else (sighted("buyer", own=0),)
        self.market.happens(body, *known, *seen, days=days)
        self.market.happens(payment(PaymentCaptured, order_id=body.order_id, amount_minor=amount, method=method))
        if confirmed_by:
            self.market.happens(PaymentReleased(body.order_id, confirmed_by=confirmed_by))
        return body


def covert(orders: int = 20, **account: str) -> Market:
    """A small circle that comes back after days, abroad, partly in crypto, releasing money at once."""
    trade = Trade()
    trade.market.happens(registered(**({"verification": "pending"} | account)))
    circle = [f"friend-{n}" for n in range(9)]
    for number in range(orders):
        trade.order(
            trade.dice.randrange(3_860, 3_940),
            trade.dice.choice(circle),
            days=trade.dice.uniform(0.1, 0.8),
            country=trade.dice.choice(["DE", "FR", "NL"]),
            method="crypto" if number % 6 == 5 else "card",
            confirmed_by="early" if number % 3 == 1 else "buyer",
        )
        if number == 14:
            trade.market.happens(ReportFiled("suspicious"))
    return trade.market


def shop(orders: int = 120) -> Market:
    """Many goods, many buyers, some of whom return."""
    trade = Trade()
    trade.market.happens(registered())
    for number in range(orders):
        buyer = f"buyer-{trade.dice.randrange(max(number, 1))}" if trade.dice.random() < 0.2 else f"new-{number}"
        trade.order(int(trade.dice.lognormvariate(8.0, 0.7)), buyer, days=trade.dice.expovariate(2.0))
    return trade.market


def subscription_box(subscribers: int = 40, weeks: int = 8, every: int = 7) -> Market:
    """One price, the same buyers, like clockwork; billed at six in the morning."""
    trade = Trade()
    trade.market.happens(registered())
    day_of = {f"subscriber-{n}": n % every for n in range(subscribers)}
    for _ in range(weeks):
        for day in range(every):
            due = [name for name, its in day_of.items() if its == day]
            for place, name in enumerate(due):
                trade.order(2_490, name, days=0.0 if place else 1.0)
            trade.market.now += 0 if due else 86_400_000_000
    return trade.market


def fixed_price(orders: int = 400) -> Market:
    """One article, sold all day to ever new people, many of them abroad."""
    trade = Trade()
    trade.market.happens(registered())
    for number in range(orders):
        country = trade.dice.choice(["DE", "DE", "FR", "IT", "PL"])
        trade.order(1_290, f"new-{number}", days=trade.dice.expovariate(30.0), country=country)
    return trade.market


def flash_sale() -> Market:
    """An ordinary shop that sells one article 150 times in an afternoon."""
    market = shop(60)
    trade = Trade(market, seed=2)
    for number in range(150):
        buyer = f"buyer-{trade.dice.randrange(30)}" if trade.dice.random() < 0.15 else f"flash-{number}"
        trade.order(1_990, buyer, days=trade.dice.expovariate(600.0))
    return market


def wholesaler(orders: int = 150) -> Market:
    """Firms that buy by the hundred and come back."""
    trade = Trade()
    trade.market.happens(registered())
    firms = [f"firm-{n}" for n in range(15)]
    for _ in range(orders):
        amount = int(trade.dice.lognormvariate(11.5, 0.8))
        trade.order(amount, trade.dice.choice(firms), days=trade.dice.expovariate(1.5), kind="business")
    return trade.market
