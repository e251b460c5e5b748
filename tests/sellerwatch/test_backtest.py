"""A backtest: both sides as each would be alone, counted right, on a page that stands on its own."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from detectors.alert_policy import Policy
from detectors.decision import Evidence
from detectors.events import (
    HOUR,
    AlertSnoozed,
    LogBody,
    ModelPublished,
    PaymentDisputed,
    PolicyPublished,
    Record,
    Source,
    VerdictGiven,
    encode_record,
)
from detectors.models.peer_features import new_learner
from sellerwatch.backtest.cases import Cases, Precision
from sellerwatch.backtest.command import report
from sellerwatch.backtest.page import page
from sellerwatch.backtest.plots import Series, bars, lines
from sellerwatch.backtest.run import Outcome, compare
from sellerwatch.backtest.side import Raised, Side, calendar
from sellerwatch.backtest.table import by_pattern, moved, totals
from sellerwatch.policy.reading import read_policy
from sellerwatch.replay import REPLAY_KEY as KEY
from sellerwatch.replay import event_replay, run
from simulator import simulate
from streams.errors import SettingsError
from streams.files import write_events
from streams.fold import Step
from streams.policy.published import PolicyShelf, pack
from streams.settings import Settings
from streams.signing import sign
from tests.builders import MONDAY, Market, order_placed, payment, record

NEW = """
[alerts]
line = 0.6
[patterns.velocity]
enabled = false
[[rules]]
name = "crypto_abroad"
when = "risky_method > 0.3 && foreign > 0.2"
severity = "low"
say = "crypto or gift cards, sold abroad"
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events, truth, and a policy to try."""
    folder = tmp_path_factory.mktemp("backtest")
    market = simulate(seed=5, sellers=40, days=6)
    write_events(folder / "events.jsonl", market.events())
    write_events(folder / "truth.jsonl", market.truth())
    (folder / "new.toml").write_text(NEW)
    (folder / "none.toml").write_text("")
    return folder


@pytest.fixture(scope="module")
def outcome(files: Path) -> Outcome:
    return compare([files / "events.jsonl"], files / "new.toml", None, None, files / "truth.jsonl", Settings())


def replayed(files: Path, settings: Settings) -> list[tuple[str, str, float]]:
    out = files / "alerts.jsonl"
    run([files / "events.jsonl"], out, None, settings)
    alerts = [json.loads(line) for line in out.read_bytes().splitlines()]
    return [(a["alert_id"], a["seller_id"], a["score"]) for a in alerts if "escalates" not in a]


def test_each_side_is_what_a_replay_of_its_own_gives(files: Path, outcome: Outcome) -> None:
    def told(side: Side) -> list[tuple[str, str, float]]:
        return [(alert.alert_id, alert.seller_id, alert.score) for alert in side.raised]

    assert told(outcome.before) == replayed(files, Settings())
    assert told(outcome.before) != told(outcome.after)
    against = compare([files / "events.jsonl"], files / "none.toml", files / "new.toml", None, None, Settings())
    assert told(against.before) == told(outcome.after)
    assert told(against.after) == told(outcome.before)


def test_a_replay_can_decide_by_a_policy_file(files: Path, outcome: Outcome) -> None:
    out = files / "under-new.jsonl"
    run([files / "events.jsonl"], out, None, Settings(), files / "new.toml")
    alerts = [json.loads(line) for line in out.read_bytes().splitlines()]

    assert [a["alert_id"] for a in alerts if "escalates" not in a] == [alert.alert_id for alert in outcome.after.raised]
    assert {a["versions"]["policy"] for a in alerts} == {outcome.after.version}


def test_a_policy_against_itself_moves_nothing(files: Path) -> None:
    same = compare([files / "events.jsonl"], files / "new.toml", files / "new.toml", None, None, Settings())

    assert moved(same) == ([], [])
    assert all(line.added == line.lost == 0 for line in by_pattern(same))


def test_what_is_added_and_lost_explains_the_difference(outcome: Outcome) -> None:
    for line in by_pattern(outcome):
        assert line.before + line.added - line.lost == line.after
    added, lost = moved(outcome)
    assert len(outcome.before.sellers) + len(added) - len(lost) == len(outcome.after.sellers)
    assert "velocity" not in {alert.pattern for alert in outcome.after.raised}


def test_the_precision_counts_only_what_somebody_has_judged() -> None:
    alerts = [Raised(f"a{n}", f"s{n}", "p", "low", 0.8, "2026-03-01", 5, (f"o{n}",), "") for n in range(5)]
    cases = Cases({"s0": True, "s1": False, "elsewhere": True})
    cases.take(
        [
            record(VerdictGiven("dismissed", "ann"), seller_id="s1"),
            record(VerdictGiven("confirmed", "ann"), seller_id="s1"),
            record(VerdictGiven("dismissed", "ann"), seller_id="s2"),
            record(PaymentDisputed("o3"), seller_id="s3"),
        ]
    )

    assert cases.by_truth(alerts) == Precision(1, 2)
    assert cases.by_verdicts(alerts) == Precision(1, 2)
    assert cases.by_disputes(alerts) == Precision(1, 5)
    assert cases.found(["s0", "s1"]) == Precision(1, 2)
    assert Cases().by_truth(alerts) is None
    assert Precision(0, 0).share is None


def test_the_report_writes_a_table_a_page_and_the_numbers(
    outcome: Outcome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report(outcome, tmp_path / "b.html", tmp_path / "b.json")
    printed = capsys.readouterr().out
    numbers = json.loads((tmp_path / "b.json").read_text())

    assert "illicit sellers found" in printed
    assert "rule.crypto_abroad" in printed or not any(a.pattern.startswith("rule.") for a in outcome.after.raised)
    assert [line["name"] for line in numbers["totals"]] == [line.name for line in totals(outcome)]
    assert len(numbers["added"]) == len(moved(outcome)[0])


class Page(HTMLParser):
    """Notes what a page fetches, and whether its elements close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_on_its_own(outcome: Outcome) -> None:
    text = page(outcome, "Backtest of <new> & old")
    found = Page(text)

    assert found.open == []
    assert found.fetched == []
    assert "script" not in found.tags
    assert found.tags.count("svg") == 3
    assert "@import" not in text
    assert "url(" not in text
    assert "Backtest of &lt;new&gt; &amp; old" in text


