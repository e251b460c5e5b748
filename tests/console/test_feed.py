"""The feed: every record of the topics counts once, whatever happens in between."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import delete, func, select, text, update

from console.store.database import Database
from console.store.feed import keeping, running
from console.store.feed.applying import TOPICS, Part, Read, apply
from console.store.feed.consuming import places_of
from console.store.feed.positions import MovedError, Place, anchor_of, read_positions, take_lease
from console.store.feed.rebuilding import rebuild
from console.store.feed.running import Feed
from console.store.queries.alert import Judgement, alert_page
from console.store.schema import FED, alerts, decisions, given, labels, leases, orders, positions, sellers, verdicts
from console.store.writing import put
from detectors.decision import Decision, encode_alert, encode_decision, say_time
from detectors.events import (
    DAY,
    HOUR,
    LinkFound,
    ListingPublished,
    Micros,
    ModelPublished,
    OrderDelivered,
    PaymentCaptured,
    PaymentDisputed,
    Record,
    SellerBanned,
    ShipmentCreated,
    Source,
    VerdictGiven,
    encode_record,
)
from detectors.events import (
    Place as Address,
)
from detectors.models.risk_learner import RISK
from detectors.models.training import TrainingRow, encode_row
from sellerwatch.embedded.kafka import EmbeddedKafka
from streams import names
from streams.errors import SettingsError
from streams.models.commands import ModelCommand, pack_command
from streams.settings import Settings
from tests.builders import MONDAY, order_placed, record, registered, shared_with
from tests.console.brokers import embedded, send, settings_for
from tests.console.made import raised
from tests.waiting import wait_until

NOW = MONDAY + 10 * DAY
LOG, DECIDED, ALERTED = Place(names.EVENTS, 0), Place(names.DECISIONS, 0), Place(names.ALERTS, 0)
TAUGHT = Place(names.TRAINING, 0)


def decided(number: int, *, at: Micros = MONDAY, **fields: Any) -> Decision:
    given: dict[str, Any] = {
        "event_id": f"event-{number}",
        "type": "order.placed",
        "seller_id": "seller-1",
        "event_time": say_time(at),
        "score": 0.5,
        "seller_score": 0.4,
        "pattern": "velocity",
        "outcome": "below_line",
        "features": b"",
        "versions": {},
        "order_id": f"order-{number}",
    }
    return Decision(**(given | fields))


def history() -> list[tuple[Place, bytes]]:
    """A seller's small life, as it stands in the topics."""
    log: list[Record] = [
        record(registered(verification="none"), seen=(shared_with("device", "seller-9"),)),
        record(order_placed(order_id="order-1", ship_to=Address("FR")), event_time=MONDAY + HOUR),
        record(PaymentCaptured("payment-1", "order-1", 3_900, "EUR", "crypto"), event_time=MONDAY + 2 * HOUR),
        record(ShipmentCreated("parcel-1", "order-1", Address("NL"), Address("FR"))),
        record(OrderDelivered("order-1"), event_time=MONDAY + DAY),
        record(PaymentDisputed("order-1", reason="fraud"), event_time=MONDAY + 2 * DAY),
        record(ListingPublished("listing-1", "Thing", "d" * 9_000)),
        record(LinkFound("seller-8", "ip", "k:ip", "seller", 2)),
        record(SellerBanned("goods"), event_time=MONDAY + 3 * DAY),
        record(VerdictGiven("confirmed", "k1:analyst", "alr_000001"), event_time=MONDAY + DAY, event_id="judged"),
        record(ModelPublished(RISK, f"{RISK}-1-early", b""), seller_id="", source=Source(names.TRAINING, 0, 1)),
        record(ModelPublished(RISK, f"{RISK}-9-later", b""), seller_id="", source=Source(names.TRAINING, 0, 9)),
    ]
    return [
        *((LOG, encode_record(each)) for each in log),
        *((DECIDED, encode_decision(decided(number, at=MONDAY + number * HOUR))) for number in range(1, 4)),
        (ALERTED, encode_alert(raised(1))),
        *((TAUGHT, encode_row(row)) for row in taught()),
        (TAUGHT, pack_command(ModelCommand("release", RISK, MONDAY), b"k" * 16)),
    ]


