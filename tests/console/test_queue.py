"""The queue and one alert: what is found, in which order, and how it stands."""

from collections.abc import Sequence
from typing import Any

import pytest

from console.store.database import Database
from console.store.queries.alert import alert_page, alike
from console.store.queries.paging import CursorError
from console.store.queries.queue import Order, QueueFilter, counts, queue
from console.store.raising import take_alerts
from console.store.settling import settle, wake
from console.store.states import SEVERITY_NAMES
from detectors.assessment import Reason
from detectors.decision import Alert
from detectors.events import DAY, HOUR
from tests.builders import MONDAY
from tests.console.made import escalated, judged, raised

NOW = MONDAY + 3 * DAY


def _take(database: Database, *found: Alert) -> None:
    with database.writing() as connection:
        take_alerts(connection, found, NOW)


def _ids(database: Database, asked: QueueFilter = QueueFilter(), order: Order = "newest") -> list[str]:  # noqa: B008
    with database.reading() as connection:
        return [item.alert_id for item in queue(connection, asked, order=order).items]


def _many() -> Sequence[Alert]:
    severities = ("low", "medium", "high", "critical")
    return [
        raised(
            number,
            at=MONDAY + (number * 7919) % 97 * HOUR,
            severity=severities[number % 4],
            score=0.7 + (number % 5) / 20,
            pattern="velocity" if number % 3 else "small_repeat",
        )
        for number in range(60)
    ]


@pytest.mark.parametrize("order", ["severity", "newest", "oldest", "score"])
def test_pages_together_hold_every_alert_once_in_order(database: Database, order: Order) -> None:
    many = _many()
    _take(database, *many)
    with database.writing() as connection:
        for number in range(0, 60, 4):
            judged(connection, "confirmed", seller_id=f"seller-{number}", alert_id=f"alr_{number:06d}", at=NOW)
        settle(connection, {alert.seller_id for alert in many}, NOW)
    asked = QueueFilter(states=("confirmed", "open"))
    found: list[Any] = []
    cursor = None
    with database.reading() as connection:
        while True:
            page = queue(connection, asked, order=order, limit=7, after_cursor=cursor)
            found += page.items
            cursor = page.next
            if cursor is None:
                break
    assert sorted(item.alert_id for item in found) == sorted(alert.alert_id for alert in many)
    sorts: dict[str, Any] = {
        "severity": lambda i: (SEVERITY_NAMES.index(i.severity), i.score, i.alert_id),
        "newest": lambda i: (i.raised_at, i.alert_id),
        "oldest": lambda i: (i.raised_at, i.alert_id),
        "score": lambda i: (i.score, i.alert_id),
    }
    keys = [sorts[order](item) for item in found]
    assert keys == sorted(keys, reverse=order != "oldest")


def test_a_page_stays_put_while_newer_alerts_arrive(database: Database) -> None:
    _take(database, *(raised(number, at=MONDAY + number * HOUR) for number in range(6)))
    with database.reading() as connection:
        first = queue(connection, QueueFilter(), order="newest", limit=3)
    _take(database, raised(100, at=MONDAY + 100 * HOUR))
    with database.reading() as connection:
        second = queue(connection, QueueFilter(), order="newest", limit=3, after_cursor=first.next)
    assert [item.alert_id for item in second.items] == ["alr_000002", "alr_000001", "alr_000000"]
    assert second.next is None


@pytest.mark.parametrize("cursor", ["", "x", "WyJzY29yZSIsMSwyXQ", "bnVsbA", "W10", "A" * 9_000, "é"])
def test_a_cursor_that_is_none_of_ours_is_refused(database: Database, cursor: str) -> None:
    with database.reading() as connection:
        if cursor == "":
            assert queue(connection, QueueFilter(), after_cursor=cursor).items == []
            return
        with pytest.raises(CursorError):
            queue(connection, QueueFilter(), order="newest", after_cursor=cursor)


