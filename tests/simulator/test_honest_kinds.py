from collections import Counter, defaultdict
from itertools import pairwise
from statistics import median

from tests.simulator.observed import DAY, Observed, near_equal, rebought, time_of


def test_most_sellers_are_micro_sellers_with_a_few_orders_a_month(seen: Observed) -> None:
    kinds = Counter(truth.kind for truth in seen.truth.values())

    assert kinds.most_common(1)[0][0] == "micro_seller"
    assert median(len(seen.orders[seller]) for seller in seen.kind("micro_seller")) < 15


def test_few_sellers_take_most_orders(seen: Observed) -> None:
    sizes = sorted((len(seen.orders[seller]) for seller in seen.truth), reverse=True)

    assert sum(sizes[:72]) > 0.7 * sum(sizes)


def test_a_fixed_price_seller_takes_one_amount_many_times_a_day_from_new_people(seen: Observed) -> None:
    for seller in seen.kind("fixed_price"):
        orders = seen.orders[seller]
        assert near_equal(orders, 0.0) > 0.6
        per_day = len(orders) / max((time_of(orders[-1]) - time_of(orders[0])) / DAY, 1)
        assert per_day > 15
        assert rebought(orders) < 0.3


def test_a_flash_sale_sells_a_great_part_of_a_month_within_hours(seen: Observed) -> None:
    sellers = [seller for seller in seen.kind("flash_sale") if not seen.banned(seller)]
    assert len(sellers) > 5
    for seller in sellers:
        times = [time_of(order) for order in seen.orders[seller]]
        busiest = max(sum(0 <= (other - begin) / DAY < 4 / 24 for other in times) for begin in times)
        assert busiest > 50
        assert busiest > 0.15 * len(times)


def test_a_subscription_box_bills_the_same_people_the_same_amount_at_even_gaps(seen: Observed) -> None:
    again = []
    for seller in seen.kind("subscription_box"):
        orders = seen.orders[seller]
        assert len({order["amount_minor"] for order in orders}) <= 2
        assert all("device_id" not in order for order in orders)
        by_buyer = defaultdict(list)
        for order in orders:
            by_buyer[order["buyer_id"], order["items"][0]["listing_id"]].append(time_of(order))
        gaps = [(b - a) / DAY for times in by_buyer.values() for a, b in pairwise(times)]
        periods = Counter(round(gap) for gap in gaps)
        assert not gaps or periods.most_common(1)[0][0] in {7, 14, 28}
        again.append(rebought(orders))
    assert max(again) > 0.6


def test_warehouse_shops_share_an_address_and_nothing_else(seen: Observed) -> None:
    accounts = [seen.account(seller) for seller in seen.kind("warehouse_shop")]

    assert len(accounts) > 30
    assert len({str(account["address"]) for account in accounts}) == 1
    assert len({account["payout_account"] for account in accounts}) == len(accounts)
    parcels = [parcel for seller in seen.kind("warehouse_shop")
               for parcel in seen.followed_by(seen.orders[seller], "shipment.created")]  # fmt: skip
    assert len({str(parcel["origin"]) for parcel in parcels}) == 1


def test_a_business_seller_sells_large_quantities_to_firms_in_office_hours(seen: Observed) -> None:
    orders = [order for seller in seen.kind("business_seller") for order in seen.orders[seller]]

    assert {order["buyer_kind"] for order in orders} == {"business"}
    assert median(item["quantity"] for order in orders for item in order["items"]) > 10
    working = [time_of(order).weekday() < 5 and 7 <= time_of(order).hour < 18 for order in orders]
    assert working.count(True) > 0.85 * len(working)


def test_people_buy_in_the_evening_not_at_night(seen: Observed) -> None:
    hours = Counter(time_of(order).hour for seller in seen.kind("shop") for order in seen.orders[seller])

    assert hours[20] > 10 * hours[3]
