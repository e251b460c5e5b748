"""The line that a budget asks for: a fold that lets no more through than the days behind had room for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors import budget
from detectors.alert_policy import Policy
from detectors.budget import Candidate, LineKeeper, decode_candidate, decode_keeper, encode_candidate, encode_keeper
from detectors.events import DAY, Source
from detectors.patterns.catalogue import Catalogue
from detectors.patterns.rules import Rule
from detectors.policy_parts import Budget
from tests.builders import MONDAY, Market, order_placed, record


def candidate(
    number: int, day: int, score: float, *, a_day: float = 2.0, days: int = 3, episode: str = ""
) -> Candidate:
    at = MONDAY + day * DAY + number
    return Candidate(Source("log", 0, number), episode or f"e{number}", at, score, a_day, days)


def test_the_line_rises_until_the_days_behind_would_have_kept_the_budget() -> None:
    keeper = LineKeeper()
    scores = [0.71, 0.93, 0.78, 0.85, 0.74]
    for number, score in enumerate(scores):
        assert not keeper.learn_one(candidate(number, 0, score))
    assert keeper.learn_one(candidate(9, 1, 0.9))

    assert sum(score >= keeper.line for score in scores) == 2
    assert keeper.line == pytest.approx(0.78, abs=1e-5)


def test_with_room_for_all_there_is_no_line() -> None:
    keeper = LineKeeper()
    for number in range(10):
        assert not keeper.learn_one(candidate(number, number // 2, 0.9))

    assert keeper.line == 0.0


def test_the_line_falls_again_when_less_is_found() -> None:
    keeper = LineKeeper()
    lines = [keeper.learn_one(candidate(n, 0, 0.7 + n / 100)) for n in range(9)]
    lines.append(keeper.learn_one(candidate(20, 1, 0.8)))
    risen = keeper.line
    for day in range(2, 7):
        keeper.learn_one(candidate(20 + day, day, 0.8))

    assert risen > 0.7
    assert keeper.line == 0.0


def test_an_alert_that_rises_counts_once_with_its_highest_score() -> None:
    keeper = LineKeeper()
    for number, score in enumerate([0.7, 0.75, 0.9, 0.8]):
        keeper.learn_one(candidate(number, 0, score, episode="same", a_day=1.0))
    keeper.learn_one(candidate(5, 0, 0.85, a_day=1.0))
    keeper.learn_one(candidate(6, 1, 0.7, a_day=1.0))

    assert keeper.line == pytest.approx(0.85, abs=1e-5)


def test_the_line_stands_for_a_day_also_when_an_alert_of_the_day_before_rises() -> None:
    keeper = LineKeeper()
    for number, score in enumerate([0.7, 0.8, 0.9]):
        keeper.learn_one(candidate(number, 0, score, a_day=1.0, episode=f"e{number}"))
    keeper.learn_one(candidate(8, 1, 0.7, a_day=1.0))
    stood = keeper.line

    assert not keeper.learn_one(candidate(9, 1, 0.95, a_day=1.0, episode="e0"))
    assert keeper.line == stood == pytest.approx(0.8, abs=1e-5)
    assert keeper.learn_one(candidate(10, 2, 0.7, a_day=0.5))
    assert keeper.line == pytest.approx(0.9, abs=1e-5)


def test_a_day_counts_as_long_as_the_budget_looks_back() -> None:
    keeper = LineKeeper()
    for number, score in enumerate([0.91, 0.92, 0.93, 0.94]):
        keeper.learn_one(candidate(number, 0, score, a_day=1.0))
    lines = {}
    for day in (1, 2, 3, 4):
        keeper.learn_one(candidate(10 + day, day, 0.8, a_day=1.0, days=3))
        lines[day] = keeper.line

    assert lines[3] == pytest.approx(0.91, abs=1e-5)
    assert lines[4] == 0.0


def test_of_more_alerts_than_are_remembered_the_least_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MOST_EPISODES", 3)
    keeper = LineKeeper()
    for number, score in enumerate([0.9, 0.72, 0.8, 0.71, 0.75]):
        keeper.learn_one(candidate(number, 0, score))

    assert sorted(score for _, score in keeper.episodes.values()) == [0.75, 0.8, 0.9]


CANDIDATES = st.lists(
    st.tuples(st.integers(0, 12), st.floats(0.7, 0.99), st.integers(0, 15)), min_size=1, max_size=60
).map(lambda found: [candidate(n, d, s, episode=f"e{e}") for n, (d, s, e) in enumerate(sorted(found))])


@given(CANDIDATES, st.integers(0, 60))
def test_a_keeper_that_was_stored_goes_on_where_it_stood(candidates: list[Candidate], cut: int) -> None:
    whole, stored = LineKeeper(), LineKeeper()
    told = [(whole.learn_one(c), whole.line) for c in candidates]
    told_again = []
    for number, each in enumerate(candidates):
        if number == cut:
            stored = decode_keeper(encode_keeper(stored))
        line = decode_candidate(encode_candidate(each))
        assert line == each
        told_again.append((stored.learn_one(line), stored.line))

    assert told_again == told
    assert encode_keeper(stored) == encode_keeper(whole)


@given(CANDIDATES)
def test_the_days_behind_never_had_more_above_the_line_than_the_budget(candidates: list[Candidate]) -> None:
    keeper = LineKeeper()
    for each in candidates:
        before = dict(keeper.episodes)
        today = keeper.today
        keeper.learn_one(each)
        if keeper.today > today > 0:
            oldest = keeper.today - each.days
            behind = [score for day, score in before.values() if oldest <= day < keeper.today]
            room = int(each.alerts_a_day * min(each.days, keeper.today - keeper.first))
            assert sum(score >= keeper.line for score in behind) <= max(room, 0) or keeper.line == 0.0
            assert keeper.line > 0.0 or len(behind) <= room


def test_what_is_no_candidate_is_left_to_others() -> None:
    assert decode_candidate(b'{"source":["log",0,1]}') is None


def rule(weight: float) -> Rule:
    return Rule("busy", "experience > 0.2", (">", ("feature", "experience"), 0.2), weight, "busy")


def budgeted(raised: float = 0.0, **fields: Any) -> Policy:
    given: dict[str, Any] = {"catalogue": Catalogue(seller=(rule(2.0),)), "budget": Budget(5.0), "raised": raised}
    return Policy(**(given | fields))


def test_what_the_budget_keeps_back_is_told_once_and_alerted_when_the_line_falls() -> None:
    market = Market(policy=budgeted(0.9))
    for _ in range(5):
        market.happens(order_placed(), days=0.2)
    kept_back = [candidate.episode for candidate in market.effects.candidates]
    assert market.effects.alerts == []
    assert {d.outcome for d in market.effects.decisions[3:]} == {"over_budget"}
    assert len(set(kept_back)) == 1

    market.policy = budgeted(0.0)
    market.happens(order_placed())
    assert [alert.alert_id for alert in market.effects.alerts] == [kept_back[0]]
    assert {candidate.episode for candidate in market.effects.candidates} == set(kept_back)


def test_what_is_clear_is_alerted_whatever_the_budget() -> None:
    market = Market(policy=budgeted(0.99, budget=Budget(5.0, highest_line=0.75)))
    for _ in range(4):
        market.happens(order_placed(), days=0.2)

    assert market.patterns() == ["rule.busy"]
    assert market.effects.decisions[-1].versions["line"] == "0.750000"


def test_without_a_budget_nobody_is_told() -> None:
    market = Market(policy=budgeted(0.9, budget=None))
    market.fold([record(order_placed()) for _ in range(8)])

    assert market.effects.candidates == []
    assert market.patterns() == ["rule.busy"]
    assert "line" not in market.effects.decisions[-1].versions
