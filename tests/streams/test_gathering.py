"""What intake finds out about events before they enter the log."""

from typing import Any

import msgspec

from detectors.events import LinkFound, Record, Source, ValueListed
from streams.facts.encoding import decode_value, encode
from streams.facts.gathering import Gathering
from streams.facts.incoming import Incoming
from streams.facts.telling import MAX_TOLD
from streams.facts.touching import MAX_SELLERS, touch
from streams.facts.values import Touch, Value
from streams.privacy import HashKey, Pseudonyms, pseudonymise
from streams.upstream import parse
from tests.upstream import event

OLD = HashKey("k1", b"a secret of some length")


class Gatherer:
    """Gathers on a dictionary, as a replay does."""

    def __init__(self, topic: str = "orders") -> None:
        self.topic = topic
        self.memory: dict[str, bytes] = {}
        self.pseudonyms = Pseudonyms([OLD])
        self.offset = 0

    def incoming(self, *events: dict[str, Any]) -> list[Incoming]:
        found = []
        for fields in events:
            read = parse(msgspec.json.encode(fields))
            body, values = pseudonymise(read.body, self.pseudonyms)
            found.append(Incoming(Source(self.topic, 0, self.offset), 0, read.with_body(body), values))
            self.offset += 1
        return found

    def gather(self, *events: dict[str, Any]) -> list[Record]:
        return self.run(self.incoming(*events)).records()

    def run(self, batch: list[Incoming], *, keep: bool = True) -> Gathering:
        gathering = Gathering(batch, self.pseudonyms.former if self.pseudonyms.rotating else None)
        gathering.take_first({key: self.memory.get(key) for key in gathering.first_keys()})
        gathering.take_second({key: self.memory.get(key) for key in gathering.second_keys()})
        gathering.take_third({key: self.memory.get(key) for key in gathering.third_keys()})
        if keep:
            self.memory.update(gathering.changes())
        return gathering


def registered(seller: str, **fields: Any) -> dict[str, Any]:
    return event("seller.registered", seller_id=seller, **fields)


def sighting(record: Record, kind: str) -> Any:
    return next((seen for seen in record.seen if seen.kind == kind), None)


def test_a_payment_goes_to_the_seller_who_had_its_order_first() -> None:
    gatherer = Gatherer()
    gatherer.gather(event("order.placed", order_id="o-1", seller_id="first"))
    gatherer.gather(event("order.placed", order_id="o-1", seller_id="second"))

    (payment,) = gatherer.gather(event("payment.captured", order_id="o-1", seller_id=None))

    assert payment.seller_id == "first"


def links(records: list[Record]) -> list[tuple[str, str, str, str]]:
    return [
        (r.seller_id, r.body.other_seller, r.body.kind, r.body.status) for r in records if isinstance(r.body, LinkFound)
    ]


def roles(record: Record) -> tuple[str, str, str, str, int]:
    """Of a link: seller, other seller, role of the other, own role, sellers on the value."""
    found = record.body
    assert isinstance(found, LinkFound)
    return record.seller_id, found.other_seller, found.role, found.own_role, found.sellers


def test_a_payment_finds_its_seller_by_its_order() -> None:
    gatherer = Gatherer()
    gatherer.gather(event("order.placed", order_id="o1", seller_id="shop-1"))

    (payment,) = gatherer.gather(event("payment.captured", order_id="o1", seller_id=None))

    assert payment.seller_id == "shop-1"


def test_a_payment_finds_its_order_in_the_same_batch() -> None:
    records = Gatherer().gather(
        event("order.placed", order_id="o1", seller_id="shop-1"),
        event("payment.captured", order_id="o1", seller_id=None),
    )

    assert [record.seller_id for record in records] == ["shop-1", "shop-1"]


def test_a_payment_before_its_order_waits() -> None:
    gatherer = Gatherer()
    batch = gatherer.incoming(event("payment.captured", order_id="o1", seller_id=None))

    gathering = gatherer.run(batch)

    assert gathering.records() == []
    assert gathering.waiting() == batch


