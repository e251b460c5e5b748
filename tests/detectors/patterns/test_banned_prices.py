"""The prices of a banned seller: brought along they join other facts, a grid that many use says nothing."""

import pytest

from detectors.decision import say_time
from detectors.events import DAY
from detectors.patterns.prices import EARLY, unusual
from streams.facts.encoding import decode_value
from streams.facts.touching import MAX_SELLERS
from tests.builders import MONDAY
from tests.detectors.marketplace import Marketplace
from tests.detectors.patterns.test_features import features
from tests.streams.test_gathering import Gatherer
from tests.upstream import event

ODD = (1137, 2261, 1846, 3924, 5273, 2712, 4466, 1933, 6151)
GRID = (999, 1499, 1999, 2499, 2999, 3995, 4950, 5900, 9900)


def test_prices_and_the_network_of_a_banned_seller_score_more_than_either_and_are_told_in_numbers() -> None:
    trades = Marketplace()
    trades.happens("seller.registered", "hydra", device_id="d1")
    trades.banned("hydra", *ODD)

    both = trades.opens("heir", *ODD[:7], 3217, 8861, device_id="d1", verification="pending")
    device = trades.opens("nephew", 1117, 2223, 7717, 3312, device_id="d1", verification="pending")
    prices = trades.opens("double", *ODD[:7], 3216, 8862)

    assert both > device + 0.1
    assert both > prices + 0.1
    assert trades.alerted("heir")[:1] == ["return_after_ban"]
    assert (trades.alerted("nephew"), trades.alerted("double")) == ([], [])
    said = {r.code: r.text for alert in trades.market.effects.alerts for r in alert.reasons}
    assert "2 of its first 2 prices or so are those of hydra, who was banned or confirmed" in said["banned_prices"]


def test_every_price_of_a_banned_seller_is_no_alert_by_itself() -> None:
    trades = Marketplace()
    trades.banned("hydra", *ODD, *(price + 3_000 for price in ODD))

    trades.opens("double", *ODD, *(price + 3_000 for price in ODD), verification="none")

    assert trades.market.seller("double").banned_prices is not None
    assert trades.alerted("double") == []


def test_shops_on_the_grid_of_usual_prices_have_nothing_to_do_with_each_other() -> None:
    trades = Marketplace()
    trades.banned("hydra", *GRID)

    trades.opens("shop", *GRID)

    assert trades.market.seller("shop").banned_prices is None
    assert not [key for key in trades.gatherer.memory if key.startswith("v:price")]


def test_one_price_by_chance_says_nothing() -> None:
    trades = Marketplace()
    trades.banned("hydra", *ODD)

    trades.opens("shop", 999, 1137, 2499, 1137)

    assert features(trades.market)["banned_prices"] == 0.0


def test_resellers_of_one_catalogue_are_not_known_by_its_prices() -> None:
    few, many = Marketplace(), Marketplace()
    for trades, resellers in ((few, 0), (many, MAX_SELLERS)):
        for number in range(resellers):
            trades.sells(f"reseller-{number}", *ODD)
        trades.banned("hydra", *ODD)
        trades.opens("shop", *ODD)

    assert features(few.market)["banned_prices"] > 0.5
    assert features(many.market)["banned_prices"] == 0.0
    kept = [decode_value(raw) for key, raw in many.gatherer.memory.items() if key.startswith("v:price")]
    assert all(value.sellers == [] for value in kept)


def test_every_price_of_an_order_counts_for_how_many_a_shop_has() -> None:
    trades = Marketplace()
    trades.banned("hydra", *ODD)
    trades.happens("seller.registered", "shop")

    for number, price in enumerate(ODD):
        asked = [price, *(10_001 + 40 * number + 10 * place for place in range(5))]
        items = [{"quantity": 1, "unit_amount_minor": amount} for amount in asked]
        trades.happens("order.placed", "shop", order_id=f"s{number}", amount_minor=sum(asked), items=items)

    prices = trades.market.seller("shop").banned_prices
    assert prices is not None
    assert len(prices.points) // 4 == len(ODD)
    assert 35 < prices.prices <= 50
    assert features(trades.market)["banned_prices"] < 0.25


def test_a_shop_that_has_traded_for_long_is_not_met_by_chance() -> None:
    trades = Marketplace()
    trades.banned("hydra", *ODD)

    trades.opens("shop", *range(1001, 1001 + 10 * EARLY, 10), 8887, *ODD)

    assert trades.market.seller("shop").banned_prices is None


def test_a_shop_whose_prices_were_copied_is_not_the_one_that_came_back() -> None:
    trades = Marketplace()
    trades.happens("seller.registered", "honest")
    trades.sells("honest", *ODD[:4])
    trades.banned("copycat", *ODD[:4])

    trades.sells("honest", *ODD[:4])

    assert trades.market.seller("honest").banned_prices is None