def test_it_is_filtered_by_pattern_severity_seller_and_age(database: Database) -> None:
    _take(
        database,
        raised(1, at=MONDAY, pattern="velocity", severity="low"),
        raised(2, at=MONDAY + HOUR, pattern="velocity", severity="critical"),
        raised(3, at=MONDAY + 2 * HOUR, severity="low"),
    )
    assert _ids(database, QueueFilter(patterns=("velocity",))) == ["alr_000002", "alr_000001"]
    assert _ids(database, QueueFilter(severities=("low",))) == ["alr_000003", "alr_000001"]
    assert _ids(database, QueueFilter(seller_id="seller-3")) == ["alr_000003"]
    assert _ids(database, QueueFilter(since=MONDAY + HOUR)) == ["alr_000003", "alr_000002"]
    assert _ids(database, QueueFilter(until=MONDAY + HOUR)) == ["alr_000001"]
    assert _ids(database, QueueFilter(states=("confirmed",))) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("seller-1", ["alr_000001"]),
        ("ORDER-2", ["alr_000002"]),
        ("alr_000002", ["alr_000002"]),
        ("other-1", ["alr_000002", "alr_000001"]),
        ("small order", ["alr_000002", "alr_000001"]),
        ("oxy small", ["alr_000001"]),
        ("nothing", []),
        ("50%", []),
        ("' OR 1=1 --", []),
        ("", ["alr_000002", "alr_000001"]),
    ],
)
def test_text_finds_ids_and_beginnings_of_words(database: Database, text: str, found: list[str]) -> None:
    first = raised(1, reasons=[Reason("words_named", "says 'OxyContin' in small letters", 1.0, None, 0.0, 0.9)])
    _take(database, first, raised(2, at=MONDAY + HOUR))
    assert _ids(database, QueueFilter(text=text)) == found


