from datetime import datetime
from itertools import pairwise
from statistics import fmean, mean

from simulator import staged
from simulator.kinds.escrow_early import EscrowEarly
from simulator.kinds.fake_sender import FakeSender
from simulator.kinds.kyc_mule import KycMule
from simulator.kinds.parcel_mismatch import ParcelMismatch
from simulator.kinds.pill_parts import PillParts
from simulator.kinds.prolific_buyer import ProlificBuyer
from simulator.kinds.review_burst import ReviewBurst
from simulator.kinds.route_shift import RouteShift
from tests.simulator.observed import DAY, Fields, Observed, near_equal, rebought, time_of

KINDS = (FakeSender, ParcelMismatch, ReviewBurst, RouteShift, EscrowEarly, KycMule, ProlificBuyer, PillParts)

CONTACTS = ("device_id", "payout_account", "phone", "ip", "address")


def shared(seen: Observed, one: str, other: str) -> set[str]:
    """The contacts that two sellers have in common."""
    first, second = seen.account(one), seen.account(other)
    return {name for name in CONTACTS if first[name] == second[name]}


def test_small_repeat_sells_near_equal_amounts_to_the_same_people(seen: Observed) -> None:
    sellers = [seller for seller in seen.kind("small_repeat") if len(seen.illicit_orders(seller)) > 30]
    assert len(sellers) >= 3
    for seller in sellers:
        orders = seen.illicit_orders(seller)
        assert near_equal(orders) > 0.8
        assert all(order["amount_minor"] < 100_000 for order in orders)
    assert mean(rebought(seen.illicit_orders(seller)) for seller in sellers) > 0.4


def test_small_repeat_often_ships_abroad(seen: Observed) -> None:
    def abroad(kind: str) -> float:
        return fmean(
            order["ship_to"]["country"] != seen.account(seller)["country"]
            for seller in seen.kind(kind)
            for order in seen.orders[seller]
        )

    assert abroad("small_repeat") > 2 * abroad("shop")


def test_a_ring_has_three_to_eight_accounts_that_share_device_payout_or_network(seen: Observed) -> None:
    for members in seen.groups("device_ring"):
        assert 3 <= len(members) <= 8
        for member in members[1:]:
            assert len(shared(seen, members[0], member) & {"device_id", "payout_account", "ip"}) >= 2
        devices = [seen.account(member)["device_id"] for member in members]
        assert devices.count(devices[0]) >= 2
        assert len({seen.account(member)["email"] for member in members}) == len(members)
        assert len({seen.account(member)["phone"] for member in members}) == len(members)


def test_who_returns_after_a_ban_has_a_new_name_and_old_contacts_and_buyers(seen: Observed) -> None:
    returns = 0
    for chain in seen.groups("return_after_ban"):
        assert len(chain) >= 2
        for before, after in pairwise(chain):
            banned = seen.banned(before)
            assert banned is not None
            assert banned < time_of(seen.account(after))
            assert len(shared(seen, chain[0], after)) >= 2
            assert seen.account(before)["email"] != seen.account(after)["email"]
            old, new = ({order["buyer_id"] for order in seen.illicit_orders(seller)} for seller in (before, after))
            assert len(old & new) >= 0.3 * len(new) > 0
            returns += 1
    assert returns >= 2


def test_a_taken_over_account_slept_for_months_and_woke_with_new_device_and_payout(seen: Observed) -> None:
    for seller in seen.kind("dormant_takeover"):
        illicit = seen.illicit_orders(seller)
        honest = [order for order in seen.orders[seller] if order not in illicit]
        assert len(honest) > 10
        assert (time_of(illicit[0]) - time_of(honest[-1])) / DAY > 90
        update = next(event for event in seen.about_seller[seller] if event["type"] == "seller.updated")
        assert update["event_time"] == seen.truth[seller].since
        assert update["device_id"] != seen.account(seller)["device_id"]
        assert update["payout_account"] != seen.account(seller)["payout_account"]
        assert {order["items"][0]["category"] for order in illicit} == {"electronics"}


def test_after_the_turn_to_crypto_most_payments_are_in_coins(seen: Observed) -> None:
    for seller in seen.kind("turn_to_crypto"):
        turned = datetime.fromisoformat(seen.truth[seller].since or "")
        payments = seen.followed_by(seen.orders[seller], "payment.captured")
        before = [event["method"] == "crypto" for event in payments if time_of(event) < turned]
        after = [event["method"] == "crypto" for event in payments if time_of(event) >= turned]
        assert mean(before) < 0.1
        assert mean(after) > 0.55


def test_illicit_sellers_keep_an_honest_cover(seen: Observed) -> None:
    covered = [seller for seller, truth in seen.truth.items() if len(seen.orders[seller]) > len(truth.orders) > 0]
    assert len(covered) > 15


def parcels(seen: Observed, seller: str) -> list[Fields]:
    return seen.followed_by(seen.orders[seller], "shipment.created")


def test_each_new_illicit_kind_shows_what_it_is_named_after() -> None:
    market = staged(9, 30, dict.fromkeys(KINDS, 2))
    seen = Observed.of(market)
    for seller in seen.kind("fake_sender"):
        senders = {parcel["origin"]["line"] for parcel in parcels(seen, seller)}
        assert len(senders) > 0.6 * len(parcels(seen, seller))
    for seller in seen.kind("parcel_mismatch"):
        assert {parcel["declared_contents"] for parcel in parcels(seen, seller)} == {"cotton samples"}
    for seller in seen.kind("review_burst"):
        unbought = [e for e in seen.events if e["type"] == "review.left" and "order_id" not in e]
        assert sum(review["seller_id"] == seller for review in unbought) >= 20
    for seller in seen.kind("route_shift"):
        origins = [parcel["origin"]["country"] for parcel in parcels(seen, seller)]
        assert len(set(origins)) == 2
        assert origins[0] == seen.account(seller)["country"] != origins[-1]
    for seller in seen.kind("escrow_early"):
        released = seen.followed_by(seen.orders[seller], "payment.released")
        assert sum(event.get("confirmed_by") == "early" for event in released) > 0.7 * len(released)
        assert rebought(seen.orders[seller]) > 0.4
    assert {seen.account(seller)["verification"] for seller in seen.kind("kyc_mule")} <= {"none", "failed"}
    buyers = [{order["buyer_id"] for order in seen.illicit_orders(s)} for s in seen.kind("prolific_buyer")]
    assert buyers[0] & buyers[1]
    for seller in seen.kind("pill_parts"):
        titles = {order["items"][0]["title"] for order in seen.illicit_orders(seller)}
        assert any("press" in words for words in titles)
        assert any("binder" in words or "cellulose" in words for words in titles)