def test_an_order_tells_how_its_buyer_was_known_before() -> None:
    gatherer = Gatherer()
    gatherer.gather(*(event("order.placed", order_id=f"o{n}", seller_id=f"shop-{n}") for n in range(3)))

    (record,) = gatherer.gather(event("order.placed", order_id="o9", seller_id="shop-0"))

    buyer = sighting(record, "buyer")
    assert (buyer.events, buyer.own, buyer.sellers) == (3, 1, 2)
    assert {other.seller_id for other in buyer.others} == {"shop-1", "shop-2"}
    assert buyer.buyer.orders == 3


def test_two_sellers_on_one_device_are_linked_in_both_logs() -> None:
    gatherer = Gatherer()
    gatherer.gather(registered("first", device_id="d1"))

    records = gatherer.gather(registered("second", device_id="d1"))

    assert [other.seller_id for other in sighting(records[0], "device").others] == ["first"]
    assert links(records) == [("first", "second", "device", "")]


def rings(records: list[Record]) -> set[tuple[str, str, str, str]]:
    """Who is told of whom, by which kind of value of which neighbour."""
    told = [(record.seller_id, record.body) for record in records]
    return {(to, b.other_seller, b.kind, b.through) for to, b in told if isinstance(b, LinkFound) and b.through}


def test_both_ends_of_a_chain_are_told_of_each_other_whichever_link_comes_last() -> None:
    later, middle_last = Gatherer(), Gatherer()
    later.gather(registered("a", payout_account="p1"), registered("b", payout_account="p1", device_id="d1"))
    middle_last.gather(registered("a", payout_account="p1"), registered("c", device_id="d1"))

    told = later.gather(registered("c", device_id="d1"))
    of_middle = middle_last.gather(registered("b", payout_account="p1", device_id="d1"))

    assert rings(told) == {("a", "c", "device", "b"), ("c", "a", "payout_account", "b")}
    assert rings(of_middle) == rings(told)


def test_sellers_that_share_one_value_are_all_linked_and_have_no_chain() -> None:
    gatherer = Gatherer()

    records = gatherer.gather(*(registered(f"s{n}", payout_account="p1", device_id="d1") for n in range(5)))

    assert len({(seller, other) for seller, other, _, _ in links(records)}) == 10
    assert rings(records) == set()


def test_neither_a_warehouse_nor_an_agency_s_phone_makes_a_chain() -> None:
    gatherer = Gatherer()
    shops = [registered(f"s{n}", address="Warehouse 1", phone="123456", device_id=f"d{n}") for n in range(500)]
    gatherer.gather(*shops)

    records = gatherer.gather(registered("x", device_id="d3"), registered("y", device_id="d400", address="Warehouse 1"))

    assert rings(records) == set()


def test_a_seller_with_many_neighbours_tells_a_few_of_them() -> None:
    gatherer = Gatherer()
    kinds = ("email", "phone", "payout_account", "tax_id")
    fields = {kind: f"{kind}-1" for kind in kinds}
    for number, kind in enumerate(kinds * 2):
        gatherer.gather(registered(f"s{number}", **{kind: fields[kind]}))
    gatherer.gather(registered("middle", **fields))

    told = rings(gatherer.gather(registered("last", device_id="d9"), registered("middle", device_id="d9")))

    assert len({to for to, _, _, _ in told if to != "last"}) == MAX_TOLD


def test_rings_are_told_the_same_wherever_batches_begin() -> None:
    events = [
        registered("a", payout_account="p1"),
        registered("b", payout_account="p1", device_id="d1"),
        event("seller.banned", seller_id="a"),
        event("seller.banned", seller_id="b"),
        registered("c", device_id="d1", phone="123456"),
        registered("d", phone="123456"),
    ]
    at_once, singly = Gatherer(), Gatherer()

    together = at_once.gather(*events)

    assert together == [record for one in events for record in singly.gather(one)]
    assert at_once.memory == singly.memory
    assert ("d", "b", "device", "c") in rings(together)


def test_two_shops_of_one_buyer_are_not_linked() -> None:
    gatherer = Gatherer()
    gatherer.gather(event("order.placed", order_id="o1", seller_id="first", device_id="d1"))

    assert links(gatherer.gather(event("order.placed", order_id="o2", seller_id="second", device_id="d1"))) == []


