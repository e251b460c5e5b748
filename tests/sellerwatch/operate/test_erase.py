"""Erasing finds a seller or buyer wherever Redis holds one, leaves others what is theirs, and records the act."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from console.store.database import Database
from console.store.schema import links, orders
from detectors.erasure import SELLER, erase
from detectors.events import ActRecorded, Record, Source
from detectors.patterns.parts import with_order
from detectors.profiles.facet_states import BuyerMix
from detectors.profiles.kept_texts import KeptText, encode_kept_text, place_of
from detectors.profiles.marks import mark_of
from detectors.profiles.order_rows import OrderRow, encode_order_row
from detectors.profiles.profile import Link, Profile, decode_profile, encode_profile
from streams.facts.buyers import BuyerStats
from streams.facts.encoding import decode_order, decode_value, encode
from streams.facts.orders import Order
from streams.facts.standings import Linked, Standing
from streams.facts.values import SellerSeen, Value
from streams.intake import log_partition
from streams.privacy import Pseudonyms
from streams.store.entities import NONCE_BYTES, SHARDS, shard_of
from tests.builders import MONDAY
from tests.sellerwatch.operate.conftest import PARTITIONS, Ground
from tests.streams.delivery import alert_json

NONCE = b"8 bytes."


def watch_key(seller: str, name: str) -> str:
    return f"{{sw.watch.{log_partition(seller, PARTITIONS)}}}{name}"


def intake_key(key: str) -> str:
    return f"{{sw.intake.{shard_of(key)}}}{key}"


def seen(seller: str, role: str = "seller") -> SellerSeen:
    return SellerSeen(seller, role, MONDAY, MONDAY, 1, "orders/0/1")  # type: ignore[arg-type]


@pytest.fixture
def filled(ground: Ground) -> Ground:
    """Two sellers that share a device, orders of both, a buyer of both."""
    buyer = Pseudonyms(ground.settings.hashing()).of("buyer", "ann")
    put = ground.redis.set
    put("{sw.layout}partitions", PARTITIONS)
    other = Profile(logged_at=MONDAY, orders=3, links=(Link("shop-1", "device", 0.9, 1),))
    other.buyer_mix = BuyerMix(1, buyers=(buyer,))
    put(watch_key("shop-1", "s:shop-1"), encode_profile(Profile(logged_at=MONDAY, orders=7)))
    put(watch_key("shop-2", "s:shop-2"), encode_profile(other))
    for number, seller in ((1, "shop-1"), (2, "shop-2")):
        row = OrderRow(seller, "", 1, MONDAY, MONDAY, b"", suspicious=False)
        put(watch_key(seller, f"o:o{number}"), encode_order_row(row), ex=1_000)
        put(watch_key(seller, f"t:{place_of(seller, 'x')}"), encode_kept_text(KeptText(seller, "x", MONDAY)))
        records = {
            f"o:o{number}": Order(seller, buyer, MONDAY),
            f"s:{seller}": Standing("banned" if number == 1 else "", [Linked(f"shop-{3 - number}", "device", "k1:d")]),
            f"v:email:k1:e{number}": Value(1, MONDAY, MONDAY, 1, [seen(seller)]),
        }
        for key, record in records.items():
            put(intake_key(key), NONCE + encode(record), ex=1_000)
        alert = {"type": "alert.raised", "alert": alert_json(f"alr_{number}", seller)}
        ground.redis.xadd(watch_key(seller, "out"), alert)
    shared = Value(2, MONDAY, MONDAY, 2, [seen("shop-1"), seen("shop-2")])
    parts = with_order(with_order(b"", mark_of("shop-1"), 1, MONDAY), mark_of("shop-2"), 1, MONDAY)
    stats = Value(2, MONDAY, MONDAY, 2, [seen("shop-1", "buyer"), seen("shop-2", "buyer")])
    stats.buyer = BuyerStats(MONDAY, 2, parts=parts)
    put(intake_key("v:device:k1:d"), NONCE + encode(shared))
    put(intake_key(f"v:buyer:{buyer}"), NONCE + encode(stats))
    return ground


@contextmanager
def watch_runs(ground: Ground) -> Iterator[None]:
    """Folds acts into the profiles in Redis, as intake and watch do."""
    done = threading.Event()

    def run() -> None:
        folded = 0
        while not done.wait(0.1):
            acts = ground.acts()
            for number, told in enumerate(acts[folded:], start=folded):
                if told.get("seller_id"):
                    fold(ground, told, number)
            folded = len(acts)
            for shard in range(SHARDS):
                ground.redis.hset(f"{{sw.intake.{shard}}}marks", "sellerwatch.acts/0", folded)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    done.set()
    thread.join()


def fold(ground: Ground, told: dict[str, object], number: int) -> None:
    seller = str(told["seller_id"])
    fields = {
        name: told[name] for name in ("act", "actor", "role", "subject_kind", "subject", "details") if name in told
    }
    record = Record(0, Source("a", 0, number), MONDAY + 1, "e", MONDAY, seller, ActRecorded(**fields))  # type: ignore[arg-type]
    stored = ground.redis.get(watch_key(seller, f"s:{seller}"))
    profiles = {seller: decode_profile(stored)} if isinstance(stored, bytes) else {}
    if erase(record, profiles):
        ground.redis.set(watch_key(seller, f"s:{seller}"), encode_profile(profiles[seller]))


def stored(ground: Ground, key: str) -> bytes | None:
    found = ground.redis.get(intake_key(key))
    return found[NONCE_BYTES:] if isinstance(found, bytes) else None


def holding(ground: Ground, needle: bytes) -> set[str]:
    """Keys of stored values that hold the bytes."""
    keys = [key for key in ground.redis.scan_iter("{sw.*") if ground.redis.type(key) == b"string"]
    return {key.decode() for key in keys if needle in (ground.redis.get(key) or b"")}


def test_a_seller_is_nowhere_any_more_and_others_keep_what_is_theirs(filled: Ground) -> None:
    with watch_runs(filled):
        done = filled.told("erase", "--seller", "shop-1", "--yes", "--wait", "60")

    assert done["complete"]
    assert holding(filled, b"shop-1") == holding(filled, mark_of("shop-1")) == set()
    assert holding(filled, mark_of("shop-2")) != set()
    assert not filled.redis.exists(watch_key("shop-1", "o:o1"), intake_key("o:o1"), intake_key("s:shop-1"))
    assert not filled.redis.exists(intake_key("v:email:k1:e1"))
    device = decode_value(stored(filled, "v:device:k1:d") or b"")
    assert ([s.seller_id for s in device.sellers], device.distinct) == (["shop-2"], 1)
    assert filled.redis.exists(watch_key("shop-2", "o:o2"), watch_key("shop-2", f"t:{place_of('shop-2', 'x')}")) == 2
    assert 0 < filled.redis.ttl(intake_key("o:o2")) <= 1_000
    alerts = [fields[b"alert"] for _, fields in filled.redis.xrange(watch_key("shop-2", "out"))]
    assert all(b"shop-1" not in alert for alert in alerts)
    assert len(alerts) == 1
    assert "keyed hashes" in done["stays"]


def test_the_acts_stand_in_the_log_of_each_seller_that_changes(filled: Ground) -> None:
    with watch_runs(filled):
        filled.told("erase", "--seller", "shop-1", "--yes", "--wait", "60")

    assert [(a["act"], a["seller_id"], a["subject"]) for a in filled.acts()] == [
        (SELLER, "shop-1", "shop-1"),
        ("mention.erased", "shop-2", "shop-1"),
    ]


def test_a_buyer_is_found_by_its_hash_under_every_key_and_no_act_says_its_name(
    filled: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = Pseudonyms(filled.settings.hashing()).of("buyer", "ann")
    monkeypatch.setenv("SELLERWATCH_HASH_KEYS", "k2:another key for hashes,k1:a key for hashes of tests")

    with watch_runs(filled):
        done = filled.told("erase", "--buyer", "ann", "--yes", "--wait", "60")

    assert done["complete"]
    assert holding(filled, former.encode()) == set()
    assert decode_order(stored(filled, "o:o2") or b"").seller_id == "shop-2"
    assert decode_profile(filled.redis.get(watch_key("shop-2", "s:shop-2")) or b"").orders == 3
    assert former in str(filled.acts())
    assert "ann" not in str([{**act, "actor": ""} for act in filled.acts()])


def test_what_watch_has_not_come_to_is_said_with_what_to_do(filled: Ground) -> None:
    result = filled.run("erase", "--seller", "shop-1", "--yes", "--wait", "0")

    assert result.exit_code == 1
    assert "repeat the command" in result.output
    assert filled.redis.exists(watch_key("shop-1", "o:o1"))  # not before the fold has said that it looks at it no more


def test_the_console_forgets_as_well(filled: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "console.db"
    monkeypatch.setenv("SELLERWATCH_CONSOLE_DATABASE", str(place))
    database = Database.open(str(place))
    buyer = Pseudonyms(filled.settings.hashing()).of("buyer", "ann")
    with database.writing() as connection:
        for seller in ("shop-1", "shop-2"):
            order = {"order_id": f"o-{seller}", "placed_at": 1, "amount_minor": 1, "currency": "EUR", "quantity": 1}
            connection.execute(insert(orders).values(seller_id=seller, buyer=buyer, logged_at=1, **order))
        told = {"kind": "device", "value": "k1:d", "role": "seller", "own_role": "seller", "sellers": 2}
        connection.execute(insert(links).values(seller_id="shop-2", other="shop-1", found_at=1, logged_at=1, **told))

    filled.told("erase", "--buyer", "ann", "--yes", "--wait", "0")
    done = filled.told("erase", "--seller", "shop-1", "--yes", "--wait", "0")

    assert done["elsewhere"] == [
        "the console's database: 2 rows, which a `sellerwatch console rebuild` leaves out, too"
    ]
    with database.reading() as connection:
        assert [tuple(row) for row in connection.execute(select(orders.c.seller_id, orders.c.buyer))] == [
            ("shop-2", "")
        ]
        assert connection.execute(select(links)).all() == []
    database.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seller", "shop-3", "--yes"], "did you mean"),
        (["--buyer", "anne", "--yes"], "nothing is remembered"),
        (["--value", "emial=x", "--yes"], "did you mean email"),
        (["--seller", "shop-1"], "--yes"),
        (["--seller", "shop-1", "--buyer", "ann", "--yes"], "either"),
    ],
)
def test_what_is_mistyped_or_not_confirmed_erases_nothing(filled: Ground, words: list[str], said: str) -> None:
    before = {key: filled.redis.dump(key) for key in filled.redis.scan_iter("*")}

    result = filled.run("erase", *words)

    assert (result.exit_code, said in result.output) == (2, True), result.output
    assert filled.acts() == []
    assert {key: filled.redis.dump(key) for key in filled.redis.scan_iter("*")} == before