def test_prices_gathered_again_after_a_crash_name_the_same_sellers() -> None:
    gatherer = Gatherer()
    items = [{"quantity": 1, "unit_amount_minor": ODD[0]}]
    batch = [
        event("order.placed", seller_id="hydra", order_id="o1", items=items, event_time="2026-03-01T12:00:00Z"),
        event("seller.banned", seller_id="hydra", event_time="2026-03-01T13:00:00Z"),
        event("order.placed", seller_id="heir", order_id="o2", items=items, event_time="2026-03-01T14:00:00Z"),
        event("seller.banned", seller_id="heir", event_time="2026-03-01T15:00:00Z"),
        event("order.placed", seller_id="hydra", order_id="o3", items=items, event_time="2026-03-01T16:00:00Z"),
    ]
    first = [[seen for seen in record.seen if seen.kind == "price"] for record in gatherer.gather(*batch)]
    memory, gatherer.offset = dict(gatherer.memory), 0

    again = [[seen for seen in record.seen if seen.kind == "price"] for record in gatherer.gather(*batch)]

    assert [[other.seller_id for seen in found for other in seen.others] for found in first] == [
        [], [], ["hydra"], [], []
    ]  # fmt: skip
    assert again == first
    assert gatherer.memory == memory


def test_listings_show_it_before_anything_is_sold() -> None:
    trades = Marketplace()
    trades.banned("hydra", *ODD)
    trades.happens("seller.registered", "heir")

    for price in ODD[:4]:
        trades.happens("listing.published", "heir", listing_id=f"l{price}", amount_minor=price, currency="EUR")

    prices = trades.market.seller("heir").banned_prices
    assert prices is not None
    assert (prices.of, len(prices.points) // 4, prices.prices) == ("hydra", 4, 4)


def test_the_log_is_told_of_prices_only_where_a_banned_seller_asked_them() -> None:
    trades = Marketplace()
    trades.sells("first", *ODD[:2])

    items = [{"quantity": 1, "unit_amount_minor": price} for price in ODD[:2]]
    asks = {"seller_id": "second", "items": items, "event_time": say_time(trades.now + DAY)}
    (before,) = trades.gatherer.gather(event("order.placed", order_id="x", **asks))
    trades.happens("seller.banned", "first")
    (after,) = trades.gatherer.gather(event("order.placed", order_id="y", **asks))

    assert [seen.kind for seen in before.seen if seen.kind == "price"] == []
    assert [(s.value, s.others[0].seller_id) for s in after.seen if s.kind == "price"] == [
        ("EUR.1137", "first"), ("EUR.2261", "first")
    ]  # fmt: skip


def test_a_price_that_is_asked_again_is_read_but_not_written() -> None:
    gatherer = Gatherer()
    order = event("order.placed", items=[{"quantity": 1, "unit_amount_minor": ODD[0]}])
    gatherer.gather(order)

    again = gatherer.run(gatherer.incoming(event("order.placed", order_id="o2", items=order["items"])))

    assert [key for key in again.changes() if key.startswith("v:price")] == []
    assert f"v:price:EUR.{ODD[0]}" in again.first_keys()


def test_a_price_that_its_seller_still_asks_is_written_anew_after_a_month() -> None:
    gatherer = Gatherer()
    items = [{"quantity": 1, "unit_amount_minor": ODD[0]}]
    written = []
    for number, day in enumerate((0, 29, 31, 60, 62)):
        order = event("order.placed", order_id=f"o{number}", items=items, event_time=say_time(MONDAY + day * DAY))
        gathering = gatherer.run(gatherer.incoming(order))
        written.append(any(key.startswith("v:price") for key in gathering.changes()))

    assert written == [True, False, True, False, True]


@pytest.mark.parametrize(
    ("amount", "counts"), [(1137, True), (1999, False), (1990, False), (1995, False), (1998, False), (211, False)]
)
def test_prices_that_shops_choose_do_not_count(amount: int, counts: bool) -> None:
    assert unusual(amount) == counts


def test_a_price_that_too_many_ask_is_remembered_as_common_while_they_do() -> None:
    gatherer, key = Gatherer(), "v:price:EUR.1137"
    items = [{"quantity": 1, "unit_amount_minor": ODD[0]}]
    for number in range(MAX_SELLERS + 1):
        gatherer.gather(event("order.placed", seller_id=f"shop-{number}", order_id=f"o-{number}", items=items))
    crowded = gatherer.memory[key]
    soon, later = (say_time(MONDAY + days * DAY) for days in (5, 90))
    gatherer.gather(event("order.placed", seller_id="shop-1", order_id="o-s", items=items, event_time=soon))
    at_once = gatherer.memory[key]
    gatherer.gather(event("order.placed", seller_id="shop-1", order_id="o-l", items=items, event_time=later))

    assert at_once == crowded
    value = decode_value(gatherer.memory[key])
    assert (value.last_seen, value.sellers, value.distinct) == (MONDAY + 90 * DAY, [], MAX_SELLERS + 1)