def test_an_address_that_hundreds_share_links_nobody() -> None:
    gatherer = Gatherer()
    records = gatherer.gather(*(registered(f"shop-{n}", address="Warehouse 1") for n in range(300)))

    assert links(records[-20:]) == []
    (key,) = (key for key in gatherer.memory if key.startswith("v:address"))
    value = decode_value(gatherer.memory[key])
    assert (value.distinct, len(value.sellers)) == (300, MAX_SELLERS)
    assert len(gatherer.memory[key]) < 1_000


def test_a_ban_is_told_to_the_linked_sellers_and_seen_by_later_ones() -> None:
    gatherer = Gatherer()
    gatherer.gather(registered("first", email="a@b.c"), registered("second", email="a@b.c"))

    told = gatherer.gather(event("seller.banned", seller_id="first"))
    later = gatherer.gather(registered("third", email="a@b.c"))
    lifted = gatherer.gather(event("seller.reinstated", seller_id="first"))

    assert links(told) == [("second", "first", "email", "banned")]
    assert links(lifted) == [("second", "first", "email", ""), ("third", "first", "email", "")]
    assert {o.seller_id: o.status for o in sighting(later[0], "email").others} == {"first": "banned", "second": ""}


def test_a_link_says_how_each_side_came_by_the_value() -> None:
    gatherer = Gatherer()
    gatherer.gather(event("order.placed", order_id="o1", seller_id="shop", device_id="d1"))

    (_, told_shop) = gatherer.gather(registered("owner", device_id="d1"))
    (_, told_owner) = gatherer.gather(event("order.placed", order_id="o2", seller_id="other", device_id="d1"))
    told_of_ban = gatherer.gather(event("seller.banned", seller_id="owner"))[1:]
    (_, told_of_other) = gatherer.gather(event("seller.banned", seller_id="other"))

    assert roles(told_shop) == ("shop", "owner", "seller", "buyer", 2)
    assert roles(told_owner) == ("owner", "other", "buyer", "seller", 3)
    assert [roles(told) for told in told_of_ban] == [
        ("shop", "owner", "seller", "buyer", 3),
        ("other", "owner", "seller", "buyer", 3),
    ]
    assert roles(told_of_other) == ("owner", "other", "buyer", "seller", 3)


def test_a_ban_says_how_many_share_the_value_by_then() -> None:
    gatherer = Gatherer()
    gatherer.gather(*(registered(f"shop-{n}", address="Warehouse 1") for n in range(300)))

    told = gatherer.gather(event("seller.banned", seller_id="shop-2"))[1:]

    assert told
    assert {roles(record)[4] for record in told} == {300}


def test_who_touches_a_value_in_both_roles_holds_it_as_its_own() -> None:
    gatherer = Gatherer()
    gatherer.gather(registered("owner", device_id="d1"))
    gatherer.gather(event("order.placed", order_id="o1", seller_id="shop", device_id="d1"))
    gatherer.gather(registered("shop", device_id="d1"))

    (_, told) = gatherer.gather(event("seller.banned", seller_id="owner"))

    assert roles(told) == ("shop", "owner", "seller", "seller", 2)


def test_standings_hold_from_the_event_that_changes_them_on_wherever_batches_begin() -> None:
    events = [
        registered("first", email="a@b.c"),
        event("order.placed", order_id="o1", seller_id="x"),
        registered("second", email="a@b.c"),
        event("seller.banned", seller_id="first"),
        registered("third", email="a@b.c"),
        event("seller.reinstated", seller_id="first"),
        registered("fourth", email="a@b.c"),
    ]
    at_once, singly = Gatherer(), Gatherer()

    assert at_once.gather(*events) == [record for one in events for record in singly.gather(one)]
    assert at_once.memory == singly.memory


def test_a_batch_gathered_again_after_a_crash_finds_the_same_links_and_counts_nothing_twice() -> None:
    gatherer = Gatherer()
    gatherer.gather(registered("first", device_id="d1"), registered("other", phone="123"))
    batch = [
        registered("second", device_id="d1"),
        registered("third", phone="123"),
        event("seller.banned", seller_id="first"),
    ]
    before = gatherer.offset
    first = gatherer.gather(*batch)
    memory = dict(gatherer.memory)

    gatherer.offset = before
    again = gatherer.gather(*batch)

    assert gatherer.memory == memory
    assert links(again) == links(first) != []


