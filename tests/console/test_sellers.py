"""The pages of one seller, links, and search."""

import string
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr
from redis.asyncio import Redis

from console.store.database import Database
from console.store.feed.applying import Part, Read, apply
from console.store.feed.positions import Place
from console.store.queries.links import cluster
from console.store.queries.listings import listings_of
from console.store.queries.search import find, holders
from console.store.queries.sellers import alerts_of, decisions_of, occurrences_of, scores, seller, standings
from console.store.queries.trade import orders_of, trade
from detectors.decision import encode_alert, encode_decision
from detectors.events import (
    DAY,
    HOUR,
    LinkFound,
    ListingPublished,
    ListingRemoved,
    OrderDelivered,
    PaymentCaptured,
    PaymentDisputed,
    Record,
    ShipmentCreated,
    encode_record,
)
from detectors.events import Place as Address
from detectors.language.lexicon import Lexicon, sample_lexicon
from detectors.language.marking import marks
from streams import names
from streams.errors import SettingsError
from streams.facts.encoding import encode
from streams.facts.standings import Linked, Standing
from streams.facts.values import SellerSeen, Value
from streams.privacy import HashKey, Pseudonyms
from streams.settings import Settings
from streams.store.connection import connect
from streams.store.entities import NONCE_BYTES, shard_of
from tests.builders import MONDAY, order_placed, record, registered
from tests.console.made import raised
from tests.console.test_feed import decided

NOW = MONDAY + 10 * DAY
WORDS = Lexicon.parse("term,weight,topic,with,without\ncocaine,0.9,drugs,,\ncrystal meth,0.9,drugs,,\n")


def _log(database: Database, *records: Record, base: int = 0) -> None:
    read = [Read(base + n, MONDAY, encode_record(each)) for n, each in enumerate(records)]
    apply(database, [Part(Place(names.EVENTS, 0), base, read)], NOW)


def _orders(number: int) -> list[Record]:
    found = []
    for n in range(number):
        currency, method = ("BTC", "crypto") if n % 3 == 0 else ("EUR", "card")
        placed = order_placed(
            order_id=f"order-{n:03d}", amount_minor=1_000 + n, currency=currency, ship_to=Address("FR")
        )
        found += [
            record(placed, event_time=MONDAY + n * HOUR),
            record(PaymentCaptured(f"p{n}", f"order-{n:03d}", 1_000 + n, currency, method)),  # type: ignore[arg-type]
            record(ShipmentCreated(f"s{n}", f"order-{n:03d}", Address("NL"))),
        ]
    return found


def test_trade_is_summed_up_by_currency_method_route_and_day(database: Database) -> None:
    _log(database, *_orders(30), record(OrderDelivered("order-001")), record(PaymentDisputed("order-002")))
    with database.reading() as connection:
        found = trade(connection, "seller-1")
    assert (found.orders, found.buyers, found.since) == (30, 30, MONDAY)
    assert [(a.currency, a.orders, a.least_minor, a.median_minor, a.most_minor) for a in found.amounts] == [
        ("EUR", 20, 1_001, 1_016, 1_029),
        ("BTC", 10, 1_000, 1_015, 1_027),
    ]
    assert found.methods == {"card": 20, "crypto": 10}
    assert [(r.origin, r.destination, r.orders, r.disputed) for r in found.routes] == [("NL", "FR", 30, 1)]
    assert [(day.begins, day.orders, day.disputed) for day in found.days] == [(MONDAY, 24, 1), (MONDAY + DAY, 6, 0)]
    assert (found.fates["delivered"], found.fates["disputed"]) == (1, 1)


def test_orders_and_decisions_are_read_page_by_page(database: Database) -> None:
    _log(database, *_orders(25))
    decisions = [encode_decision(decided(n, at=MONDAY + n * HOUR, seller_score=n / 50)) for n in range(25)]
    read = [Read(n, MONDAY, value) for n, value in enumerate(decisions)]
    apply(database, [Part(Place(names.DECISIONS, 0), 0, read)], NOW)
    with database.reading() as connection:
        pages, cursor = [], None
        while True:
            page = orders_of(connection, "seller-1", limit=10, after_cursor=cursor)
            pages.append([item.order_id for item in page.items])
            if (cursor := page.next) is None:
                break
        assert [len(each) for each in pages] == [10, 10, 5]
        assert [order for each in pages for order in each] == [f"order-{n:03d}" for n in range(24, -1, -1)]
        first = decisions_of(connection, "seller-1", limit=20)
        rest = decisions_of(connection, "seller-1", limit=20, after_cursor=first.next)
        assert [item.event_id for item in (*first.items, *rest.items)] == [f"event-{n}" for n in range(24, -1, -1)]
        assert [item.event_id for item in decisions_of(connection, "seller-1", order="order-7").items] == ["event-7"]
        assert [point.seller_score for point in scores(connection, "seller-1", 3)] == [0.44, 0.46, 0.48]