def taught() -> list[TrainingRow]:
    """What learn was shown: an order of no label, then two that the verdict has labelled, one of them twice."""
    order = TrainingRow(Source(names.EVENTS, 0, 1), "event-1", "order-1", "seller-1", "", MONDAY, MONDAY, (), True)
    labelled = replace(order, event_id="judged", label="bad", label_source="verdict")
    of_verdict = [(0, "order-0"), (1, "order-1"), (0, "order-0"), (2, None)]  # the last one is a text
    source = order.source
    return [order, *(replace(labelled, source=replace(source, part=part), order_id=id_) for part, id_ in of_verdict)]


def parts(sent: Sequence[tuple[Place, bytes]], base: int = 0, written: Micros = MONDAY) -> list[Part]:
    """What a poll brings of it."""
    return [
        Part(place, base, [Read(base + n, written, value) for n, value in enumerate(v for p, v in sent if p == place)])
        for place in dict.fromkeys(place for place, _ in sent)
    ]


def contents(database: Database, *without: Any) -> dict[str, list[Any]]:
    """All rows of the fed tables."""
    with database.reading() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in FED
            if table not in without
        }


def test_a_sellers_life_becomes_rows(database: Database) -> None:
    apply(database, parts(history()), NOW)
    found = contents(database)
    with database.reading() as connection:
        seller = connection.execute(select(sellers)).one()
        order = connection.execute(select(orders)).one()
        alert = connection.execute(select(alerts)).one()
    assert (seller.status, seller.verification, seller.score, seller.pattern) == ("banned", "none", 0.4, "velocity")
    assert (order.method, order.origin, order.destination) == ("crypto", "NL", "FR")
    assert (order.delivered_at, order.disputed_at) == (MONDAY + DAY, MONDAY + 2 * DAY)
    assert alert.state == "confirmed"
    assert [row[1:3] for row in found["links"]] == [("seller-8", "ip"), ("seller-9", "device")]
    assert len(found["listings"][0][5]) == 4_000
    types = {row[3]: row[4] for row in found["occurrences"]}
    assert types == {
        "seller.registered": "country DE; verification none",
        "payment.disputed": "order order-1: fraud",
        "seller.banned": "goods",
    }


def test_a_verdict_says_how_many_orders_it_has_labelled_and_which_model_has_learned_from_them(
    database: Database,
) -> None:
    sent = history()
    apply(database, parts([one for one in sent if one[0] != TAUGHT]), NOW)
    assert judgement(database).orders is None
    apply(database, parts([one for one in sent if one[0] == TAUGHT]), NOW)
    told = judgement(database)
    assert (told.orders, told.model, told.learned_at) == (2, f"{RISK}-9-later", MONDAY + 1_000)


def judgement(database: Database) -> Judgement:
    """The one verdict on the one alert."""
    with database.reading() as connection:
        page = alert_page(connection, "alr_000001")
    assert page is not None
    (told,) = page.judgements
    return told


def test_a_poll_that_was_applied_is_not_applied_again(database: Database) -> None:
    sent = history()
    apply(database, parts(sent), NOW)
    before = contents(database)
    with pytest.raises(MovedError):
        apply(database, parts(sent), NOW)
    assert contents(database) == before


def test_a_topic_read_again_from_its_start_changes_nothing(database: Database) -> None:
    sent = history()
    apply(database, parts(sent), NOW)
    before = contents(database)
    with database.writing() as connection:
        connection.execute(update(positions).values(position=0))
    apply(database, parts(sent), NOW)
    assert contents(database) == before


def test_polls_may_be_cut_anywhere(database: Database) -> None:
    sent = history()
    for number in range(len(sent)):
        place = sent[number][0]
        base = sum(1 for earlier, _ in sent[:number] if earlier == place)
        apply(database, parts(sent[number : number + 1], base), NOW)
    one_by_one = contents(database)
    with database.writing() as connection:
        for table in FED:
            connection.execute(delete(table))
    apply(database, parts(sent), NOW)
    assert contents(database) == one_by_one


