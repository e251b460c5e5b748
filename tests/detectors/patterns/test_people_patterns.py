"""Account, takeover, reports, buyer, basket: who is behind it, and who only looks so."""

from typing import Any

import pytest

from detectors.events import (
    Item,
    ListingPublished,
    OtherSeller,
    ReportFiled,
    SellerUpdated,
    Sighting,
)
from detectors.patterns.parts import ENTRIES, NAMES, named, orders_lately, parts_of, with_order
from detectors.patterns.reports import MOST_NAMELESS
from streams.facts.encoding import decode_value
from tests.builders import MONDAY, Market, known_buyer, order_placed, registered, shared_with, sighted
from tests.detectors.marketplace import Marketplace
from tests.detectors.patterns.test_features import features
from tests.detectors.trades import shop
from tests.streams.test_gathering import Gatherer
from tests.upstream import event

DAY = 86_400_000_000


def orders(market: Market, count: int, *seen: Sighting, days: float = 0.4, **fields: object) -> Market:
    for number in range(count):
        market.happens(order_placed(amount_minor=1_500 + 700 * (number % 9), **fields), *seen, days=days)
    return market


# -- account ------------------------------------------------------------------------------------


def test_a_throwaway_mailbox_a_borrowed_phone_and_a_failed_check_alert_at_the_first_order() -> None:
    market = Market()
    market.happens(
        registered(mail="throwaway", verification="failed", device_id="k:new"), shared_with("phone", "seller-2")
    )
    orders(market, 1)

    assert set(market.patterns()) == {"account"}
    assert len(market.effects.alerts[0].reasons) >= 3


@pytest.mark.parametrize(
    "account",
    [
        {"mail": "throwaway", "verification": "verified"},
        {"mail": "free", "verification": "none", "device_id": "k:new"},
        {"mail": "own", "verification": "failed", "device_id": "k:new"},
        {"mail": "free", "verification": "pending", "device_id": "k:new"},
    ],
    ids=["only the mailbox", "only no identity", "only a failed check", "an ordinary newcomer"],
)
def test_what_one_newcomer_in_ten_lacks_does_not(account: dict[str, str]) -> None:
    market = Market()
    market.happens(registered(**account))
    orders(market, 25)

    assert market.patterns() == []


def test_an_agency_s_phone_that_many_sellers_gave_is_not_borrowed() -> None:
    market = Market()
    market.happens(registered(), shared_with("phone", "seller-2", among=60))
    orders(market, 1)

    assert features(market)["contact_reused"] == 0.0


def test_a_tax_id_that_cannot_be_one_joins_a_throwaway_mailbox_and_says_since_when() -> None:
    made_up, plain = Market(), Market()
    for market, check in ((made_up, "wrong"), (plain, None)):
        account = registered(mail="throwaway", verification="none", tax_id="k:1", tax_check=check)
        market.happens(account)
        orders(market, 12)

    assert made_up.patterns() == ["account"]
    said = {reason.code: reason.text for reason in made_up.effects.alerts[0].reasons}
    assert "on 2026-03-02 has wrong check digits" in said["wrong_tax_id"]
    assert plain.patterns() == []


def test_a_mistyped_tax_id_of_an_ordinary_newcomer_does_not_and_its_correction_takes_it_back() -> None:
    market = Market()
    market.happens(registered(verification="pending", mail="free", tax_id="k:1", tax_check="wrong", device_id="k:d"))
    orders(market, 25)
    mistyped = features(market)["tax_id_wrong"]
    market.happens(SellerUpdated(tax_id="k:2", tax_check="right"))
    orders(market, 1)

    assert market.patterns() == []
    assert (mistyped, features(market)["tax_id_wrong"]) == (1.0, 0.0)


# -- takeover -----------------------------------------------------------------------------------


def dormant() -> Market:
    market = shop(40)
    for category in ("garden", "home"):
        market.happens(ListingPublished("listing", title="Thing", category=category))
    market.happens(SellerUpdated(device_id="k:device", payout_account="k:payout"))
    market.now += 150 * DAY
    return market