def test_a_plot_keeps_its_numbers_inside() -> None:
    drawn = lines("t", ["a", "b", "c"], [Series("x", [0, 7, 3]), Series("y", [1, 1, 12])])
    heights = [float(y) for y in re.findall(r"[\d.]+,([\d.]+)", drawn)]

    assert len(heights) == 6
    assert all(0 <= height <= 240 for height in heights)
    assert lines("t", [], [Series("x", [])]).count("<svg") == 1
    assert bars("t", ["<a>"], [Series("x", [3]), Series("y", [0])]).count("<rect") == 4


def test_the_calendar_has_no_gaps() -> None:
    assert calendar({"2026-02-27", "2026-03-02"}) == ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]
    assert calendar(()) == []


def test_a_stray_clock_does_not_stretch_the_calendar() -> None:
    assert calendar(["2026-03-01", "1970-01-01", "2026-03-01", "9999-12-31"]) == [
        "1970-01-01",
        "2026-03-01",
        "9999-12-31",
    ]


def test_orders_before_an_alert_of_a_payment_are_those_before_the_payment() -> None:
    market = Market(policy=Policy(line=0.001))
    bodies = [order_placed(), payment(), *(order_placed() for _ in range(5))]
    effects = market.fold([record(body, event_id=f"e{n}") for n, body in enumerate(bodies)])
    tipped = msgspec.structs.replace(effects.alerts[0], evidence=Evidence(["e1"], [], []))
    effects.alerts = [tipped]
    side = Side("present", "v")
    side.take([Step([effects])])

    assert [alert.orders_before for alert in side.raised] == [1]


def test_without_anything_to_try_it_says_what_to_give(files: Path) -> None:
    with pytest.raises(SettingsError, match="--policy FILE"):
        compare([files / "events.jsonl"], None, None, None, None, Settings())
    with pytest.raises(SettingsError, match="dump of the log"):
        compare([files / "events.jsonl"], None, None, "cohorts-1-x", None, Settings())


