"""Small amounts again and again: found within 20 orders, and boxes, sales and fixed prices left alone."""

from collections.abc import Callable

import pytest

from tests.builders import Market, registered, sighted
from tests.detectors.patterns.test_features import features
from tests.detectors.trades import Trade, covert, fixed_price, flash_sale, shop, subscription_box, wholesaler


def test_a_small_circle_that_buys_again_and_again_is_found_within_20_orders() -> None:
    market = covert(20)

    assert "small_repeat" in market.patterns()
    assert market.seller().orders <= 20


def test_its_alert_says_in_numbers_what_was_seen() -> None:
    market = covert(20)
    alert = next(a for a in market.effects.alerts if a.pattern == "small_repeat")
    texts = {reason.code: reason.text for reason in alert.reasons}

    assert len(alert.reasons) >= 3
    assert "orders within 2 % of EUR 38." in texts["near_repeat"] or "EUR 39." in texts["near_repeat"]
    assert "peers: 3 of 10" in texts["near_repeat"]
    assert "before delivery" in texts["released_early"]
    assert alert.evidence.orders


@pytest.mark.parametrize(
    "honest",
    [
        shop,
        fixed_price,
        flash_sale,
        wholesaler,
        subscription_box,
        lambda: subscription_box(25, weeks=12),
        lambda: subscription_box(120, weeks=3, every=28),
    ],
    ids=["shop", "fixed price", "flash sale", "wholesaler", "box", "small box", "monthly box"],
)
def test_honest_trade_stays_below_the_line(honest: Callable[[], Market]) -> None:
    market = honest()

    assert market.effects.alerts == []
    assert max(decision.seller_score for decision in market.effects.decisions) < 0.65


def test_without_what_makes_it_covert_the_same_prices_and_circle_are_no_alert() -> None:
    trade = Trade()
    trade.market.happens(registered())
    for number in range(60):
        trade.order(3_900, f"friend-{number % 9}", days=0.4)

    assert trade.market.effects.alerts == []


def regulars(price: int, customers: int, *, a_day: int, orders: int = 60) -> Market:
    """A newcomer next door: the same people come back when they like, and pay the same."""
    trade = Trade(seed=4)
    trade.market.happens(registered(verification="pending"))
    for _ in range(orders):
        trade.order(price, f"regular-{trade.dice.randrange(customers)}", days=trade.dice.expovariate(a_day))
    return trade.market


@pytest.mark.parametrize(("price", "customers", "a_day"), [(450, 8, 2), (1_990, 25, 5)], ids=["bread", "coffee"])
def test_regulars_who_come_back_without_rhythm_are_no_alert(price: int, customers: int, a_day: int) -> None:
    market = regulars(price, customers, a_day=a_day)

    assert market.patterns() == []
    assert 0.3 < market.risk() < 0.7


def test_an_office_that_orders_lunch_from_one_computer_is_no_alert() -> None:
    trade = Trade(seed=6)
    trade.market.happens(registered())
    kiosk = sighted("device", own=40, events=40, sellers=0)
    for number in range(60):
        trade.order(890, f"colleague-{number}", days=0.2, seen=(kiosk,))

    assert trade.market.patterns() == []
    assert features(trade.market)["pool_shared"] > 0.5


def test_it_takes_some_orders_to_be_sure() -> None:
    assert covert(4).effects.alerts == []
