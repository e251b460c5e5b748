"""Two marketplaces with different keys tell each other of what illicit sellers used, and no raw value leaves either."""

import base64
import csv
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from typer.testing import CliRunner

from detectors.erasure import SELLER
from detectors.events import (
    DAY,
    ActRecorded,
    LogBody,
    Record,
    SellerBanned,
    SellerReinstated,
    ValueListed,
    VerdictGiven,
    encode_record,
)
from sellerwatch import cli
from sellerwatch.embedded.kafka import EmbeddedKafka
from sellerwatch.exchange.exporting import export
from sellerwatch.exchange.files import read_file
from sellerwatch.exchange.importing import take
from sellerwatch.exchange.values import KINDS, Values, values_of
from streams.errors import SettingsError
from streams.files import FilesError, write_events
from streams.privacy import Pseudonyms
from streams.reading import read_topic
from streams.settings import Settings
from streams.signing import SignatureError
from streams.store.connection import connect, load_scripts
from streams.upstream import parse
from tests.builders import MONDAY, record
from tests.streams.test_intake import Topics, Worker
from tests.upstream import line

EXCHANGE = "x1:a secret that two marketplaces share"
AT = "2026-03-10T00:00:00Z"
NOW = datetime(2026, 3, 10, tzinfo=UTC)
IBAN, MAIL = "DE89 3704 0044 0532 0130 00", "Mule.One@example.org"


def market(name: str, exchange: str = EXCHANGE, **fields: Any) -> Settings:
    return Settings(
        hash_keys=[SecretStr(f"{name}:only marketplace {name} has this")], exchange_keys=[SecretStr(exchange)], **fields
    )


def pseudonyms(settings: Settings) -> Pseudonyms:
    return Pseudonyms(settings.hashing(), settings.exchanging())


@pytest.fixture
async def stores(redis_url: str) -> AsyncIterator[tuple[Redis, Redis]]:
    """A Redis for each marketplace."""
    place, number = redis_url.rsplit("/", 1)
    both = connect(redis_url), connect(f"{place}/{4_095 - int(number)}")
    for redis in both:
        await load_scripts(redis, stage="intake")
    yield both
    for redis in both:
        await redis.aclose()


@pytest.fixture
def own_kafka(mock_kafka: EmbeddedKafka) -> Iterator[EmbeddedKafka]:
    """Brokers whose topics no other test fills."""
    with EmbeddedKafka() as kafka:
        yield kafka


def joined(seller: str, **fields: Any) -> bytes:
    return line("seller.registered", event_id=f"joined/{seller}", seller_id=seller, event_time=AT, **fields)


async def test_what_one_marketplace_has_confirmed_is_found_at_the_other(
    tmp_path: Path, stores: tuple[Redis, Redis], own_kafka: EmbeddedKafka
) -> None:
    a, b = market("a"), market("b", kafka_brokers=own_kafka.bootstrap.split(","), kafka_api_version="0.11")
    of_a = Topics()
    there = Worker(stores[0], of_a, pseudonyms=pseudonyms(a))
    sellers = [joined("evil", payout_account=IBAN, email=MAIL), joined("honest", email="shop@example.org")]
    await there.read("sellers", *sellers)
    await there.read("verdicts", line("verdict.given", seller_id="evil", verdict="confirmed", analyst="ann@a.example"))
    write_events(tmp_path / "log.jsonl", map(encode_record, of_a.log()))
    write_events(tmp_path / "sellers.jsonl", sellers)
    told: dict[str, Any] = {"source": "market-a", "kinds": KINDS, "lasts": timedelta(days=180), "at": NOW}
    values = values_of([tmp_path / "sellers.jsonl"], a)
    made = export(tmp_path / "market-a.jsonl", [tmp_path / "log.jsonl"], values, a, **told)

    of_b = Topics()
    here = Worker(stores[1], of_b, pseudonyms=pseudonyms(b))
    early = [joined("early", email=MAIL.upper())]
    await here.read("sellers", *early)
    write_events(tmp_path / "early.jsonl", early)
    taken = take(tmp_path / "market-a.jsonl", None, values_of([tmp_path / "early.jsonl"], b), None, b, at=AT)
    await here.read("intel", *(held.value for held in read_topic(b, "intel")))
    await here.read("sellers", *early, joined("late", payout_account=IBAN.replace(" ", "").lower()), joined("clean"))

    log = of_b.log()
    assert (len(made.indicators), made.sellers, made.shared) == (4, 1, 0)  # the account also as wallet and instrument
    assert (taken.listed, taken.known) == (4, 1)
    assert [(r.seller_id, r.body.kind, r.body.source) for r in log if isinstance(r.body, ValueListed)] == [
        ("early", "email", "market-a")
    ]
    said = "confirmed, confirmed on 2026-03-01 (confidence 0.90)"
    assert sightings(log, "late") == [("payout_account", "market-a", said)]
    assert sightings(log, "clean") == []
    kept = (tmp_path / "market-a.jsonl").read_bytes() + repr(
        [o.value for o in of_b.sent["sellerwatch.events"]]
    ).encode()
    for raw in ("37040044053201300", "mule.one", "evil", "ann@a"):
        assert raw.encode() not in kept.lower()