def test_a_word_that_very_many_alerts_have_finds_the_same(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    _take(database, *_many())
    few = _ids(database, QueueFilter(text="buyers velocity"))
    assert len(few) == 40
    for name, number in (("FEW", 3), ("MANY", 45), ("MANY", 3)):
        monkeypatch.setattr(f"console.store.queries.queue.{name}", number)
        assert _ids(database, QueueFilter(text="buyers velocity")) == few
        assert _ids(database, QueueFilter(text="velocity small_repeat")) == []


def test_an_escalation_changes_the_alert_in_its_place(database: Database) -> None:
    first = raised(1, severity="medium", score=0.8)
    _take(database, first)
    _take(database, escalated(first, 1, at=MONDAY + HOUR, severity="critical", score=0.95))
    with database.reading() as connection:
        (item,) = queue(connection, QueueFilter()).items
        page = alert_page(connection, "alr_000001_1")
    assert (item.alert_id, item.latest_id, item.severity, item.version) == (
        "alr_000001",
        "alr_000001_1",
        "critical",
        2,
    )
    assert (item.first_raised_at, item.raised_at) == (MONDAY, MONDAY + HOUR)
    assert page is not None
    assert [alert.severity for alert in page.raised] == ["medium", "critical"]


def test_repeats_change_nothing_whatever_their_order(database: Database) -> None:
    first = raised(1)
    second = escalated(first, 1, at=MONDAY + HOUR, severity="critical")
    _take(database, first, second)
    with database.reading() as connection:
        before = alert_page(connection, "alr_000001")
    _take(database, second, first, first)
    with database.reading() as connection:
        assert alert_page(connection, "alr_000001") == before


@pytest.mark.parametrize("verdict_first", [True, False])
def test_a_verdict_closes_its_alert_whichever_came_first(database: Database, verdict_first: bool) -> None:
    with database.writing() as connection:
        if not verdict_first:
            take_alerts(connection, [raised(1)], NOW)
        judged(connection, "dismissed", alert_id="alr_000001")
        settle(connection, ["seller-1"], NOW)
        if verdict_first:
            take_alerts(connection, [raised(1)], NOW)
    with database.reading() as connection:
        page = alert_page(connection, "alr_000001")
    assert page is not None
    assert (page.item.state, page.item.changed_by, page.item.version) == ("dismissed", "k1:hash", 2)
    assert [(each.verdict, each.back) for each in page.judgements] == [("dismissed", True)]


def test_a_verdict_on_the_seller_is_one_on_what_was_raised_before(database: Database) -> None:
    _take(database, raised(1), raised(2, seller_id="seller-1", at=MONDAY + 2 * DAY))
    with database.writing() as connection:
        judged(connection, "confirmed", at=MONDAY + DAY)
        settle(connection, ["seller-1"], NOW)
    assert _ids(database, QueueFilter(states=("confirmed",))) == ["alr_000001"]
    assert _ids(database) == ["alr_000002"]


def test_a_snooze_of_one_pattern_of_a_seller_leaves_the_others_open(database: Database) -> None:
    _take(database, raised(1), raised(2, seller_id="seller-1", pattern="velocity"))
    with database.writing() as connection:
        judged(connection, "snoozed", pattern="velocity", until=NOW + HOUR, reason="a sale")
        settle(connection, ["seller-1"], NOW)
    assert _ids(database, QueueFilter(states=("snoozed",))) == ["alr_000002"]
    assert _ids(database) == ["alr_000001"]


def test_a_snooze_ends_by_the_clock_and_leaves_the_version(database: Database) -> None:
    _take(database, raised(1))
    with database.writing() as connection:
        judged(connection, "snoozed", alert_id="alr_000001", until=NOW + HOUR, reason="asked the seller")
        settle(connection, ["seller-1"], NOW)
        assert wake(connection, NOW) == 0
    assert _ids(database, QueueFilter(states=("snoozed",))) == ["alr_000001"]
    with database.writing() as connection:
        assert wake(connection, NOW + HOUR) == 1
    with database.reading() as connection:
        (item,) = queue(connection, QueueFilter()).items
    assert (item.state, item.snoozed_until, item.version) == ("open", None, 2)


@pytest.mark.parametrize("snooze_first", [True, False])
def test_an_alert_that_is_raised_again_in_spite_of_its_snooze_is_open(database: Database, snooze_first: bool) -> None:
    """The policy in force may end snoozes earlier than somebody has asked for."""
    first = raised(1)
    again = escalated(first, 1, at=MONDAY + 3 * DAY)
    _take(database, first, *([] if snooze_first else [again]))
    with database.writing() as connection:
        judged(connection, "snoozed", alert_id="alr_000001", until=MONDAY + 90 * DAY, reason="asked the seller")
        settle(connection, ["seller-1"], NOW)
    if snooze_first:
        assert _ids(database) == []
        _take(database, again)
    assert _ids(database) == ["alr_000001"]


def test_similar_alerts_are_those_with_the_same_reasons_judged_ones_first(database: Database) -> None:
    other = [Reason("parcels", "no parcel came", 1.0, None, 0.1, 0.9)]
    _take(database, raised(1), raised(2), raised(3, reasons=other), raised(4), raised(5, pattern="velocity"))
    with database.writing() as connection:
        judged(connection, "confirmed", seller_id="seller-4", alert_id="alr_000004")
        settle(connection, ["seller-4"], NOW)
    with database.reading() as connection:
        page = alert_page(connection, "alr_000001")
        assert page is not None
        found = alike(connection, page)
    assert [(each.item.alert_id, each.likeness) for each in found.alerts] == [
        ("alr_000004", 1.0),
        ("alr_000002", 1.0),
        ("alr_000003", 0.0),
    ]
    assert found.judged == {"open": 3, "confirmed": 1}


def test_counts_are_by_state_pattern_and_severity(database: Database) -> None:
    _take(database, raised(1), raised(2), raised(3, pattern="velocity", severity="low"))
    with database.reading() as connection:
        assert [(c.state, c.pattern, c.severity, c.count) for c in counts(connection)] == [
            ("open", "small_repeat", "high", 2),
            ("open", "velocity", "low", 1),
        ]


def test_an_alert_that_is_not_there_is_none(database: Database) -> None:
    with database.reading() as connection:
        assert alert_page(connection, "alr_no") is None
