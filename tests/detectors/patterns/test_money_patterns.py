"""Payment mix and escrow: money that is gone for good, and honest shops that take it, too."""

import pytest

from detectors.events import OrderDelivered, PaymentCaptured, PaymentDisputed, PaymentReleased
from tests.builders import MONDAY, Market, known_buyer, order_placed, payment, registered, sighted
from tests.detectors.patterns.test_features import features
from tests.detectors.shipping import known


def pays(
    market: Market, count: int, *, of_ten: int, method: str = "crypto", days: float = 0.3, **fields: object
) -> Market:
    """So many orders, `of_ten` of ten paid by `method`, the others by card."""
    for number in range(count):
        body = order_placed(amount_minor=2_000 + 700 * (number % 9))
        risky = number % 10 < of_ten
        market.happens(body, days=days)
        paid = payment(PaymentCaptured, order_id=body.order_id, method=method if risky else "card", **fields)
        market.happens(paid)
    return market


def test_an_unknown_seller_who_is_paid_in_coins_alone_alerts_within_20_orders() -> None:
    market = pays(Market(), 20, of_ten=10, currency="BTC")

    assert set(market.patterns()) == {"payment_mix"}
    codes = [reason.code for reason in market.effects.alerts[0].reasons[:3]]
    assert {"crypto", "unknown_account"} <= set(codes)


def test_a_verified_shop_of_some_age_where_four_of_ten_pay_in_coins_does_not() -> None:
    market = Market()
    market.happens(registered())
    market.now += 200 * 86_400_000_000
    pays(market, 80, of_ten=4)

    assert market.patterns() == []
    assert market.risk() < 0.6


def test_a_seller_whose_customers_pay_by_card_has_no_such_state() -> None:
    assert pays(Market(), 10, of_ten=0).seller().payment_mix is None


def test_some_vouchers_are_no_gift_card_trade_and_nothing_else_is() -> None:
    some, only = Market(), Market()
    for market, of_ten in ((some, 1), (only, 10)):
        market.happens(registered(verification="none"))
        pays(market, 30, of_ten=of_ten, method="gift_card")

    assert some.patterns() == []
    assert only.patterns()[:1] == ["payment_mix"]


def test_a_listed_wallet_says_so_and_fades() -> None:
    market = Market()
    market.happens(registered())
    market.happens(payment(method="crypto", instrument="k:w"), sighted("wallet", listed="ofac"))
    now = features(market)["wallet_listed"]
    market.happens(order_placed(), days=90.0)

    assert now == 1.0
    assert features(market)["wallet_listed"] < 0.1


def confirms(market: Market, count: int, buyers: int, *, days: float = 0.4, delivered: bool = False) -> Market:
    for number in range(count):
        buyer, times = f"k:buyer-{number % buyers}", number // buyers
        body = order_placed(amount_minor=1_500 + 900 * (number % 7), buyer_id=buyer)
        market.happens(body, known_buyer(own=times), days=days)
        if delivered:
            market.happens(OrderDelivered(body.order_id), days=1.0)
        context = known(buyer=buyer, delivered_at=MONDAY if delivered else 0)
        released = PaymentReleased(body.order_id, confirmed_by="buyer" if delivered else "early")
        market.happens(released, order=context)
    market.happens(order_placed())
    return market


def test_a_circle_that_confirms_at_once_alerts() -> None:
    market = Market()
    market.happens(registered())
    confirms(market, 20, buyers=6)

    assert set(market.patterns()) == {"escrow"}
    reasons = [reason.code for reason in market.effects.alerts[0].reasons]
    assert {"released_ahead", "same_buyers"} <= set(reasons[:2])


def test_goods_that_ever_new_people_pick_up_do_not() -> None:
    market = Market()
    market.happens(registered())
    confirms(market, 60, buyers=1_000)

    assert market.patterns() == []


def test_the_same_circle_that_confirms_what_has_come_does_not() -> None:
    market = Market()
    market.happens(registered())
    confirms(market, 40, buyers=6, delivered=True)

    assert features(market)["escrow_ahead"] == 0.0
    assert "escrow" not in market.patterns()


@pytest.mark.parametrize("told", [True, False])
def test_a_missing_delivery_counts_only_where_deliveries_are_told_of(told: bool) -> None:
    market = Market()
    market.happens(registered())
    market.happens(PaymentReleased("order-0", confirmed_by="buyer"), order=known())
    if told:
        market.happens(OrderDelivered("order-0"))
    for number in range(8):
        market.happens(PaymentReleased(f"order-{number}", confirmed_by="buyer"), order=known())
    market.happens(order_placed())

    assert (features(market)["escrow_ahead"] > 0.2) == told


def test_a_dispute_after_the_money_had_gone_without_delivery_is_a_gap() -> None:
    gap, paid = Market(), Market()
    for market, delivered in ((gap, 0), (paid, MONDAY)):
        market.happens(PaymentReleased("order-1", confirmed_by="early"), order=known())
        context = known(released_at=MONDAY, delivered_at=delivered)
        market.happens(PaymentDisputed("order-1"), days=5.0, order=context)
        market.happens(order_placed())

    assert features(gap)["escrow_disputed"] > 0.2
    assert features(paid)["escrow_disputed"] == 0.0