def test_new_device_payout_and_goods_after_half_a_year_alert_at_the_first_listings() -> None:
    market = dormant()
    market.happens(SellerUpdated(device_id="k:thief", payout_account="k:thief", email="k:t", phone="k:t"))
    for number in range(5):
        market.happens(ListingPublished(f"bait-{number}", title="Phone", category="electronics"), days=0.01)

    assert market.patterns()[:1] == ["takeover"]
    text = " ".join(reason.text for reason in market.effects.alerts[0].reasons)
    assert "device, email, payout account, phone" in text


@pytest.mark.parametrize("change", [{"device_id": "k:phone"}, {"payout_account": "k:bank"}], ids=["phone", "bank"])
def test_a_new_phone_or_bank_after_a_long_break_does_not(change: dict[str, Any]) -> None:
    market = dormant()
    market.happens(SellerUpdated(**change))
    for number in range(5):
        market.happens(ListingPublished(f"new-{number}", title="Chair", category="garden"), days=0.01)
    orders(market, 10, days=0.5)

    assert "takeover" not in market.patterns()


def given(**fields: Any) -> dict[str, Any]:
    return fields


def test_a_form_that_is_sent_again_whole_changes_only_what_is_another() -> None:
    trades, account = Marketplace(), given(email="a@b.c", phone="4930123", payout_account="DE1", device_id="d1")
    trades.happens("seller.registered", "shop", **account)
    trades.happens("listing.published", "shop", category="home")
    trades.sells("shop", 1_900, 2_500, 3_100)
    trades.happens("seller.updated", "shop", days=60.0, **account)
    again = trades.market.seller("shop").takeover
    trades.happens("seller.updated", "shop", **account | {"device_id": "d2"})
    for number in range(3):
        trades.happens("listing.published", "shop", listing_id=f"chair-{number}", category="furniture", days=0.1)
    trades.sells("shop", 1_900, 2_500)

    now = trades.market.seller("shop").takeover
    assert again is not None
    assert now is not None
    assert (again.at, now.changed) == (0, ("device_id",))
    assert trades.alerted("shop") == []


def test_a_busy_shop_that_changes_everything_and_goes_on_as_before_does_not() -> None:
    market = shop(80)
    market.now += 30 * DAY
    orders(market, 30)
    market.happens(SellerUpdated(device_id="k:2", payout_account="k:2", phone="k:2"))
    orders(market, 10)

    assert "takeover" not in market.patterns()


# -- reports ------------------------------------------------------------------------------------


def reports(market: Market, reporters: list[str], *seen: Sighting) -> Market:
    for reporter in reporters:
        market.happens(ReportFiled("prohibited_item", reporter), *seen, days=0.2)
    return orders(market, 1)


def test_four_of_its_own_buyers_are_enough() -> None:
    market = reports(orders(Market(), 12), ["a", "b", "c", "d"], sighted("buyer", own=1))

    assert market.patterns() == ["reports"]
    assert "filed by 4 different people" in " ".join(reason.text for reason in market.effects.alerts[0].reasons)


def test_twenty_reports_of_a_rival_who_was_never_right_are_not() -> None:
    rival = sighted("reporter", events=20, sellers=8)
    market = reports(orders(Market(), 12), ["rival"] * 20, rival)

    assert market.patterns() == []
    assert market.risk() < 0.4


def test_who_was_right_before_weighs_more_than_a_stranger() -> None:
    right = sighted("reporter", events=3, sellers=2, others=(OtherSeller("x", MONDAY, "buyer", "banned"),) * 2)
    heard = reports(orders(Market(), 12), ["a", "b"], right)
    strange = reports(orders(Market(), 12), ["a", "b"])

    assert features(heard)["report_weight"] > 1.7 * features(strange)["report_weight"]


def test_reports_that_name_nobody_never_alert_by_themselves() -> None:
    market = Market()
    market.happens(registered(verification="none"))
    orders(market, 12)
    for _ in range(300):
        market.happens(ReportFiled("counterfeit"), days=0.01)
    orders(market, 1)

    assert market.seller().reports.weight <= MOST_NAMELESS  # type: ignore[union-attr]
    assert market.patterns() == []


