from collections import Counter
from datetime import datetime

import pytest

from simulator.kinds.device_ring import DeviceRing
from simulator.kinds.kyc_mule import KycMule
from simulator.kinds.warehouse_shop import WarehouseShop
from simulator.population import HONEST, cast, company
from tests.simulator.observed import Observed, time_of


def test_every_seller_of_the_stream_has_its_truth_and_the_other_way_round(seen: Observed) -> None:
    assert {event["seller_id"] for event in seen.events if "seller_id" in event} <= set(seen.truth)
    assert len(seen.truth) == 360


def test_illicit_orders_are_real_orders_of_that_seller_and_not_before_it_turned(seen: Observed) -> None:
    for seller, truth in seen.truth.items():
        assert bool(truth.orders) <= truth.illicit
        assert (truth.since is None) == (not truth.illicit)
        orders = seen.illicit_orders(seller)
        assert len(orders) == len(truth.orders)
        assert all(time_of(order) >= datetime.fromisoformat(truth.since or "") for order in orders)


def test_about_the_share_asked_for_is_illicit(seen: Observed) -> None:
    assert sum(truth.illicit for truth in seen.truth.values()) == 29


def test_groups_belong_to_rings_and_returns_only(seen: Observed) -> None:
    grouped = {truth.kind for truth in seen.truth.values() if truth.group}
    assert grouped == {"device_ring", "return_after_ban"}


def test_no_order_is_taken_under_a_ban(seen: Observed) -> None:
    bans = 0
    for seller, truth in seen.truth.items():
        if truth.illicit and (banned := seen.banned(seller)):
            bans += 1
            assert all(time_of(order) < banned for order in seen.orders[seller])
    assert bans >= 5


def test_complaints_are_late_and_meet_illicit_sellers_far_more_often(seen: Observed) -> None:
    orders: Counter[bool] = Counter()
    disputes: Counter[bool] = Counter()
    for seller, truth in seen.truth.items():
        orders[truth.illicit] += len(seen.orders[seller])
        for order in seen.orders[seller]:
            for dispute in seen.followed_by([order], "payment.disputed"):
                disputes[truth.illicit] += 1
                assert (time_of(dispute) - time_of(order)).days >= 1

    assert 0.0005 < disputes[False] / orders[False] < 0.005
    assert disputes[True] / orders[True] > 8 * disputes[False] / orders[False]


@pytest.mark.parametrize("sellers", [1, 2, 7, 30, 100, 1_000])
def test_every_number_of_sellers_is_dealt_out_whole(sellers: int) -> None:
    assert [role.number for role in cast(3, sellers, 0.05)] == list(range(sellers))


def test_two_hundred_sellers_show_every_honest_kind_and_five_hundred_every_illicit_one() -> None:
    honest = {role.kind for role in cast(3, 200, 0.05) if not role.kind.illicit}
    illicit = {role.kind for role in cast(3, 500, 0.06) if role.kind.illicit}

    assert len(honest) == len(HONEST)
    assert len(illicit) == 13


def test_a_company_has_what_was_asked_for_and_whole_groups() -> None:
    roles = company(3, {WarehouseShop: 7, DeviceRing: 9, KycMule: 2})
    rings = Counter(role.group for role in roles if role.kind is DeviceRing)

    assert [role.number for role in roles] == list(range(len(roles)))
    assert sum(role.kind is WarehouseShop for role in roles) == 7
    assert sum(rings.values()) >= 9
    assert all(3 <= size <= 8 for size in rings.values())
    assert {role.group for role in roles if role.kind is KycMule} == {""}


def test_large_marketplaces_have_a_warehouse_of_five_hundred() -> None:
    houses = Counter(role.group for role in cast(3, 9_000, 0.05) if role.kind is WarehouseShop)
    assert houses["0"] == houses["1"] == 500