def test_what_is_known_of_a_seller_and_what_is_not(database: Database) -> None:
    _log(database, record(registered(verification="none")))
    apply(database, [Part(Place(names.ALERTS, 0), 0, [Read(0, MONDAY, encode_alert(raised(1)))])], NOW)
    with database.reading() as connection:
        found = seller(connection, "seller-1")
        assert found is not None
        assert (found.country, found.verification, found.score) == ("DE", "none", None)
        assert [item.alert_id for item in alerts_of(connection, "seller-1")] == ["alr_000001"]
        assert [one.type for one in occurrences_of(connection, "seller-1")] == ["seller.registered"]
        assert seller(connection, "seller-x") is None
        assert standings(connection, ["seller-1", "seller-x"]).keys() == {"seller-1"}
        assert trade(connection, "seller-x").orders == 0


def test_listings_come_with_the_words_that_counted(database: Database) -> None:
    _log(
        database,
        record(ListingPublished("l1", "Pure c0ca1ne", "best Crystal\u00a0 Meth, no cocaines")),
        record(ListingPublished("l2", "Garden chair"), event_time=MONDAY + HOUR),
        record(ListingRemoved("l2"), event_time=MONDAY + DAY),
    )
    with database.reading() as connection:
        page = listings_of(connection, "seller-1", WORDS)
    assert [(item.listing_id, item.removed_at) for item in page.items] == [("l2", MONDAY + DAY), ("l1", None)]
    item = page.items[1]
    assert item.title is not None
    assert item.description is not None
    assert [item.title[mark.start : mark.end] for mark in item.title_marks] == ["c0ca1ne"]
    assert [item.description[mark.start : mark.end] for mark in item.description_marks] == [
        "Crystal\u00a0 Meth",
        "cocaine",
    ]


ALPHABET = string.ascii_letters + "  cocainemth013@$*.-" + "\u0441\u200b\u00df\ufb03\U0001f1fa"


@given(st.text(ALPHABET, max_size=60), st.sampled_from(["cocaine", "c0caine", "c*caine", "CRYSTAL meth", "cooocaine"]))
@hypothesis_settings(max_examples=60, deadline=None)
def test_marks_lie_in_the_text_apart_and_only_where_words_count(text: str, word: str) -> None:
    text = f"{text} {word} {text[::-1]}"
    found = marks(WORDS, text)
    ends = 0
    for mark in found:
        assert ends <= mark.start < mark.end <= len(text)
        ends = mark.end
        assert len(text[mark.start : mark.end].strip()) >= 5
    assert marks(sample_lexicon(), "Garden chair") == []


# -- with Redis -------------------------------------------------------------------------------


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


async def _store(redis: Redis, key: str, value: Any) -> None:
    await redis.set(f"{{sw.intake.{shard_of(key)}}}{key}", b"n" * NONCE_BYTES + encode(value))


def _linked(other: str, kind: str = "device", role: Any = "seller") -> Linked:
    return Linked(other, kind, f"k1:{kind}", role)


