from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from bench.data import agora, handbook, olist
from bench.data.dataset import Dataset, Selection
from bench.replays.alerts import Worth, weigh
from tests.bench import tables
from tests.bench.test_olist import item

Alert = tuple[str, str, str]
"""Seller, time, pattern."""


def weighed(dataset: Dataset, alerts: list[Alert], tmp_path: Path) -> Worth:
    path = tmp_path / "alerts.jsonl"
    lines = [
        {"alert_id": "a", "seller_id": seller, "event_time": time, "pattern": pattern, "score": 0.9}
        for seller, time, pattern in alerts
    ]
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return weigh(path, dataset)


def hundred_days(tmp_path: Path, terminals: list[tables.Row]) -> Dataset:
    start = datetime(2018, 4, 1, 12)  # noqa: DTZ001
    rows = [(n, f"{start + timedelta(days=n)}", 1, n % 2, 5.0, 0) for n in range(100)]
    return handbook.load(tables.handbook(tmp_path, rows, terminals), Selection())


def test_alerts_are_counted_by_pattern_and_seller(tmp_path: Path) -> None:
    dataset = olist.load(tables.olist(tmp_path, [item("a", "s1"), item("b", "s2")]), Selection())
    alerts = [("s1", "2017-03-08T12:00:00Z", p) for p in ("velocity", "small_repeat", "velocity")]
    worth = weighed(dataset, alerts, tmp_path)

    assert worth.by_pattern == {"velocity": 2, "small_repeat": 1}
    assert (worth.alerts, worth.sellers_alerted) == (3, 1)
    assert worth.false_alarm_rate == 3 / 2 * 1_000  # two sellers, one day


def test_an_alert_is_true_from_the_compromise_until_45_days_after_it(tmp_path: Path) -> None:
    dataset = hundred_days(tmp_path, [(0, "2018-04-11", "2018-04-21")])
    times = ["2018-04-10T23:59:59Z", "2018-04-11T00:00:00Z", "2018-06-04T23:59:59Z", "2018-06-05T00:00:00Z"]

    false = [weighed(dataset, [("terminal-0", time, "p")], tmp_path).false_alarms for time in times]
    assert false == [1, 0, 0, 1]
    assert weighed(dataset, [("terminal-1", times[1], "p")], tmp_path).false_alarms == 1


def test_the_rate_counts_only_days_of_honest_sellers(tmp_path: Path) -> None:
    dataset = hundred_days(tmp_path, [(0, "2018-04-11", "2018-04-21")])
    worth = weighed(dataset, [("terminal-1", "2018-04-11T00:00:00Z", "p")], tmp_path)

    assert worth.honest_seller_days == 2 * 100 - (10 + 45)
    assert worth.false_alarm_rate == pytest.approx(1_000 / 145)


def test_a_spell_is_found_by_an_alert_while_it_lasts(tmp_path: Path) -> None:
    dataset = hundred_days(tmp_path, [(0, "2018-04-11", "2018-04-21"), (1, "2018-05-01", "2018-05-29")])
    alerts = [("terminal-0", "2018-04-20T12:00:00Z", "p"), ("terminal-1", "2018-05-29T00:00:00Z", "p")]
    worth = weighed(dataset, alerts, tmp_path)

    assert (worth.spells_alerted, worth.spells) == (1, 2)
    assert worth.early is None


def test_early_means_by_the_twentieth_order(tmp_path: Path) -> None:
    vendors = ("early", "late", "silent", "small")
    listings = [(f"L-{vendor}", vendor, "stuff", 0.1, "2014-01-01") for vendor in vendors]
    sold = [
        (f"2014-01-{day:02}", f"L-{vendor}", vendor, 0.1, 5)
        for vendor in vendors
        for day in range(2, 28)
        if vendor != "small" or day < 5
    ]
    dataset = agora.load(tables.agora(tmp_path, listings, sold), Selection())
    alerts = [
        ("early", "2014-01-21T00:00:00Z", "p"),
        ("early", "2014-01-27T00:00:00Z", "p"),
        ("late", "2014-01-22T00:00:00Z", "p"),
        ("small", "2014-02-20T00:00:00Z", "p"),
    ]
    worth = weighed(dataset, alerts, tmp_path)

    assert worth.early == 2 / 4
    assert worth.early_of_busy == 1 / 3
    assert worth.false_alarm_rate is None