def test_a_large_shop_gets_a_report_now_and_then() -> None:
    market = shop(120)
    for number in range(6):
        reports(orders(market, 25, days=0.05), [f"buyer-{number}"], sighted("buyer", own=1))

    assert "reports" not in market.patterns()


# -- buyer --------------------------------------------------------------------------------------


def test_four_people_who_buy_all_day_of_banned_sellers_too_alert_and_are_named() -> None:
    market = Market()
    market.happens(registered())
    others = (OtherSeller("banned-1", MONDAY, "buyer", "banned"),)
    for number in range(16):
        history = known_buyer(orders_7d=20.0, orders=90).buyer
        buyer = sighted("buyer", events=90, own=number // 4, sellers=4, others=others, buyer=history)
        market.happens(order_placed(buyer_id=f"k:{number % 4}", amount_minor=4_000), buyer, days=0.4)

    reasons = {reason.code: reason.text for alert in market.effects.alerts for reason in alert.reasons}
    assert "prolific_buyers" in reasons
    assert "k:1" in reasons["prolific_buyers"]


def test_collectors_among_a_shop_s_customers_and_firms_do_not() -> None:
    collectors, firms = Market(), Market()
    for market, kind in ((collectors, "consumer"), (firms, "business")):
        market.happens(registered())
        for number in range(60):
            prolific = known_buyer(orders_7d=9.0) if number % 4 == 0 or kind == "business" else known_buyer()
            market.happens(order_placed(amount_minor=1_500 + 700 * (number % 9), buyer_kind=kind), prolific, days=0.4)

    assert collectors.patterns() == []
    assert firms.patterns() == []
    assert features(firms)["buyers_prolific"] == 0.0


def cards_used(*, device: str, amount: int) -> Marketplace:
    """Eight people buy at a mill for months, then once at a shop: on which device, for how much."""
    trades = Marketplace()
    for seller in ("mill", "shop"):
        trades.happens("seller.registered", seller, verification="verified")
    for number in [*range(8)] * 5:
        pays(trades, "mill", number, f"d{number}", 1_500)
    for number in range(8):
        pays(trades, "shop", number, device.format(number), amount)
    return trades


def pays(trades: Marketplace, seller: str, number: int, device: str, amount: int) -> None:
    order = given(order_id=f"order-{trades.now}", amount_minor=amount, device_id=device)
    trades.happens("order.placed", seller, buyer_id=f"buyer-{number}", **order)
    trades.happens("payment.captured", seller, payment_id=f"p-{trades.now}", instrument=f"card-{number}", **order)


def test_known_cards_on_unknown_devices_for_unusual_amounts_raise_the_seller() -> None:
    stolen = cards_used(device="thief-{}", amount=90_000)

    assert features(stolen.market)["cards_strange"] > 0.5
    assert stolen.highest("shop") > stolen.highest("mill") + 0.2
    said = [reason.code for reason in stolen.market.effects.decisions[-1].reasons]
    assert not said or "strange_cards" in said


@pytest.mark.parametrize(
    ("device", "amount"), [("d{}", 90_000), ("thief-{}", 1_600)], ids=["a dear thing", "a new phone"]
)
def test_the_same_people_on_their_devices_or_for_what_they_always_pay_do_not(device: str, amount: int) -> None:
    assert features(cards_used(device=device, amount=amount).market)["cards_strange"] == 0.0


# -- basket -------------------------------------------------------------------------------------

PARTS = ("TDP 5 tablet press, bench top", "Punch die for tablet press", "Microcrystalline cellulose")
CRAFTS = ("Flower press, beech", "Die cutter for cards", "Book binder tape")


def sold(titles: tuple[str, ...], *, days: float, buyer: str = "k:one") -> Market:
    market = Market()
    market.happens(registered())
    for title in titles * 2:
        market.happens(order_placed(buyer_id=buyer, items=(Item(1, 3_900, title=title),)), days=days)
    return market


def test_press_die_and_binder_within_a_month_alert_and_are_named() -> None:
    market = sold(PARTS, days=4.0)

    assert set(market.patterns()) == {"basket"}
    text = " ".join(reason.text for reason in market.effects.alerts[0].reasons)
    assert all(part in text for part in ("press", "die"))


def test_the_same_parts_half_a_year_apart_do_not() -> None:
    assert sold(PARTS, days=100.0).patterns() == []


def test_flower_presses_die_cutters_and_book_binders_do_not() -> None:
    market = sold(CRAFTS, days=1.0)

    assert market.seller().basket is None
    assert market.patterns() == []


def test_a_title_may_name_several_parts() -> None:
    both = parts_of("Tablet press with punch die")
    assert both == 1 << NAMES.index("press") | 1 << NAMES.index("die")


PRESS, DIE, BINDER = PARTS


def parts_from(*orders: tuple[str, str, str], days: float = 4.0, **account: Any) -> Marketplace:
    """Sellers that register, then orders of a part each: seller, buyer, title."""
    trades = Marketplace()
    for seller in dict.fromkeys(seller for seller, _, _ in orders):
        trades.happens("seller.registered", seller, **({"country": "DE", "verification": "verified"} | account))
    for seller, buyer, title in orders:
        trades.sells(seller, 3_900, title=title, buyer=buyer, days=days)
    return trades


def test_a_set_that_buyers_gather_from_three_sellers_is_told_to_who_sells_its_last_part() -> None:
    rounds = [(seller, buyer, part) for buyer in ("ann", "bob", "cid", "dan")
              for seller, part in (("x", PRESS), ("y", DIE), ("z", BINDER))]  # fmt: skip
    trades, verified = parts_from(*rounds, verification="none"), parts_from(*rounds)

    assert trades.alerted("x") == verified.alerted("z") == []
    assert set(trades.alerted("z")) == {"basket"}
    said = {r.code: r.text for alert in trades.market.effects.alerts for r in alert.reasons}
    assert "3 buyer(s) gathered" in said["gathered_set"]
    assert "here and from 2 other seller(s): press, die, binder" in said["gathered_set"]


def test_one_buyer_who_gathers_a_set_raises_a_verified_seller_of_one_part_and_does_not_alert() -> None:
    trades = parts_from(("x", "ann", PRESS), ("y", "ann", DIE), ("z", "ann", BINDER))
    alone = parts_from(("z", "ann", BINDER))

    assert trades.highest("z") > alone.highest("z") + 0.3
    assert [trades.alerted(seller) for seller in "xyz"] == [[], [], []]


@pytest.mark.parametrize(
    "orders",
    [
        [("x", "ann", PRESS), ("y", "bob", DIE), ("z", "cid", BINDER)],
        [("x", "ann", "Flower press"), ("y", "ann", "Die cutter"), ("z", "ann", BINDER)],
        [("x", "ann", PRESS), ("y", "ann", DIE), ("w", "ann", BINDER), ("z", "ann", "White PVC cards")],
        [("x", "ann", PRESS), ("y", "ann", DIE)],
    ],
    ids=["other people", "crafts", "another set", "a machine and its die"],
)
def test_what_makes_no_set_in_one_hand_is_not_gathered(orders: list[tuple[str, str, str]]) -> None:
    trades = parts_from(*orders, verification="none")
    seller = trades.market.seller(orders[-1][0])

    assert trades.market.effects.alerts == []
    assert seller.gathered is None or features(trades.market)["parts_gathered"] < 0.3


def test_only_parts_of_the_set_are_named() -> None:
    trades = parts_from(("w", "ann", "White PVC cards"), ("x", "ann", PRESS), ("y", "ann", DIE), ("z", "ann", BINDER))

    gathered = trades.market.seller("z").gathered
    assert gathered is not None
    assert named(gathered.parts) == "press, die, binder"


def test_who_gathers_less_of_a_set_leaves_what_another_buyer_gathered() -> None:
    trades = parts_from(("x", "ann", PRESS), ("y", "ann", DIE), ("z", "ann", BINDER))
    before = trades.market.seller("z").gathered
    trades.sells("x", 3_900, title=PRESS, buyer="bob", days=1.0)
    trades.sells("z", 3_900, title=BINDER, buyer="bob", days=1.0)

    assert before is not None
    assert trades.market.seller("z").gathered == before


def test_orders_of_parts_that_come_out_of_order_are_remembered_together() -> None:
    entries = with_order(with_order(b"", b"shop", 1, MONDAY + 3 * DAY), b"mill", 2, MONDAY)

    assert dict(orders_lately(entries, MONDAY)) == {b"shop": 1, b"mill": 2}


def test_parts_that_were_bought_months_ago_are_forgotten() -> None:
    trades = parts_from(("x", "ann", PRESS), ("y", "ann", DIE), ("z", "ann", BINDER), days=31.0)

    assert trades.market.seller("z").gathered is None


def test_only_a_buyer_of_parts_leaves_any_behind_and_only_a_seller_of_parts_is_told() -> None:
    gatherer = Gatherer()
    press, thing = ([{"quantity": 1, "unit_amount_minor": 3_900, "title": title}] for title in (PRESS, "Thing"))
    for number, (buyer, items) in enumerate((("ann", press), ("bob", thing))):
        gatherer.gather(event("order.placed", order_id=f"o{number}", buyer_id=buyer, items=items))

    kept = [decode_value(raw).buyer for key, raw in gatherer.memory.items() if key.startswith("v:buyer")]
    of_sets = [event("order.placed", order_id=f"p{n}", seller_id=f"s{n}", buyer_id="ann", items=items)
               for n, items in enumerate((thing, press))]  # fmt: skip
    told = [seen.buyer for one in of_sets for r in gatherer.gather(one) for seen in r.seen if seen.kind == "buyer"]

    assert sorted(len(buyer.parts) for buyer in kept if buyer) == [0, 8]
    assert [(buyer.parts, buyer.parts_sellers) for buyer in told if buyer] == [(0, 0), (1, 1)]


def test_a_seller_s_own_parts_are_not_from_elsewhere_and_what_is_kept_is_bounded() -> None:
    gatherer = Gatherer()
    items = [{"quantity": 1, "unit_amount_minor": 3_900, "title": PRESS}]
    for number in range(40):
        bought = event("order.placed", order_id=f"o{number}", seller_id=f"s{number}", buyer_id="ann", items=items)
        gatherer.gather(bought)
    of_many = kept_parts(gatherer)
    gatherer = Gatherer()
    for number in range(3):
        (last,) = gatherer.gather(event("order.placed", order_id=f"o{number}", buyer_id="ann", items=items))

    assert (len(of_many), len(kept_parts(gatherer))) == (8 * ENTRIES, 8)
    assert [seen.buyer.parts for seen in last.seen if seen.buyer] == [0]


def kept_parts(gatherer: Gatherer) -> bytes:
    (buyer,) = (decode_value(raw).buyer for key, raw in gatherer.memory.items() if key.startswith("v:buyer"))
    assert buyer is not None
    return buyer.parts


def test_harmless_parts_of_others_do_not_push_out_who_gathers_a_set() -> None:
    market = Market()
    market.happens(registered())
    for number, title in enumerate(PARTS):
        market.happens(order_placed(buyer_id="k:one", items=(Item(1, 3_900, title=title),)), days=1.0)
        for other in range(2 * ENTRIES):
            cards = order_placed(buyer_id=f"k:{number}-{other}", items=(Item(1, 900, title="White PVC cards"),))
            market.happens(cards, days=0.01)

    basket = market.seller().basket
    assert basket is not None
    assert basket.theirs == 0.0  # of who bought cards
    market.happens(order_placed(buyer_id="k:one", items=(Item(1, 3_900, title=PARTS[0]),)), days=0.1)
    assert market.seller().basket.theirs == 1.0  # type: ignore[union-attr]
    assert set(market.patterns()) == {"basket"}
    assert len(basket.sold) == 8 * ENTRIES


def test_nor_do_those_that_the_gatherer_orders_from_others_meanwhile() -> None:
    cards = [(f"w{number}", "ann", "White PVC cards") for number in range(2 * ENTRIES)]
    trades = parts_from(("x", "ann", PRESS), ("y", "ann", DIE), *cards, ("z", "ann", BINDER), days=0.2)

    gathered = trades.market.seller("z").gathered
    assert gathered is not None
    assert (named(gathered.parts), gathered.complete) == ("press, die, binder", 1.0)
