"""Erasure: what an act of the log erases is gone, whatever is read after it, and what comes later is kept."""

from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import delete, select

from console.store.database import Database
from console.store.feed.applying import Part, Read, apply
from console.store.feed.positions import Place
from console.store.queries.alert import alert_page
from console.store.queries.queue import QueueFilter, queue
from console.store.schema import FED, given, orders, sellers
from console.store.states import STATES
from console.store.writing import put
from detectors.assessment import Reason
from detectors.decision import Evidence, LinkedSeller, encode_alert, encode_decision
from detectors.events import DAY, HOUR, ActRecorded, LinkFound, encode_record
from streams import names
from tests.builders import MONDAY, order_placed, record
from tests.console.made import raised
from tests.console.test_feed import contents, decided

NOW = MONDAY + 10 * DAY
GONE = "seller-1"
ERASING = record(
    ActRecorded("seller.erased", "k1:who", "operator", "seller", GONE), event_time=MONDAY + 5 * DAY, seller_id=GONE
)


def _sent() -> dict[str, list[bytes]]:
    """The seller's life, its erasure, and its life after that; and another seller who is linked with it."""
    linked = Evidence([], [], [LinkedSeller(GONE, "device", 0.6), LinkedSeller("seller-3", "ip", 0.1)])
    reasons = [Reason("shared", f"shares a device with {GONE}, not with {GONE}0", 1.0, None, 0.0, 0.8)]
    log = [
        record(order_placed(order_id="before", buyer_id="k1:ann")),
        record(LinkFound("seller-2", "device", "k1:d", "seller", 2)),
        record(LinkFound(GONE, "device", "k1:d", "seller", 2), seller_id="seller-2"),
        ERASING,
        record(order_placed(order_id="after"), event_time=MONDAY + 6 * DAY),
    ]
    decisions = [decided(1), decided(2, at=MONDAY + 6 * DAY)]
    alerts = [
        raised(1),
        raised(2, evidence=linked, reasons=reasons),
        raised(3, at=MONDAY + 6 * DAY, seller_id=GONE),
    ]
    return {
        names.EVENTS: [encode_record(each) for each in log],
        names.DECISIONS: [encode_decision(each) for each in decisions],
        names.ALERTS: [encode_alert(each) for each in alerts],
    }


def _part(topic: str, values: list[bytes]) -> Part:
    written = [MONDAY, MONDAY + 6 * DAY]
    times = [written[min(number, 1)] for number in range(len(values))]
    return Part(
        Place(topic, 0), 0, [Read(n, at, value) for n, (at, value) in enumerate(zip(times, values, strict=True))]
    )


def test_an_erased_seller_is_gone_whichever_topic_is_read_first(database: Database) -> None:
    sent, found = _sent(), []
    for order in permutations(sent):
        with database.writing() as connection:
            for table in (*FED, given):
                connection.execute(delete(table))
            put(connection, given, [_own()])
        for topic in order:
            apply(database, [_part(topic, sent[topic])], NOW)
        found.append(contents(database))
        assert [row[1] for row in found[-1]["orders"]] == ["after"]
        assert [row[2] for row in found[-1]["decisions"]] == ["event-2"]
        assert [row[0] for row in found[-1]["alerts"]] == ["alr_000002", "alr_000003"]
        assert found[-1]["links"] == []
        with database.reading() as connection:
            assert connection.execute(select(given)).all() == []
            assert queue(connection, QueueFilter(states=STATES, text=GONE)).items[0].alert_id == "alr_000003"
            other = alert_page(connection, "alr_000002")
        assert other is not None
        assert other.item.summary == "shares a device with (erased), not with seller-10"
        assert [link.seller_id for link in other.alert.evidence.sellers] == ["seller-3"]
        assert other.alert.reasons[0].text == "shares a device with (erased), not with seller-10"
    assert all(each["orders"] == found[0]["orders"] for each in found)


def _own() -> dict[str, Any]:
    said = {"event_id": "v1", "alert_id": "alr_000001", "seller_id": GONE, "verdict": "dismissed", "analyst": "ada"}
    return said | {"role": "lead", "note": "call Ann", "based_on": 1, "given_at": MONDAY}


@pytest.mark.parametrize("act", ["buyer.erased", "mention.erased"])
def test_an_erased_buyer_is_gone_from_orders_and_links(database: Database, act: str) -> None:
    details: dict[str, bool | int | str] = {"hash": "k1:ann"}
    log = [
        record(order_placed(order_id="one", buyer_id="k1:ann")),
        record(order_placed(order_id="two", buyer_id="k1:bob")),
        record(LinkFound("seller-2", "email", "k1:ann", "seller", 2)),
        record(
            ActRecorded(act, "k1:who", "operator", details=details),
            event_time=MONDAY + HOUR,
            seller_id="" if act == "buyer.erased" else "seller-1",
        ),
    ]
    late = record(order_placed(order_id="three", buyer_id="k1:ann"))  # of another partition, read later
    apply(database, [_part(names.EVENTS, [encode_record(each) for each in log])], NOW)
    apply(database, [Part(Place(names.EVENTS, 1), 0, [Read(0, MONDAY, encode_record(late))])], NOW)
    with database.reading() as connection:
        found = {row.order_id: row.buyer for row in connection.execute(select(orders))}
    assert found == {"one": "(erased)", "two": "k1:bob", "three": "(erased)"}
    assert contents(database)["links"] == []


def test_an_act_that_erases_nothing_changes_nothing(database: Database) -> None:
    apply(database, [_part(names.EVENTS, [encode_record(record(order_placed()))])], NOW)
    before = contents(database)
    login = record(ActRecorded("login", "k1:who", "lead"), seller_id="")
    apply(database, [Part(Place(names.EVENTS, 0), 1, [Read(1, NOW, encode_record(login))])], NOW)
    after = contents(database)
    assert {**after, "positions": []} == {**before, "positions": []}
    with database.reading() as connection:
        assert connection.execute(select(sellers.c.seller_id)).scalars().all() == ["seller-1"]
