"""Accounts that share what one person has: rings are found, households, carriers and hubs are not."""

import pytest

from detectors.events import LinkFound
from detectors.patterns.rings import beyond
from detectors.profiles.sightings import hub_damping
from tests.builders import Market, registered, shared_with
from tests.detectors.marketplace import Marketplace
from tests.detectors.trades import Trade


def opened(*seen: object, **account: str) -> Trade:
    trade = Trade()
    trade.market.happens(registered(**account), *seen)  # type: ignore[arg-type]
    return trade


def sells(trade: Trade, orders: int = 12) -> Market:
    for number in range(orders):
        trade.order(trade.dice.randrange(900, 9_000), f"buyer-{number}", days=0.4)
    return trade.market


def test_one_of_five_accounts_on_one_device_and_payout_account_is_found_at_once() -> None:
    ring = ("ring-1", "ring-2", "ring-3", "ring-4")
    market = sells(opened(shared_with("device", *ring), shared_with("payout_account", *ring)), 3)

    assert market.patterns() == ["linked_accounts"]
    (alert,) = market.effects.alerts
    assert {link.seller_id for link in alert.evidence.sellers} <= set(ring)
    assert {link.via for link in alert.evidence.sellers} == {"payout_account", "device"}
    assert "payout account" in alert.reasons[0].text


def test_the_account_that_was_there_first_learns_of_the_others_by_links() -> None:
    trade = opened(device_id="k:device", payout_account="k:iban")
    for other in ("ring-1", "ring-2", "ring-3", "ring-4"):
        trade.market.happens(LinkFound(other, "device", "k:device", "seller", 5))
        trade.market.happens(LinkFound(other, "payout_account", "k:iban", "seller", 5))

    assert "linked_accounts" in sells(trade, 2).patterns()


def test_a_household_with_one_computer_is_left_alone() -> None:
    seen = [shared_with(kind, "spouse") for kind in ("device", "ip", "address")]
    market = sells(opened(*seen))

    assert market.effects.alerts == []
    assert market.risk() < 0.4


@pytest.mark.parametrize(("kind", "sellers"), [("address", 500), ("ip", 300), ("ip", 20), ("device", 400)])
def test_a_value_that_a_crowd_shares_links_nobody(kind: str, sellers: int) -> None:
    seen = shared_with(kind, *(f"seller-{n}" for n in range(5)), among=sellers)
    market = sells(opened(seen))

    assert market.effects.alerts == []
    assert market.seller().link_strength < 0.3


def test_a_value_that_becomes_a_hub_weakens_the_links_it_made() -> None:
    trade = opened(shared_with("address", "seller-2", "seller-3"))
    before = trade.market.seller().link_strength
    trade.market.happens(registered(), shared_with("address", "seller-4", among=600))

    assert before > 0.3
    assert trade.market.seller().link_strength < 0.01


def test_a_buyer_s_device_that_is_another_seller_s_own_says_nothing() -> None:
    trade = opened(device_id="k:mine")
    trade.market.happens(LinkFound("seller-2", "device", "k:of-a-buyer", "seller", 2, own_role="buyer"))
    trade.market.happens(LinkFound("seller-3", "device", "k:mine", "buyer", 2))

    assert trade.market.seller().links == ()


def test_hubs_are_damped_smoothly() -> None:
    damped = [hub_damping(n) for n in (0, 1, 3, 8, 20, 100, 500)]
    assert damped == sorted(damped, reverse=True)
    assert damped[2] > 0.95
    assert damped[-1] < 0.001


def tied(trade: Trade, seller: str, kind: str, *, through: str, sellers: int = 2) -> None:
    trade.market.happens(LinkFound(seller, kind, f"k:{seller}", "seller", sellers, through=through))


def test_the_evidence_names_who_is_tied_only_through_a_linked_one_and_by_what() -> None:
    trade = opened(
        shared_with("payout_account", "seller-2", "seller-3"),
        shared_with("device", "seller-2", "seller-3"),
        verification="none",
    )
    tied(trade, "seller-9", "device", through="seller-2")
    market = sells(trade)

    (alert,) = [alert for alert in market.effects.alerts if alert.pattern == "linked_accounts"]
    further = [(s.seller_id, s.via, s.through) for s in alert.evidence.sellers if s.through]
    assert further == [("seller-9", "device", "seller-2")]
    assert {s.seller_id for s in alert.evidence.sellers if not s.through} == {"seller-2", "seller-3"}
    said = {reason.code: reason.text for reason in alert.reasons}
    assert "seller-9 by device of seller-2" in said["ring"]


def test_who_is_behind_one_linked_account_makes_no_ring_of_a_household() -> None:
    trade = opened(shared_with("device", "seller-2"), verification="none")
    for number in range(9):
        tied(trade, f"far-{number}", "phone", through="seller-2")
    market = sells(trade)

    assert "linked_accounts" not in market.patterns()


def test_chains_end_where_a_tie_is_weak_unknown_direct_or_gone() -> None:
    trade = opened(shared_with("device", "seller-2", "seller-3"), device_id="k:device")
    tied(trade, "common", "device", through="seller-2", sellers=200)
    tied(trade, "neighbour", "address", through="seller-2")
    tied(trade, "unknown", "device", through="seller-8")
    tied(trade, "seller-3", "phone", through="seller-2")
    tied(trade, "far", "phone", through="seller-2")
    seller = trade.market.seller()

    assert seller.ring is not None
    assert [(far.seller_id, through) for far, through, _ in beyond(seller.links, seller.ring)] == [("far", "seller-2")]
    trade.market.happens(registered(), shared_with("device", "seller-4", among=600))
    assert list(beyond(seller.links, seller.ring)) == []


def test_a_ring_is_known_by_its_latest_members_in_little_space() -> None:
    trade = opened(shared_with("device", "seller-2"))
    for number in range(40):
        tied(trade, f"{number:02d}" + "x" * 30, "device", through="seller-2")

    ring = trade.market.seller().ring
    assert ring is not None
    assert [far.seller_id[:2] for far in ring.members] == ["37", "38", "39"]


def test_who_is_tied_to_a_linked_one_by_what_many_came_to_share_is_let_go() -> None:
    trades = Marketplace()
    trades.happens("seller.registered", "a", payout_account="p1")
    trades.happens("seller.registered", "b", payout_account="p1", device_id="d1")
    trades.happens("seller.registered", "c", device_id="d1")
    before = trades.market.seller("a").ring
    for number in range(12):
        trades.happens("seller.registered", f"visitor-{number}", device_id="d1")

    assert before is not None
    assert [far.seller_id for far in before.members] == ["c"]
    assert trades.market.seller("a").ring is None


def test_an_agency_s_mailbox_ties_its_first_clients_no_more_than_its_last() -> None:
    trades = Marketplace()
    clients = [f"client-{number}" for number in range(25)]
    for client in clients:
        trades.happens("seller.registered", client, email="office@agency.example", verification="verified")

    strengths = [trades.market.seller(client).link_strength for client in clients]
    assert max(strengths) < 0.6
    assert max(trades.opens(client, 1_900, 2_500) for client in clients[:3]) < 0.4
