"""The numbers of a backtest, on two sides made by hand."""

from collections import Counter

import pytest

from sellerwatch.backtest.cases import Cases
from sellerwatch.backtest.page import page
from sellerwatch.backtest.plots import Series, bars
from sellerwatch.backtest.run import Outcome
from sellerwatch.backtest.side import Raised, Side, a_day, calendar, middle
from sellerwatch.backtest.table import by_pattern, known_of, moved, said, totals

DAYS = {"2026-03-01", "2026-03-04"}


def raised(seller: str, pattern: str, score: float, day: str = "2026-03-01", orders: int = 5) -> Raised:
    return Raised(f"{seller}/{pattern}/{day}", seller, pattern, "low", score, day, orders, (f"o-{seller}",), "because")


def outcome(truth: dict[str, bool] | None = None) -> Outcome:
    """Two alerts of `a` and one of `b` before; `a` by another pattern, `c` and `d` after."""
    before = Side("present", "1", [raised("a", "p", 0.8), raised("a", "p", 0.9, "2026-03-04"), raised("b", "q", 0.7)])
    after = Side(
        "new", "2", [raised("a", "q", 0.8, orders=8), raised("d", "q", 0.6, orders=2), raised("c", "q", 0.9, orders=4)]
    )
    before.days = after.days = DAYS
    before.escalations = 7
    before.highest, after.highest = {"a": 0.5, "b": 0.7}, {"a": 0.3}
    before.outcomes = after.outcomes = Counter()
    return Outcome(before, after, Cases(truth, {"c": True, "b": False, "a": True}, {"o-d"}), 10)


def test_what_is_added_and_lost_is_told_by_seller_strongest_first_and_by_pattern() -> None:
    added, lost = moved(outcome())
    assert [alert.seller_id for alert in added] == ["c", "d"]
    assert [alert.seller_id for alert in lost] == ["b"]
    lines = {line.pattern: line[1:5] for line in by_pattern(outcome())}
    assert lines == {"p": (1, 0, 0, 1), "q": (1, 3, 3, 1)}


def test_totals_count_alerts_sellers_and_days() -> None:
    told: dict[str, tuple[object, object]] = {
        line.name: (line.before, line.after) for line in totals(outcome({"a": True, "b": True, "c": True, "d": False}))
    }

    assert told["alerts raised"] == (3, 3)
    assert told["escalations"] == (7, 0)
    assert told["sellers alerted"] == (2, 3)
    assert told["alerts a day, mean"] == (0.75, 0.75)
    assert told["alerts a day, most"] == (2, 3)
    assert told["precision by the truth"] == (1.0, pytest.approx(2 / 3))
    assert told["illicit sellers found"] == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert told["orders before an illicit seller's alert, median"] == (5.0, 6.0)
    assert told["alerts judged by verdicts"] == (3, 2)
    assert told["precision by verdicts"] == (pytest.approx(2 / 3), 1.0)
    assert told["alerts that rest on a disputed order"] == (0.0, pytest.approx(1 / 3))


def test_precision_by_pattern_is_by_the_truth_where_there_is_one() -> None:
    by_verdicts = {line.pattern: line.right for line in by_pattern(outcome())}
    by_truth = {line.pattern: line.right for line in by_pattern(outcome({"a": False, "d": False}))}

    assert by_verdicts["q"] == (2, 2)
    assert by_truth["q"] == (0, 2)


def test_what_is_known_of_a_seller_is_the_truth_then_the_verdict_then_a_dispute() -> None:
    with_truth, without = outcome({"a": False, "c": True}), outcome()
    assert [known_of(with_truth, raised(s, "q", 0.8)) for s in "acbde"] == [
        *("honest", "illicit", "dismissed", "disputed", "-")
    ]
    assert [known_of(without, raised(s, "q", 0.8)) for s in "ab"] == ["confirmed", "dismissed"]


def test_measures_are_said_as_people_read_them() -> None:
    assert [said(value, "share") for value in (None, 0.1234)] == ["-", "12.3 %"]
    assert [said(2.25, "number"), said(12345, "count"), said("v1", "text")] == ["2.2", "12,345", "v1"]


def test_alerts_are_counted_on_every_day_of_the_calendar() -> None:
    side = outcome().before
    assert a_day(side, calendar(DAYS)) == [2, 0, 0, 1]
    assert side.cases["a", "p"].day == side.sellers["a"].day == "2026-03-01"
    assert (middle([3, 1, 2, 4]), middle([])) == (2.5, None)


def test_the_page_lists_who_is_added_and_who_is_lost() -> None:
    text = page(outcome(), "t")
    assert "only the new side alerts: 2" in text
    assert "only the present side alerts: 1" in text
    assert "2 of 2" in text


def test_a_bar_is_as_tall_as_its_number() -> None:
    drawn = bars("t", ["a"], [Series("x", [1]), Series("y", [2])])
    assert 'height="192.0"' in drawn
    assert 'height="96.0"' in drawn
