"""Every event is one that the contract allows, and together they are a believable stream."""

import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import msgspec

from detectors.events import Id, UpstreamBody
from simulator import simulate
from simulator.wording import CODED
from tests.simulator.observed import Observed, time_of

TOPICS = {"orders", "payments", "listings", "shipments", "sellers", "reviews", "reports"}


class Envelope(msgspec.Struct):
    event_id: Id
    event_time: datetime
    seller_id: Id | None = None


def test_every_event_decodes_as_the_contract_has_it() -> None:
    body, envelope = msgspec.json.Decoder(UpstreamBody), msgspec.json.Decoder(Envelope)
    kinds = set()
    for topic, key, event in simulate(4, 300, 12, illicit_share=0.2).events_with_topic():
        decoded, around = body.decode(event), envelope.decode(event)
        kinds.add(type(decoded).__name__)
        family = str(decoded.__struct_config__.tag).partition(".")[0]
        assert topic == family + "s"
        assert key in {getattr(decoded, "order_id", None), getattr(decoded, "listing_id", None), around.seller_id}
        assert around.event_time.tzinfo is not None
        assert around.seller_id is not None or family in {"payment", "shipment"}
        assert len(event) < 64 * 1024
    assert len(kinds) == 17  # all but verdicts and intelligence, which a marketplace does not make


def test_event_ids_are_unique_and_times_never_go_back(seen: Observed) -> None:
    times = [event["event_time"] for event in seen.events]

    assert times == sorted(times)
    assert len({event["event_id"] for event in seen.events}) == len(seen.events)


def test_the_stream_ends_with_its_days(seen: Observed) -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)

    assert timedelta(days=34.9) < time_of(seen.events[-1]) - start < timedelta(days=35)


def test_some_payments_and_shipments_leave_their_seller_out(seen: Observed) -> None:
    for kind, low, high in (("payment.captured", 0.1, 0.2), ("shipment.created", 0.2, 0.3)):
        named = ["seller_id" in event for event in seen.events if event["type"] == kind]
        assert low < named.count(False) / len(named) < high


def test_some_payments_come_shortly_before_their_order(seen: Observed) -> None:
    delays = [
        time_of(event) - time_of(order)
        for orders in seen.orders.values()
        for order in orders
        for event in seen.followed_by([order], "payment.captured")
    ]
    early = [delay for delay in delays if delay < timedelta(0)]

    assert 0.01 < len(early) / len(delays) < 0.03
    assert min(early) > timedelta(seconds=-3)


def test_money_and_things_of_an_order_fit_together(seen: Observed) -> None:
    for orders in seen.orders.values():
        for order in orders:
            worth = sum(item["quantity"] * item["unit_amount_minor"] for item in order["items"])
            assert worth == order["amount_minor"] > 0
            captured, failed, cancelled = (
                seen.followed_by([order], kind) for kind in ("payment.captured", "payment.failed", "order.cancelled")
            )
            assert len(captured) <= 1
            assert all(time_of(attempt) < time_of(captured[0]) for attempt in failed if captured)
            assert not (cancelled and seen.followed_by([order], "shipment.created"))


def test_every_listing_sold_was_published_before(seen: Observed) -> None:
    published: set[str] = set()
    for event in seen.events:
        if event["type"] == "listing.published":
            published.add(event["listing_id"])
        for item in event.get("items", ()):
            assert item["listing_id"] in published


def test_a_carriers_address_is_shared_by_very_many_buyers_and_some_sellers(seen: Observed) -> None:
    buyers: dict[str, set[str]] = defaultdict(set)
    sellers: dict[str, set[str]] = defaultdict(set)
    for event in seen.events:
        if "ip" in event:
            who = buyers if "buyer_id" in event else sellers
            who[event["ip"]].add(event.get("buyer_id") or event["seller_id"])
    busiest = max(buyers, key=lambda ip: len(buyers[ip]))

    assert len(buyers[busiest]) > 1_000
    assert len(sellers[busiest]) > 3


def test_people_of_one_household_share_a_device(seen: Observed) -> None:
    people = defaultdict(set)
    for event in seen.events:
        if event["type"] == "order.placed" and "device_id" in event:
            people[event["device_id"]].add(event["buyer_id"])

    assert 0.01 < sum(len(found) == 2 for found in people.values()) / len(people) < 0.2
    assert max(map(len, people.values())) == 2


def is_outspoken(title: str) -> bool:
    return title in CODED or title.endswith((" g", ", sample", ", pure"))


def test_nothing_that_a_name_says_tells_honest_from_illicit_but_where_it_is_meant_to(seen: Observed) -> None:
    """Those who are outspoken are so in titles, and in descriptions, which repeat them."""
    outspoken = {
        event["seller_id"]
        for event in seen.events
        if event["type"] == "listing.published" and is_outspoken(event["title"])
    }

    def words(illicit: bool) -> set[str]:
        return {
            word
            for event in seen.events
            if event.get("seller_id", "") not in {"", *outspoken} and seen.truth[event["seller_id"]].illicit == illicit
            for name in ("title", "description", "category", "declared_contents", "carrier")
            for word in re.findall(r"[a-zäöü]{3,}", str(event.get(name, "")).lower())
        }

    assert len(words(illicit=True)) > 50
    assert words(illicit=True) <= words(illicit=False)
    assert outspoken
    assert all(seen.truth[seller].illicit for seller in outspoken)


def test_all_sellers_ids_look_alike(seen: Observed) -> None:
    assert all(re.fullmatch(r"seller_[0-9a-f]{16}", seller) for seller in seen.truth)
    ordered = sorted(seen.truth)
    illicit = [position for position, seller in enumerate(ordered) if seen.truth[seller].illicit]
    assert 0.3 < sum(illicit) / len(illicit) / len(ordered) < 0.7  # spread over all ids