def test_what_cannot_be_read_is_left_out_and_named(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    sent = [(LOG, b"not json"), (ALERTED, b'{"alert_id": 7}'), (DECIDED, encode_decision(decided(1)))]
    apply(database, parts(sent), NOW)
    assert len(contents(database)["decisions"]) == 1
    assert capsys.readouterr().out.count("console_record_left_out") == 2
    with database.reading() as connection:
        assert read_positions(connection, [LOG])[LOG].offset == 1


def test_a_record_that_the_database_refuses_does_not_hold_up_the_others(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    huge = decided(2, order_id="o" * 10, event_time=say_time(MONDAY))
    sent = [
        (DECIDED, encode_decision(decided(1))),
        (DECIDED, encode_decision(huge).replace(b'"score":0.5', b'"score":1e400')),
        (LOG, encode_record(record(order_placed(items=(), amount_minor=10**15), logged_at=2**70))),
        (DECIDED, encode_decision(decided(3, pattern="null\0byte"))),
    ]
    apply(database, parts(sent), NOW)
    assert [row[2] for row in contents(database)["decisions"]] == ["event-1", "event-3"]
    assert contents(database)["orders"] == []
    assert "console_record_left_out" in capsys.readouterr().out


def test_an_alert_of_a_severity_that_is_not_known_does_not_hold_up_the_others(database: Database) -> None:
    sent = [(ALERTED, encode_alert(raised(n, severity=severity))) for n, severity in ((1, "high"), (2, "dire"))]
    apply(database, parts([*sent, (ALERTED, encode_alert(raised(3)))]), NOW)
    assert len(contents(database)["alerts"]) == 2
    with database.reading() as connection:
        assert read_positions(connection, [ALERTED])[ALERTED].offset == 3


def test_only_the_latest_of_a_seller_are_kept(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_TRIMS", [text(keeping._trim(decisions).replace("999", "4"))])
    for number in range(12):
        apply(database, parts([(DECIDED, encode_decision(decided(number, at=MONDAY + number)))], number), NOW)
    assert [row[2] for row in contents(database)["decisions"]] == [f"event-{n}" for n in range(7, 12)]


def test_what_is_old_is_forgotten_unless_somebody_is_at_it(database: Database) -> None:
    apply(database, parts(history()), NOW)
    apply(database, parts([(ALERTED, encode_alert(raised(2))), (ALERTED, encode_alert(raised(3)))], 1), NOW)
    with database.writing() as connection:
        connection.execute(
            update(alerts).where(alerts.c.alert_id == "alr_000002").values(state="snoozed", snoozed_until=NOW + DAY)
        )
    keeping.forget(database, MONDAY + 7 * DAY, 7 * DAY)
    assert len(contents(database)["alerts"]) == 3
    keeping.forget(database, NOW, 9 * DAY)  # judged a day after it was raised
    assert [row[0] for row in contents(database)["alerts"]] == ["alr_000001", "alr_000002"]
    keeping.forget(database, NOW + 2 * DAY, 2 * DAY)
    assert {name: rows for name, rows in contents(database, positions).items() if rows} == {}


def test_a_verdict_that_was_never_sent_is_not_forgotten_however_old_it_is(database: Database) -> None:
    said = {"alert_id": "alr_000001", "seller_id": "seller-1", "verdict": "dismissed", "analyst": "ada", "role": "lead"}
    old = said | {"based_on": 1, "given_at": MONDAY}
    with database.writing() as connection:
        put(connection, given, [old | {"event_id": "kept"}])
        put(connection, given, [old | {"event_id": "sent", "sent_at": MONDAY}])
    keeping.forget(database, NOW + 99 * DAY, DAY)
    with database.reading() as connection:
        assert connection.execute(select(given.c.event_id)).scalars().all() == ["kept"]


def test_one_reads_at_a_time_until_its_lease_is_over(database: Database) -> None:
    with database.writing() as connection:
        assert take_lease(connection, "one", NOW)
        assert not take_lease(connection, "two", NOW)
        assert take_lease(connection, "one", NOW + HOUR)
        assert take_lease(connection, "two", NOW + 2 * HOUR)
        assert take_lease(connection, "one", NOW + 2 * HOUR, force=True)


# -- with Kafka -------------------------------------------------------------------------------


@pytest.fixture
def broker() -> Iterator[EmbeddedKafka]:
    with embedded(*TOPICS, partitions=2) as cluster:
        yield cluster


def number_of(database: Database, table: Any) -> int:
    with database.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_rebuild_gives_what_the_feed_gave(tmp_path: Any, broker: EmbeddedKafka) -> None:
    settings, sent = settings_for(broker), history()
    database = Database.open(str(tmp_path / "console.db"))
    send(settings, sent[:7])
    feed = Feed(settings, database)
    feed.start()
    wait_until(lambda: number_of(database, orders) == 1)
    send(settings, sent[7:])
    wait_until(lambda: number_of(database, alerts) == 1 and number_of(database, verdicts) == 1)
    wait_until(lambda: number_of(database, decisions) == 3 and number_of(database, labels) == 1)
    assert feed.failing is None
    feed.stop()
    fed = contents(database, positions)
    told: list[Any] = []
    assert rebuild(settings, database, told.append) == len(sent)
    assert _unversioned(contents(database, positions)) == _unversioned(fed)
    assert told[0].records == told[-1].read == len(sent)
    database.close()


def _unversioned(found: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """How often an alert changed depends on what was read together."""
    place = list(alerts.c.keys()).index("version")
    return found | {"alerts": [row[:place] + row[place + 1 :] for row in found["alerts"]]}


def test_a_restored_database_is_read_on_from_where_it_is(tmp_path: Any, broker: EmbeddedKafka) -> None:
    settings, sent = settings_for(broker), history()
    database = Database.open(str(tmp_path / "console.db"))
    send(settings, sent)
    feed = Feed(settings, database)
    feed.start()
    wait_until(lambda: number_of(database, decisions) == 3)
    with database.writing() as connection:  # as after a backup was put back: rows and positions are older
        connection.execute(delete(decisions))
        connection.execute(update(positions).where(positions.c.topic == names.DECISIONS).values(position=0))
    send(settings, [(DECIDED, encode_decision(decided(4)))])
    wait_until(lambda: number_of(database, decisions) == 4)
    feed.stop()
    database.close()


def test_a_topic_that_was_made_anew_is_read_from_its_start(tmp_path: Any, broker: EmbeddedKafka) -> None:
    settings = settings_for(broker)
    database = Database.open(str(tmp_path / "console.db"))
    send(settings, [(DECIDED, encode_decision(decided(number))) for number in range(3)])
    with database.writing() as connection:
        shorter = {"topic": names.DECISIONS, "partition": 0, "position": 9, "anchor": b"far beyond the end"}
        other = {"topic": names.ALERTS, "partition": 0, "position": 1, "anchor": anchor_of(b"another one")}
        connection.execute(positions.insert(), [shorter, other])
    send(settings, [(ALERTED, encode_alert(raised(1)))])
    feed = Feed(settings, database)
    feed.start()
    wait_until(lambda: number_of(database, decisions) == 3 and number_of(database, alerts) == 1)
    feed.stop()
    database.close()


def test_of_two_processes_one_reads_and_the_other_takes_over(
    tmp_path: Any, broker: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "RENEW_SECONDS", 0.2)
    settings = settings_for(broker)
    database = Database.open(str(tmp_path / "console.db"))
    one, other = Feed(settings, database), Feed(settings, database)
    one.start()
    wait_until(lambda: one.failing is None)
    other.start()
    send(settings, [(DECIDED, encode_decision(decided(1)))])
    wait_until(lambda: number_of(database, decisions) == 1)
    one.stop()
    send(settings, [(DECIDED, encode_decision(decided(2)))])
    wait_until(lambda: number_of(database, decisions) == 2)
    other.stop()
    with database.reading() as connection:
        assert connection.execute(select(leases.c.until)).scalar_one() == 0
    database.close()


def test_it_waits_for_kafka_and_says_so(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.topics.PATIENCE_MS", 300)
    database = Database.open(str(tmp_path / "console.db"))
    feed = Feed(Settings(kafka_brokers=["127.0.0.1:1"], kafka_api_version="0.11"), database)
    feed.start()
    wait_until(lambda: "Kafka" in (feed.failing or ""))
    feed.stop(0.1)
    database.close()


def test_a_database_that_does_not_answer_is_not_taken_for_a_kafka_that_is_away(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.store.database.BUSY_SECONDS", 0.1)
    monkeypatch.setattr("streams.topics.PATIENCE_MS", 300)
    monkeypatch.setattr(running, "LONGEST_PAUSE_SECONDS", 0.1)
    database = Database.open(str(tmp_path / "console.db"))
    feed = Feed(Settings(kafka_brokers=["127.0.0.1:1"], kafka_api_version="0.11"), database)
    with closing(sqlite3.connect(tmp_path / "console.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        feed.start()
        wait_until(lambda: "database" in (feed.failing or ""))
        assert not feed.kafka_away
        other.execute("ROLLBACK")
        wait_until(lambda: feed.kafka_away)
        other.execute("BEGIN IMMEDIATE")
        wait_until(lambda: not feed.kafka_away)
        assert "database" in (feed.failing or "")
    feed.stop(0.1)
    database.close()


def test_it_says_which_topic_is_missing() -> None:
    topics = r"sellerwatch\.decisions, sellerwatch\.alerts, sellerwatch\.training"
    with embedded(names.EVENTS) as cluster, pytest.raises(SettingsError, match=f"{topics}; make them"):
        places_of(settings_for(cluster))