def test_a_reinstatement_gathered_again_after_a_crash_is_told_again() -> None:
    gatherer = Gatherer()
    gatherer.gather(registered("first", email="a@b.c"), registered("second", email="a@b.c"))
    gatherer.gather(event("seller.banned", seller_id="first"))
    before = gatherer.offset
    first = gatherer.gather(event("seller.reinstated", seller_id="first"))
    memory = dict(gatherer.memory)

    gatherer.offset = before
    again = gatherer.gather(event("seller.reinstated", seller_id="first"))
    later = gatherer.gather(event("seller.reinstated", seller_id="first"))

    assert links(again) == links(first) == [("second", "first", "email", "")]
    assert gatherer.memory == memory
    assert links(later) == []


def test_a_second_event_with_the_same_id_is_not_counted() -> None:
    gatherer = Gatherer()
    order = event("order.placed", order_id="o1", device_id="d1")
    gatherer.gather(order, order)

    (record,) = gatherer.gather(event("order.placed", order_id="o2", device_id="d1"))

    assert sighting(record, "device").events == 1


def test_listed_intelligence_is_seen_until_it_is_withdrawn_or_expires() -> None:
    gatherer = Gatherer()
    order = {"seller_id": "s", "ip": "203.0.113.9"}
    gatherer.gather(event("intel.listed", source="partner", expires_at="2026-04-01T00:00:00Z"))

    (march,) = gatherer.gather(event("order.placed", order_id="o1", **order))
    (may,) = gatherer.gather(event("order.placed", order_id="o2", event_time="2026-05-01T00:00:00Z", **order))
    gatherer.gather(event("intel.withdrawn", source="partner"))
    (withdrawn,) = gatherer.gather(event("order.placed", order_id="o3", **order))

    assert sighting(march, "ip").listed == "partner"
    assert sighting(may, "ip").listed is None
    assert sighting(withdrawn, "ip").listed is None


WALLET = "12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h"


def notices(records: list[Record]) -> list[tuple[str, str, str, bool]]:
    return [
        (r.seller_id, r.body.kind, r.body.source, r.body.withdrawn) for r in records if isinstance(r.body, ValueListed)
    ]


def test_sellers_that_own_a_value_are_told_when_it_is_listed_and_when_it_is_withdrawn() -> None:
    gatherer = Gatherer()
    gatherer.gather(registered("a", email="x@example.com"), registered("b", email="X@example.com"))
    email = {"kind": "email", "value": "x@example.com"}
    told = gatherer.gather(event("intel.listed", **email, reason="mule", expires_at="2026-04-01T00:00:00Z"))
    withdrawn = gatherer.gather(event("intel.withdrawn", **email))

    assert notices(told) == [("a", "email", "partner", False), ("b", "email", "partner", False)]
    assert notices(withdrawn) == [("a", "email", "partner", True), ("b", "email", "partner", True)]
    first = told[1]
    assert isinstance(first.body, ValueListed)
    assert (first.body.reason, first.body.until) == ("mule", 1_775_001_600_000_000)
    assert [(r.source.part, r.event_id) for r in told[1:]] == [
        (1, f"{told[0].event_id}/listed/1"),
        (2, f"{told[0].event_id}/listed/2"),
    ]


def test_a_listed_wallet_is_known_as_a_payout_account_and_as_what_a_buyer_pays_from() -> None:
    gatherer = Gatherer()
    gatherer.gather(registered("a", payout_account=WALLET))
    told = gatherer.gather(event("intel.listed", kind="wallet", value=WALLET, reason="SDNTK"))
    _, paid = gatherer.gather(
        event("order.placed"),
        event("payment.captured", method="crypto", instrument=WALLET, event_time="2026-03-02T00:00:00Z"),
    )
    (later,) = gatherer.gather(registered("b", payout_account=WALLET))[:1]

    assert notices(told) == [("a", "payout_account", "partner", False)]
    assert (sighting(paid, "wallet").listed, sighting(paid, "wallet").listed_reason) == ("partner", "SDNTK")
    assert sighting(later, "payout_account").listed == "partner"
    assert sighting(later, "payout_account").listed_since == 1_772_366_400_000_000