def sightings(log: list[Record], seller: str) -> list[tuple[str, str | None, str | None]]:
    (found,) = [each for each in log if each.seller_id == seller]
    return [(seen.kind, seen.listed, seen.listed_reason) for seen in found.seen if seen.listed]


async def test_a_buyer_is_met_by_the_wallet_that_another_marketplace_paid_out_to(stores: tuple[Redis, Redis]) -> None:
    names = pseudonyms(market("b"))
    topics = Topics()
    here = Worker(stores[1], topics, pseudonyms=names)
    told = {"seller_id": None, "kind": "wallet", "value_hash": names.shared("wallet", "bc1qexample")[0]}
    told |= {"source": "market-a", "event_time": AT}
    paid = {"order_id": "o1", "seller_id": "s", "method": "crypto", "instrument": "bc1qexample", "event_time": AT}
    listed, gone = (line(f"intel.{what}", event_id=what, **told) for what in ("listed", "withdrawn"))
    first, second = (line("payment.captured", event_id=name, payment_id=name, **paid) for name in ("p1", "p2"))
    await here.read("orders", line("order.placed", order_id="o1", seller_id="s", event_time=AT))

    await here.read("intel", listed)
    await here.read("payments", first)
    await here.read("intel", listed, gone)
    await here.read("payments", first, second)

    log = topics.log()
    assert {
        r.event_id: [s.listed for s in r.seen if s.kind == "wallet"] for r in log if r.event_id in ("p1", "p2")
    } == {
        "p1": ["market-a"],
        "p2": [None],
    }


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Verdicts and bans of five sellers."""
    bodies: list[tuple[str, LogBody]] = [
        ("confirmed", VerdictGiven("confirmed", "k:ann")),
        ("banned", SellerBanned("prohibited_goods")),
        ("both", VerdictGiven("confirmed", "k:ann")),
        ("both", SellerBanned("Mr. Smith has written to us")),
        ("cleared", VerdictGiven("confirmed", "k:ann")),
        ("cleared", VerdictGiven("dismissed", "k:bob")),
        ("back", SellerBanned("fraud")),
        ("back", SellerReinstated()),
    ]
    records = [record(body, seller_id=seller, event_time=MONDAY + n) for n, (seller, body) in enumerate(bodies)]
    write_events(tmp_path / "log.jsonl", map(encode_record, records))
    return tmp_path / "log.jsonl"


def table(path: Path, *rows: tuple[str, str, str]) -> Values:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("seller_id", "kind", "value"), *rows])
    return values_of([path], Settings())


def exported(log: Path, values: Values, name: str = "out.jsonl", **fields: Any) -> list[dict[str, Any]]:
    told: dict[str, Any] = {"source": "market-a", "kinds": KINDS, "lasts": timedelta(days=90), "at": NOW} | fields
    export(log.with_name(name), [log], values, market("a"), **told)
    return [json.loads(line) for line in log.with_name(name).read_text().splitlines()]


def test_only_what_nobody_honest_uses_is_told_with_where_it_is_from(log: Path) -> None:
    rows = [
        (seller, "email", f"{seller}@x.org") for seller in ("confirmed", "banned", "both", "cleared", "back", "new")
    ]
    shared = [("confirmed", "phone", "+49 30 1"), ("new", "phone", "0049 30 1"), ("both", "ip", "192.0.2.1")]
    header, *found, signature = exported(log, table(log.with_name("v.csv"), *rows, *shared))

    assert (header["key"], header["source"], header["count"]) == ("x1", "market-a", 3)
    assert {(each["kind"], each["reason"], each["confidence"]) for each in found} == {
        ("email", "confirmed", 0.9),
        ("email", "prohibited_goods", 0.8),
        ("email", "banned", 0.95),
    }
    assert [each["value_hash"] for each in found] == sorted(each["value_hash"] for each in found)
    assert {tuple(each["confirmed_by"]) for each in found} == {("k:ann",), ("ban",), ("ban", "k:ann")}
    assert {each["expires_at"] for each in found} == {"2026-06-08T00:00:00Z"}
    assert {each["confirmed_on"] for each in found} == {"2026-03-02"}
    assert set(signature) == {"signature"}


def test_who_has_confirmed_and_taken_it_back_vouches_for_no_ban_nor_gives_its_day(tmp_path: Path) -> None:
    bodies: list[LogBody] = [
        VerdictGiven("confirmed", "k:ann"),
        SellerBanned("fraud"),
        VerdictGiven("dismissed", "k:bob"),
    ]
    records = [record(body, seller_id="evil", event_time=MONDAY + n * DAY) for n, body in enumerate(bodies)]
    write_events(tmp_path / "log.jsonl", map(encode_record, records))
    _, told, _ = exported(tmp_path / "log.jsonl", table(tmp_path / "v.csv", ("evil", "email", "evil@x.org")))
    assert (told["confidence"], told["confirmed_by"], told["confirmed_on"]) == (0.8, ["ban"], "2026-03-03")


@pytest.fixture
def file(log: Path) -> Path:
    rows = [(seller, "email", f"{seller}@x.org") for seller in ("confirmed", "banned", "both")]
    exported(log, table(log.with_name("v.csv"), *rows), "full.jsonl")
    exported(log, table(log.with_name("v.csv"), *rows[1:]), "less.jsonl")
    return log.with_name("full.jsonl")


def taken(file: Path, settings: Settings | None = None, **fields: Any) -> list[dict[str, Any]]:
    out = file.with_name("intel.jsonl")
    take(file, fields.pop("before", None), None, out, settings or market("b"), at=AT, **fields)
    events = [json.loads(each) for each in out.read_text().splitlines()]
    assert all(parse(json.dumps(event).encode()) for event in events)
    return events


def test_what_is_told_becomes_events_that_say_who_why_and_until_when(file: Path) -> None:
    events = taken(file)

    assert {(e["type"], e["kind"], e["source"], e["expires_at"]) for e in events} == {
        ("intel.listed", "email", "market-a", "2026-06-08T00:00:00Z")
    }
    names = pseudonyms(market("b"))
    assert {e["value_hash"] for e in events} == {
        names.shared("email", f"{seller}@x.org")[0] for seller in ("confirmed", "banned", "both")
    }
    assert len({e["event_id"] for e in events}) == 3
    assert taken(file) == events


def test_what_is_gone_is_withdrawn_and_what_is_doubtful_or_over_is_left_out(file: Path) -> None:
    less = file.with_name("less.jsonl")

    assert [e["type"] for e in taken(less, before=file)].count("intel.withdrawn") == 1
    assert [e["type"] for e in taken(file, withdraw=True)] == ["intel.withdrawn"] * 3
    assert len(taken(file, least=0.85)) == 2
    assert take(file, None, None, less.with_name("o.jsonl"), market("b"), at="2026-06-09T00:00:00Z").left_out == 3


def test_an_old_file_that_comes_again_does_not_undo_a_newer_one(file: Path, log: Path) -> None:
    newer = log.with_name("newer.jsonl")
    exported(log, table(log.with_name("v.csv")), newer.name, at=NOW + timedelta(days=1))
    assert len(taken(newer, before=file)) == 3
    with pytest.raises(SettingsError, match=r"full\.jsonl is older than .*newer\.jsonl"):
        taken(file, before=newer)


def test_nobody_is_told_of_a_seller_that_was_erased(log: Path) -> None:
    act = record(ActRecorded(act=SELLER, actor="ops", role="operator"), seller_id="both", event_time=MONDAY + 99)
    write_events(log, [*log.read_bytes().splitlines(), encode_record(act)])
    rows = [(seller, "email", f"{seller}@x.org") for seller in ("confirmed", "both")]
    header, *found, _ = exported(log, table(log.with_name("v.csv"), *rows))
    assert (header["count"], [each["reason"] for each in found]) == (1, ["confirmed"])


def changed(file: Path, old: str, new: str) -> Path:
    other = file.with_name("changed.jsonl")
    other.write_text(file.read_text().replace(old, new, 1))
    return other


def test_a_file_that_was_changed_or_comes_from_somebody_else_is_refused(file: Path) -> None:
    with pytest.raises(SignatureError, match="changed after it was signed"):
        read_file(changed(file, '"confidence":0.8', '"confidence":0.9'), market("b"))
    with pytest.raises(SignatureError):
        read_file(file, market("b", "x1:another secret under the same name"))
    with pytest.raises(SettingsError, match=r"there is no key 'x1' \(there: x2\)"):
        read_file(file, market("b", "x2:a secret that two marketplaces share"))
    lines = file.read_text().splitlines(keepends=True)
    cut = file.with_name("cut.jsonl")
    cut.write_text("".join([*lines[:1], *lines[2:]]))
    with pytest.raises(SignatureError):
        read_file(cut, market("b"))
    for text in ("", "{}\n{}\n", lines[0], lines[0] + json.dumps({"signature": base64.b64encode(b"x").decode()})):
        cut.write_text(text)
        with pytest.raises((FilesError, SignatureError)):
            read_file(cut, market("b"))


def test_the_commands_say_what_they_did_and_what_is_missing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*words: str) -> Any:
        return CliRunner().invoke(cli.app, ["intel", *words], catch_exceptions=False)

    log, values, out = (str(file.with_name(name)) for name in ("log.jsonl", "v.csv", "again.jsonl"))
    words = ["export", "--as", "market-a", "--log", log, "--values", values, "-o", out]
    with pytest.raises(SettingsError, match="SELLERWATCH_EXCHANGE_KEYS"):
        run(*words)
    monkeypatch.setenv("SELLERWATCH_EXCHANGE_KEYS", EXCHANGE)
    assert "2 indicators of 2 confirmed sellers" in run(*words).output
    assert "2 listed by market-a, 0 withdrawn" in run("import", out, "-o", str(file.with_name("e.jsonl"))).output
    with pytest.raises(SettingsError, match="--kinds: 'mail' is none of"):
        run(*words, "--kinds", "mail")
    with pytest.raises(SettingsError, match="is no name"):
        run(*words, "--as", "Market A!")
    Path(values).write_text("seller_id,kind,value\ns,mail,x\n")
    with pytest.raises(FilesError, match=r"v.csv, line 2: needs `seller_id`"):
        run(*words)


def test_keys_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="an id of its own"):
        Settings(hash_keys=[SecretStr("x1:0123456789abcdef")], exchange_keys=[SecretStr(EXCHANGE)])
    with pytest.raises(ValueError, match="32 characters"):
        Settings(exchange_keys=[SecretStr("x1:too short")])