@pytest.fixture(scope="module")
def dump(files: Path) -> Path:
    """A log: a small market, in whose middle a policy and a model were published."""
    replay = event_replay(PolicyShelf([KEY], Policy()), Settings())
    events = list(simulate(seed=6, sellers=25, days=4).events())
    records = replay.gather(events)
    list(replay.fold(records))
    snapshot = new_learner().snapshot()
    model = ModelPublished("cohorts", "cohorts-1-x", sign(KEY, snapshot))
    (files / "low.toml").write_text("[alerts]\nline = 0.1\n")
    file = read_policy(files / "low.toml")
    policy = PolicyPublished(file.version, pack(file.document, KEY))
    middle = len(records) // 2
    at = records[middle]
    published: tuple[PolicyPublished | ModelPublished, ...] = (policy, model)
    placed = [
        Record(0, Source(f"of {n}", 0, 0), at.logged_at, f"published/{n}", at.event_time, "", body)
        for n, body in enumerate(published)
    ]
    path = files / "log.jsonl"
    write_events(path, (encode_record(each) for each in [*records[:middle], *placed, *records[middle:]]))
    return path


def test_of_a_log_the_present_side_is_what_was_published(files: Path, dump: Path) -> None:
    found = compare([dump], files / "low.toml", None, None, None, Settings())
    as_it_was = replayed_log(dump, files)

    assert [(alert.alert_id, alert.seller_id, alert.score) for alert in found.before.raised] == as_it_was
    assert 0 < len(found.before.sellers) < len(found.after.sellers)


def replayed_log(dump: Path, files: Path) -> list[tuple[str, str, float]]:
    out = files / "log.alerts.jsonl"
    run([dump], out, None, Settings())
    alerts = [json.loads(line) for line in out.read_bytes().splitlines()]
    return [(a["alert_id"], a["seller_id"], a["score"]) for a in alerts if "escalates" not in a]


def test_a_model_of_the_log_can_be_tried_and_an_unknown_one_is_refused(dump: Path) -> None:
    tried = compare([dump], None, None, "cohorts-1-x", None, Settings())

    assert tried.before.highest.keys() == tried.after.highest.keys()
    assert tried.before.highest
    with pytest.raises(SettingsError, match="the last ones were: cohorts-1-x"):
        compare([dump], None, None, "cohorts-2-y", None, Settings())


RULE = """
[alerts]
line = 0.5
[[rules]]
name = "busy"
when = "experience > {}"
weight = 2.0
say = "has sold a little"
"""


def judged(folder: Path, label: Callable[[str], LogBody]) -> Outcome:
    """Twenty orders; the present side alerts before the new one, and what it raised is labelled after fifteen."""
    for name, line in (("old", 0.1), ("new", 0.2)):
        (folder / f"{name}.toml").write_text(RULE.format(line))
    bodies = [label("alr_unknown") if n == 15 else order_placed() for n in range(21)]
    records = [record(body, event_time=MONDAY + n * HOUR) for n, body in enumerate(bodies)]

    def compared() -> Outcome:
        write_events(folder / "log.jsonl", map(encode_record, records))
        return compare([folder / "log.jsonl"], folder / "new.toml", folder / "old.toml", None, None, Settings())

    (alert,) = compared().before.raised
    records[15] = msgspec.structs.replace(records[15], body=label(alert.alert_id))
    return compared()


@pytest.mark.parametrize(
    ("label", "outcome"),
    [
        (lambda named: VerdictGiven("dismissed", "ann", named), "dismissed_by_verdict"),
        (lambda named: AlertSnoozed(datetime(2030, 1, 1, tzinfo=UTC), "known", "ann", named), "snoozed"),
    ],
)
def test_what_names_an_alert_is_on_the_new_side_about_the_same_seller_and_pattern(
    tmp_path: Path, label: Callable[[str], LogBody], outcome: str
) -> None:
    found = judged(tmp_path, label)

    (before,), (after,) = found.before.raised, found.after.raised
    assert (before.seller_id, before.pattern) == (after.seller_id, after.pattern)
    assert before.alert_id != after.alert_id
    assert found.before.outcomes[outcome] == found.after.outcomes[outcome] == 5


def test_what_names_an_alert_that_nobody_raised_closes_nothing(tmp_path: Path) -> None:
    found = judged(tmp_path, lambda _: VerdictGiven("dismissed", "ann", "alr_of_another_time"))

    assert found.after.outcomes["dismissed_by_verdict"] == 0