def test_what_very_many_share_is_told_to_nobody() -> None:
    gatherer = Gatherer()
    gatherer.gather(*(registered(f"shop-{n}", ip="203.0.113.9") for n in range(30)))

    assert notices(gatherer.gather(event("intel.listed"))) == []


def test_a_listing_gathered_again_after_a_crash_tells_the_same_sellers() -> None:
    gatherer = Gatherer()
    gatherer.gather(registered("a", email="x@example.com"))
    batch = gatherer.incoming(event("intel.listed", kind="email", value="x@example.com"))
    before = gatherer.run(batch, keep=True).records()
    again = gatherer.run([msgspec.structs.replace(i, sightings=[], links=[], owners=[]) for i in batch]).records()

    assert again == before


def test_a_list_that_is_loaded_again_says_the_same_since_it_first_said_so() -> None:
    gatherer = Gatherer()
    gatherer.gather(event("intel.listed", reason="old"))
    gatherer.gather(event("intel.listed", reason="new", event_time="2026-03-05T12:00:00Z"))
    (seen,) = gatherer.gather(event("order.placed", ip="203.0.113.9", event_time="2026-03-06T12:00:00Z"))

    assert sighting(seen, "ip").listed_since == 1_772_366_400_000_000
    assert sighting(seen, "ip").listed_reason == "new"


def test_a_listing_that_an_earlier_version_kept_is_still_in_force() -> None:
    value = Value(listed={"partner": 1_775_001_600_000_000})

    assert decode_value(encode(value)) == value
    by = Touch("s", "seller", 1_772_366_400_000_000, "orders/0", 1, 1)
    seen, _ = touch(value, "ip", "k", by)
    assert seen is not None
    assert (seen.listed, seen.listed_until) == ("partner", 1_775_001_600_000_000)


def test_a_dispute_marks_the_buyer_of_its_order() -> None:
    gatherer = Gatherer()
    gatherer.gather(event("order.placed", order_id="o1", buyer_id="b"))
    gatherer.gather(event("payment.disputed", order_id="o1", seller_id=None))

    (record,) = gatherer.gather(event("order.placed", order_id="o2", buyer_id="b"))

    assert sighting(record, "buyer").buyer.bad_orders == 1


def test_a_dispute_speaks_against_what_its_buyer_orders_after_it_wherever_batches_begin() -> None:
    events = [
        event("order.placed", order_id="o1", buyer_id="b"),
        event("payment.disputed", order_id="o1", seller_id=None),
        event("order.placed", order_id="o2", buyer_id="b"),
        event("payment.disputed", order_id="o2", seller_id=None),
    ]
    at_once, singly = Gatherer(), Gatherer()

    together = at_once.gather(*events)

    assert together == [record for one in events for record in singly.gather(one)]
    assert at_once.memory == singly.memory
    assert sighting(together[2], "buyer").buyer.bad_orders == 1


def test_what_was_remembered_under_a_former_key_is_found_under_the_new_one() -> None:
    gatherer = Gatherer()
    gatherer.gather(registered("first", device_id="d1"))
    gatherer.pseudonyms = Pseudonyms([HashKey("k2", b"another secret, longer"), OLD])

    records = gatherer.gather(registered("second", device_id="d1"))

    assert links(records) == [("first", "second", "device", "")]


def test_a_conflict_is_gathered_again_on_top_of_what_the_other_worker_wrote() -> None:
    ours = Gatherer()
    batch = ours.incoming(registered("second", device_id="d1"))
    gathering = ours.run(batch, keep=False)
    assert links(gathering.records()) == []

    theirs = Gatherer("sellers")
    theirs.gather(registered("first", device_id="d1"))
    (key,) = (key for key in theirs.memory if key.startswith("v:device"))
    gathering.retouch({key: theirs.memory[key]})
    gathering.take_standings(dict.fromkeys(gathering.standing_keys()))

    assert links(gathering.records()) == [("first", "second", "device", "")]
    assert decode_value(gathering.changes()[key]).events == 2


