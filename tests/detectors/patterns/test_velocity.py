"""Bursts that are not the seller's own doing: takeovers, bust-outs, a turn to crypto."""

from typing import Any

from detectors.events import SellerUpdated
from tests.builders import Market, registered
from tests.detectors.trades import Trade, flash_sale, shop


def dormant_shop() -> Trade:
    """Sold for two months, then nothing for half a year."""
    trade = Trade()
    trade.market.happens(registered(payout_account="k:old", device_id="k:phone"))
    for number in range(40):
        trade.order(trade.dice.randrange(900, 6_000), f"buyer-{number}", days=1.5)
    trade.market.now += 180 * 86_400_000_000
    return trade


def test_a_dormant_account_that_changes_hands_and_sells_fast_is_found_within_20_orders() -> None:
    trade = dormant_shop()
    trade.market.happens(SellerUpdated(payout_account="k:thief", device_id="k:other"))
    for number in range(20):
        trade.order(trade.dice.randrange(9_000, 25_000), f"victim-{number}", days=0.1)

    assert set(trade.market.patterns()) == {"takeover", "velocity"}
    assert {"woken", "account_changed"} <= set(trade.market.contributions())


def test_a_seasonal_seller_who_comes_back_is_left_alone() -> None:
    trade = dormant_shop()
    for number in range(40):
        trade.order(trade.dice.randrange(900, 6_000), f"again-{number}", days=0.3)

    assert trade.market.effects.alerts == []


def test_a_shop_that_changes_its_payout_account_is_left_alone() -> None:
    market = shop(60)
    market.happens(SellerUpdated(payout_account="k:old"))
    market.happens(SellerUpdated(payout_account="k:new"))
    trade = Trade(market, seed=3)
    for number in range(40):
        trade.order(trade.dice.randrange(900, 9_000), f"later-{number}", days=0.3)

    assert market.effects.alerts == []


def test_a_seasonal_seller_who_comes_back_with_a_new_phone_is_left_alone() -> None:
    trade = dormant_shop()
    trade.market.happens(SellerUpdated(device_id="k:new phone"))
    for number in range(40):
        trade.order(trade.dice.randrange(900, 6_000), f"again-{number}", days=0.3)

    assert trade.market.effects.alerts == []


def busy_shop(**changed: Any) -> Trade:
    market = shop(80)
    market.happens(SellerUpdated(device_id="k:phone", payout_account="k:bank"))
    market.happens(SellerUpdated(**changed), days=0.2)
    return Trade(market, seed=5)


def test_a_busy_shop_that_changes_hands_and_sells_what_was_never_so_dear_is_found() -> None:
    trade = busy_shop(device_id="k:thief", payout_account="k:thief")
    for number in range(20):
        trade.order(trade.dice.randrange(30_000, 60_000), f"victim-{number}", days=0.01)

    assert set(trade.market.patterns()) == {"velocity"}
    assert {"account_changed", "amount_in_burst"} <= set(trade.market.contributions())


def test_a_flash_sale_right_after_a_new_phone_and_bank_is_left_alone() -> None:
    trade = busy_shop(device_id="k:new phone", payout_account="k:new bank")
    for number in range(120):
        trade.order(1_499, f"hurry-{number}", days=0.005)

    assert trade.market.effects.alerts == []


def test_a_flash_sale_is_left_alone() -> None:
    assert flash_sale().effects.alerts == []


def test_a_shop_whose_buyers_all_turn_to_crypto_is_found() -> None:
    market = shop(80)
    trade = Trade(market, seed=4)
    for number in range(20):
        trade.order(3_200, f"coin-{number % 12}", days=0.3, country="FR", method="crypto", confirmed_by="early")

    assert market.effects.alerts
    assert {"turn_to_risky_money", "method_turn", "risky_payment"} & set(market.contributions())


def test_who_turns_to_crypto_at_its_own_pace_is_found_by_its_payments() -> None:
    market = shop(80)
    trade = Trade(market, seed=4)
    for number in range(20):
        trade.order(900 + 250 * number, f"coin-{number}", days=0.5, method="crypto")

    assert set(market.patterns()) == {"payment_mix"}
    assert market.effects.alerts[0].reasons[0].code == "turn_to_risky_money"


def test_the_first_orders_of_a_new_seller_are_no_burst() -> None:
    trade = Trade(Market())
    trade.market.happens(registered())
    for number in range(6):
        trade.order(2_000 + 900 * number, f"first-{number}", days=0.02)

    assert trade.market.risk() < 0.4
