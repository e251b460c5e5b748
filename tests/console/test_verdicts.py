"""Verdicts: nobody overwrites another one's, none is lost on its way, none counts twice."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from console.acting import Acting
from console.kafka_side import KafkaSide
from console.store.database import Database
from console.store.feed.applying import TOPICS, Part, Read, apply
from console.store.feed.positions import Place
from console.store.feed.rebuilding import empty
from console.store.feed.running import Feed, clock
from console.store.queries.alert import AlertPage, alert_page
from console.store.raising import take_alerts
from console.store.schema import alerts, given
from console.store.verdicts import (
    Judging,
    StaleAlertError,
    UnfitVerdictError,
    UnknownAlertError,
    Verdicts,
    keep,
)
from detectors.events import DAY, HOUR, Record, Source, encode_record
from sellerwatch.embedded.kafka import EmbeddedKafka
from streams import names
from streams.settings import Settings
from streams.upstream import parse
from tests.builders import MONDAY
from tests.console.brokers import embedded, read, send, settings_for
from tests.console.made import escalated, raised
from tests.waiting import wait_until

NOW = MONDAY + 3 * DAY
ANALYST = {"analyst": "ada", "role": "analyst"}


def judging(verdict: Any = "confirmed", version: int = 1, **fields: Any) -> Judging:
    return Judging(**({"alert_id": "alr_000001", "version": version, "verdict": verdict} | ANALYST | fields))


def shown(database: Database, alert_id: str = "alr_000001") -> AlertPage:
    with database.reading() as connection:
        page = alert_page(connection, alert_id)
    assert page is not None
    return page


@pytest.fixture
def alert(database: Database) -> Database:
    with database.writing() as connection:
        take_alerts(connection, [raised(1)], NOW)
    return database


def test_of_two_analysts_who_looked_at_the_same_one_is_told(alert: Database) -> None:
    def give(analyst: str) -> str:
        try:
            with alert.writing() as connection:
                return keep(connection, judging("confirmed", analyst=analyst), NOW)
        except StaleAlertError as stale:
            return str(stale)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(give, ("ada", "bo", "cy", "di", "ed", "flo")))
    winners = [answer for answer in answers if answer.startswith("verdict-")]
    assert len(winners) == 1
    page = shown(alert)
    winner = page.judgements[0].analyst
    assert len(page.judgements) == 1
    assert all(f"it is confirmed by {winner}" in answer for answer in answers if answer not in winners)


def test_an_alert_that_was_escalated_since_is_not_judged_unseen(alert: Database) -> None:
    with alert.writing() as connection:
        take_alerts(connection, [escalated(raised(1), 1, at=MONDAY + HOUR, severity="critical")], NOW)
    with alert.writing() as connection, pytest.raises(StaleAlertError, match="raised again"):
        keep(connection, judging("dismissed"), NOW)
    assert shown(alert).item.state == "open"


def test_the_same_words_again_change_nothing(alert: Database) -> None:
    with alert.writing() as connection:
        first = keep(connection, judging(note="mules"), NOW)
    before = shown(alert)
    with alert.writing() as connection:
        assert keep(connection, judging(note="mules"), NOW + HOUR) == first
    assert shown(alert) == before
    assert (before.judgements[0].note, before.judgements[0].back) == ("mules", False)


def test_a_later_verdict_counts_even_by_a_clock_that_is_behind(alert: Database) -> None:
    with alert.writing() as connection:
        keep(connection, judging("confirmed"), NOW)
    version = shown(alert).item.version
    with alert.writing() as connection:
        keep(connection, judging("dismissed", version, analyst="bo"), NOW - DAY)
    assert shown(alert).item.state == "dismissed"
    assert shown(alert).item.changed_by == "bo"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"until": NOW + DAY}, "say why"),
        ({"until": NOW + DAY, "reason": "  "}, "say why"),
        ({"until": NOW - 1, "reason": "later"}, "a time to come"),
        ({"reason": "later"}, "a time to come"),
        ({"until": 2**62, "reason": "later"}, "a time to come"),
        ({"until": NOW + DAY, "reason": "x" * 513}, "512"),
        ({"until": NOW + DAY, "reason": "x", "note": "x\0"}, "NUL"),
    ],
)
def test_a_snooze_says_why_and_until_when(alert: Database, fields: dict[str, Any], said: str) -> None:
    with alert.writing() as connection, pytest.raises(UnfitVerdictError, match=said):
        keep(connection, judging("snoozed", **fields), NOW)
    assert shown(alert).item.version == 1


def test_an_alert_that_is_not_there_cannot_be_judged(alert: Database) -> None:
    with alert.writing() as connection, pytest.raises(UnknownAlertError):
        keep(connection, judging(alert_id="alr_gone"), NOW)


def test_a_rebuild_keeps_what_was_judged_here(alert: Database) -> None:
    with alert.writing() as connection:
        keep(connection, judging("dismissed", note="known shop"), NOW)
    with alert.writing() as connection:
        empty(connection)
        take_alerts(connection, [raised(1)], NOW)
    page = shown(alert)
    assert (page.item.state, page.item.changed_by, page.judgements[0].note) == ("dismissed", "ada", "known shop")


def test_a_page_from_before_a_rebuild_overwrites_nothing_after_it(alert: Database) -> None:
    seen = [shown(alert).item.version]
    for analyst in ("ada", "bo", "cy"):
        with alert.writing() as connection:
            empty(connection)
            empty(connection)  # it was broken off, and begun anew
            take_alerts(connection, [raised(1)], NOW)
        for version in seen:
            with alert.writing() as connection, pytest.raises(StaleAlertError):
                keep(connection, judging("confirmed", version, analyst="flo"), NOW)
        version = shown(alert).item.version
        with alert.writing() as connection:
            keep(connection, judging("dismissed", version, analyst=analyst), NOW)
        seen += [version, shown(alert).item.version]
    assert [told.analyst for told in shown(alert).judgements] == ["ada", "bo", "cy"]


# -- with Kafka -------------------------------------------------------------------------------


@pytest.fixture
def broker() -> Iterator[EmbeddedKafka]:
    with embedded(*TOPICS, names.ACTS, "verdicts") as cluster:
        yield cluster


@pytest.fixture
def settings(broker: EmbeddedKafka) -> Settings:
    return settings_for(broker)


@pytest.fixture
def own(tmp_path: Any) -> Iterator[Database]:
    database = Database.open(str(tmp_path / "console.db"))
    with database.writing() as connection:
        take_alerts(connection, [raised(1)], clock())
    yield database
    database.close()


@pytest.fixture
def acting(settings: Settings) -> Iterator[Acting]:
    with closing(Acting(settings, KafkaSide(settings))) as connections:
        yield connections


def test_a_verdict_goes_out_with_its_act_and_comes_back_as_the_same(
    own: Database, settings: Settings, acting: Acting
) -> None:
    giver = Verdicts(acting, own)
    judged = giver.give(judging(note="mules, see order-1"))
    assert (judged.sent, judged.item.state) == (True, "confirmed")
    (value,) = read(settings, "verdicts")
    event = parse(value)  # what intake makes of it
    assert event.seller_id == "seller-1"
    assert msgspec.to_builtins(event.body) == {
        "type": "verdict.given",
        "verdict": "confirmed",
        "analyst": "ada",
        "alert_id": "alr_000001",
        "note": "mules, see order-1",
    }
    (act,) = [json.loads(each) for each in read(settings, names.ACTS)]
    assert (act["act"], act["actor"], act["subject"]) == ("verdict.sent", "ada", "alr_000001")
    feed = Feed(settings, own, [giver.send_unsent])
    feed.start()
    back = msgspec.structs.replace(event.body, analyst="k1:hash", note=None)
    logged = Record(0, Source("verdicts", 0, 0), clock(), event.event_id, event.event_time, "seller-1", back)
    send(settings, [(Place(names.EVENTS, 0), encode_record(logged))])
    wait_until(lambda: shown(own).judgements[0].back)
    feed.stop()
    page = shown(own)
    assert [(each.analyst, each.note) for each in page.judgements] == [("ada", "mules, see order-1")]
    assert page.item == judged.item


def test_a_snooze_goes_out_as_one(own: Database, settings: Settings, acting: Acting) -> None:
    giver = Verdicts(acting, own)
    giver.give(judging("snoozed", until=clock() + DAY, reason="asked the seller"))
    body: Any = parse(read(settings, "verdicts")[0]).body
    assert (body.reason, body.alert_id, type(body).__name__) == ("asked the seller", "alr_000001", "AlertSnoozed")


def test_what_a_crash_left_unsent_is_sent_by_the_feed_once(own: Database, settings: Settings, acting: Acting) -> None:
    with own.writing() as connection:
        event_id = keep(connection, judging(), clock())  # the process ends here
    giver = Verdicts(acting, own)
    giver.send_unsent(own)
    assert read(settings, "verdicts") == []  # it may be on its way by another process
    with own.writing() as connection:
        connection.execute(update(given).values(given_at=given.c.given_at - HOUR))
    feed = Feed(settings, own, [giver.send_unsent])
    feed.start()
    wait_until(lambda: len(read(settings, "verdicts")) == 1)
    feed.stop()  # until it has noted what it sent
    giver.send_unsent(own)
    assert [json.loads(value)["event_id"] for value in read(settings, "verdicts")] == [event_id]


def test_a_crash_after_kafka_had_it_sends_the_same_event_again(
    own: Database, settings: Settings, acting: Acting
) -> None:
    giver = Verdicts(acting, own)
    giver.give(judging())
    with own.writing() as connection:  # as if the process had ended before it noted that
        connection.execute(update(given).values(sent_at=None, given_at=given.c.given_at))
    giver.give(judging())
    first, second = read(settings, "verdicts")
    assert first == second
    acts = [json.loads(value)["event_id"] for value in read(settings, names.ACTS)]
    assert len(set(acts)) == 1


def test_without_kafka_a_verdict_is_kept_and_says_so(
    own: Database, settings: Settings, acting: Acting, broker: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.acting.PATIENCE_SECONDS", 1.0)
    broker.broker_down()
    giver = Verdicts(acting, own)
    judged = giver.give(judging())
    assert (judged.sent, judged.item.state) == (False, "confirmed")
    broker.broker_up()
    monkeypatch.setattr("console.store.verdicts.LATE", -HOUR)

    def arrived() -> bool:
        giver.send_unsent(own)
        return len(read(settings, "verdicts")) == 1

    wait_until(arrived)


def test_a_verdict_by_somebody_elses_tool_takes_the_version_away(alert: Database) -> None:
    verdict = parse(
        b'{"event_id": "v1", "type": "verdict.given", "event_time": "2026-03-03T00:00:00Z", "seller_id": "seller-1",'
        b' "alert_id": "alr_000001", "verdict": "dismissed", "analyst": "k1:x"}'
    )
    logged = Record(0, Source("verdicts", 0, 0), NOW, "v1", verdict.event_time, "seller-1", verdict.body)
    apply(alert, [Part(Place(names.EVENTS, 0), 0, [Read(0, NOW, encode_record(logged))])], NOW)
    with alert.writing() as connection, pytest.raises(StaleAlertError, match="dismissed by k1:x"):
        keep(connection, judging(), NOW)
    with alert.reading() as connection:
        assert connection.execute(select(alerts.c.state)).scalar_one() == "dismissed"