def order(order_id: str = "o-1", seller: str = "shop", **fields: Any) -> dict[str, Any]:
    return event("order.placed", seller_id=seller, order_id=order_id, **fields)


def test_a_review_knows_the_order_that_it_names_and_whether_it_had_come() -> None:
    gatherer = Gatherer()
    gatherer.gather(order(buyer_id="b-1", amount_minor=3900))
    early, _, late = gatherer.gather(
        event("review.left", order_id="o-1", buyer_id="b-1"),
        event("order.delivered", order_id="o-1", event_time="2026-03-05T00:00:00Z"),
        event("review.left", order_id="o-1", buyer_id="b-1"),
    )

    assert early.order is not None
    assert late.order is not None
    assert (early.order.amount_minor, early.order.delivered_at) == (3900, 0)
    assert late.order.delivered_at > late.order.placed_at > 0
    assert early.order.buyer == early.body.buyer_id  # type: ignore[union-attr]


def test_an_order_of_another_seller_is_no_context() -> None:
    gatherer = Gatherer()
    (_, review) = gatherer.gather(order(), event("review.left", seller_id="seller-2", order_id="o-1"))

    assert review.seller_id == "seller-2"
    assert review.order is None


def test_gathered_a_second_time_a_release_changes_the_order_once() -> None:
    gatherer = Gatherer()
    gatherer.gather(order())
    batch = [event("payment.released", order_id="o-1", event_time="2026-03-05T00:00:00Z")]
    gatherer.gather(*batch)
    (dispute,) = gatherer.gather(event("payment.disputed", order_id="o-1"))
    gatherer.gather(event("payment.released", order_id="o-1", event_time="2026-03-09T00:00:00Z"))
    (again,) = gatherer.gather(event("payment.disputed", order_id="o-1"))

    assert dispute.order is not None
    assert again.order is not None
    assert dispute.order.released_at == again.order.released_at > 0


def test_somebody_else_s_delivery_of_the_same_order_is_kept_on_a_conflict() -> None:
    gatherer = Gatherer()
    gatherer.gather(order())
    late = gatherer.run(gatherer.incoming(event("payment.released", order_id="o-1")), keep=False)
    gatherer.gather(event("order.delivered", order_id="o-1"))
    late.retouch({"o:o-1": gatherer.memory["o:o-1"]})
    gatherer.memory.update(late.changes())
    (review,) = gatherer.gather(event("review.left", order_id="o-1"))

    assert review.order is not None
    assert review.order.delivered_at > 0
    assert review.order.released_at > 0


def test_who_reports_has_a_record_as_reporter_and_one_as_buyer() -> None:
    gatherer = Gatherer()
    gatherer.gather(order(buyer_id="b-1"), event("report.filed", reporter_id="b-1"))
    gatherer.gather(event("seller.banned"))
    (report,) = gatherer.gather(event("report.filed", seller_id="seller-2", reporter_id="b-1"))

    reporter, buyer = sighting(report, "reporter"), sighting(report, "buyer")
    assert (reporter.events, reporter.others[0].status) == (1, "banned")
    assert (buyer.buyer.orders, buyer.events) == (1, 1)


def test_who_praises_is_known_by_the_sellers_that_were_praised_and_how_often() -> None:
    gatherer = Gatherer()
    said = [event("review.left", seller_id=seller, buyer_id="b-1", rating=5) for seller in ("s-1", "s-2", "s-2")]
    first, second, again = (
        sighting(record, "reviewer") for record in gatherer.gather(*said)[1:] + gatherer.gather(said[0])
    )

    assert [(seen.own, seen.sellers) for seen in (first, second, again)] == [(0, 1), (1, 1), (1, 1)]
    assert [other.seller_id for other in second.others] == ["s-1"]