async def test_a_cluster_grows_by_a_step_and_says_why(database: Database, redis: Redis) -> None:
    await _store(redis, "s:seller-1", Standing("", [_linked("seller-2"), _linked("seller-3", "ip", "buyer")]))
    await _store(redis, "s:seller-2", Standing("banned", [_linked("seller-1"), _linked("seller-4", "payout_account")]))
    _log(database, record(LinkFound("seller-5", "email", "k1:email", "seller", 2)))
    one = await cluster(database, redis, "sw", "seller-1")
    assert [(node.seller_id, node.distance, node.status) for node in one.nodes] == [
        ("seller-1", 0, ""),
        ("seller-2", 1, "banned"),
        ("seller-3", 1, ""),
        ("seller-5", 1, ""),
    ]
    assert [(edge.other, edge.kind, edge.strength) for edge in one.edges] == [
        ("seller-5", "email", 0.6993),
        ("seller-2", "device", 0.5994),
        ("seller-3", "ip", 0.0),
    ]
    assert [node.seller_id for node in one.nodes if node.expanded] == ["seller-1"]
    two = await cluster(database, redis, "sw", "seller-1", steps=2)
    assert {node.seller_id for node in two.nodes if not node.expanded} == {"seller-4"}
    assert [node.seller_id for node in two.nodes if node.distance == 2] == ["seller-4"]
    assert (two.cut, two.redis) == (False, True)
    small = await cluster(database, redis, "sw", "seller-1", steps=2, most=3)
    assert (len(small.nodes), small.cut) == (3, True)


async def test_without_redis_links_are_those_of_the_log(database: Database) -> None:
    _log(database, record(LinkFound("seller-5", "email", "k1:email", "seller", 2)))
    away = connect("redis://127.0.0.1:1/0")
    found = await cluster(database, away, "sw", "seller-1")
    assert (found.redis, [node.seller_id for node in found.nodes]) == (False, ["seller-1", "seller-5"])


async def test_an_unreadable_record_of_redis_is_passed_over(database: Database, redis: Redis) -> None:
    await redis.set(f"{{sw.intake.{shard_of('s:seller-1')}}}s:seller-1", b"x" * 20)
    assert len((await cluster(database, redis, "sw", "seller-1")).nodes) == 1


async def test_a_personal_value_is_hashed_and_found_wherever_it_was_seen(
    database: Database, redis: Redis, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = [HashKey("k2", b"a newer key of sixteen"), HashKey("k1", b"a key of sixteen bytes")]
    old, new = Pseudonyms(keys[1:]), Pseudonyms(keys)
    given = [SecretStr(f"{key.kid}:{key.secret.decode()}") for key in keys]
    settings = Settings(hash_keys=given)
    seen = SellerSeen("seller-7", "seller", MONDAY, MONDAY + DAY, 1, "sellers/0/1")
    await _store(redis, f"v:email:{old.of('email', 'ann@example.org')}", Value(1, sellers=[seen], listed={"ofac": 0}))
    _log(
        database,
        record(LinkFound("seller-5", "email", new.of("email", "ann@example.org"), "seller", 2)),
        record(order_placed(buyer_id=new.of("buyer", "ann@example.org"), order_id="o1"), seller_id="seller-8"),
        record(LinkFound("seller-0", "email", new.of("email", "ann@example.org"), "buyer", 2)),
    )
    found = await holders(database, redis, settings, " Ann@Example.org ")
    assert [(h.seller_id, h.kind, h.role, h.listed) for h in found.holders] == [
        ("seller-1", "email", "seller", []),
        ("seller-5", "email", "seller", []),
        ("seller-7", "email", "seller", ["ofac"]),
        ("seller-0", "email", "buyer", []),
    ]
    exact = await holders(database, redis, settings, "ann@example.org", "buyer")
    assert [(h.seller_id, h.role) for h in exact.holders] == [("seller-8", "buyer")]
    assert "ann@" not in capsys.readouterr().out.lower()
    with database.reading() as connection:
        stored = "\n".join(
            str(row) for table in ("links", "orders") for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
        )
    assert "ann@" not in stored
    with pytest.raises(SettingsError, match="HASH_KEYS"):
        await holders(database, redis, Settings(), "ann@example.org")


def test_ids_are_found_by_their_beginnings(database: Database) -> None:
    _log(database, *_orders(3), record(registered(), seller_id="seller-12"))
    apply(database, [Part(Place(names.ALERTS, 0), 0, [Read(0, MONDAY, encode_alert(raised(1)))])], NOW)
    with database.reading() as connection:
        found = find(connection, "seller-1")
        assert [one.seller_id for one in found.sellers] == ["seller-1", "seller-12"]
        assert [item.alert_id for item in found.alerts] == ["alr_000001"]
        assert [hit.order_id for hit in find(connection, " order-00 ").orders] == [
            "order-000",
            "order-001",
            "order-002",
        ]
        assert find(connection, "%").sellers == find(connection, "").sellers == []