def test_who_finds_fault_with_sellers_has_praised_none_of_them() -> None:
    gatherer = Gatherer()
    gatherer.gather(*(event("review.left", seller_id=s, buyer_id="b-1", rating=1) for s in ("bad-1", "bad-2", "good")))

    (praise,) = gatherer.gather(event("review.left", seller_id="good", buyer_id="b-1", rating=5))
    (fault,) = gatherer.gather(event("review.left", seller_id="bad-1", buyer_id="b-1", rating=3))
    (later,) = gatherer.gather(event("review.left", seller_id="fine", buyer_id="b-1", rating=4))

    assert sighting(praise, "reviewer") is None
    assert sighting(fault, "reviewer") is None
    assert [other.seller_id for other in sighting(later, "reviewer").others] == ["good"]


def test_a_mailbox_for_minutes_is_told_from_others_before_it_is_hashed() -> None:
    (one, two, three) = Gatherer().gather(
        registered("s-1", email="x@eu.mailinator.com"),
        registered("s-2", email="x@gmail.com"),
        registered("s-3", email="x@shop.example"),
    )

    assert [record.body.mail for record in (one, two, three)] == ["throwaway", "free", "own"]  # type: ignore[union-attr]
    assert "mailinator" not in repr(one)


PICTURE = "0f1e2d3c4b5a6978"
TEXT = " ".join(f"word{number} of a long description" for number in range(12))


def listing(seller: str, number: int = 1, **fields: Any) -> dict[str, Any]:
    return event("listing.published", seller_id=seller, listing_id=f"{seller}-{number}", **fields)


def test_a_picture_published_before_by_another_seller_is_seen_though_some_bits_differ() -> None:
    gatherer = Gatherer("listings")
    gatherer.gather(listing("first", image_hashes=[PICTURE]))
    nearly = f"{int(PICTURE, 16) ^ 0b100000000001:016x}"

    (record,) = gatherer.gather(listing("second", image_hashes=[nearly, "123456789abcdef0"]))

    (seen,) = record.seen
    assert (seen.kind, seen.value, seen.role, seen.sellers) == ("image", nearly, "seller", 1)
    assert [other.seller_id for other in seen.others] == ["first"]


def test_a_copied_description_is_seen_and_links_nobody() -> None:
    gatherer = Gatherer("listings")
    gatherer.gather(listing("first", description=TEXT))

    records = gatherer.gather(listing("second", description=TEXT.upper()))

    assert [seen.kind for seen in records[0].seen] == ["listing_text"]
    assert links(records) == []


def test_a_seller_s_own_pictures_and_other_ones_are_not_seen() -> None:
    gatherer = Gatherer("listings")
    gatherer.gather(listing("first", image_hashes=[PICTURE]))

    (record,) = gatherer.gather(listing("first", 2, image_hashes=[PICTURE, f"{int(PICTURE, 16) ^ 0xFFFFFF:016x}"]))

    assert record.seen == ()


def test_a_picture_of_a_banned_seller_is_seen_with_its_standing() -> None:
    gatherer = Gatherer("listings")
    gatherer.gather(listing("first", image_hashes=[PICTURE]), event("seller.banned", seller_id="first"))

    (record,) = gatherer.gather(listing("second", image_hashes=[PICTURE]))

    assert [other.status for other in record.seen[0].others] == ["banned"]


def test_listings_gathered_again_after_a_crash_see_the_same_sellers_and_count_once() -> None:
    gatherer = Gatherer("listings")
    gatherer.gather(listing("first", image_hashes=[PICTURE]))
    batch = gatherer.incoming(listing("second", image_hashes=[PICTURE]))
    (first,) = gatherer.run(batch).records()
    memory = dict(gatherer.memory)

    (again,) = gatherer.run([Incoming(i.source, i.logged_at, i.event, i.values) for i in batch]).records()

    assert again.seen[0].others == first.seen[0].others
    assert gatherer.memory == memory


def test_a_picture_that_hundreds_show_is_counted_and_names_a_few() -> None:
    gatherer = Gatherer("listings")
    for number in range(60):
        gatherer.gather(listing(f"shop-{number}", image_hashes=[PICTURE]))

    (record,) = gatherer.gather(listing("last", image_hashes=[PICTURE]))

    assert record.seen[0].sellers == 60
    assert len(record.seen[0].others) == 5
