"""What was missed: an estimate that is right on average, and an interval that holds the truth as often as it says."""

import json
import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.policy_parts import CHANCES, REVIEW, chosen, share_of
from sellerwatch.report.command import show_missed
from sellerwatch.report.estimate import estimate, unit, wilson
from sellerwatch.report.missed import Labels, Line, missed, read_labels, report, said
from streams.errors import SettingsError

SELLERS = 400


def market(
    seed: int, bad_share: float, *, strata: tuple[tuple[float, float], ...]
) -> tuple[list[Line], dict[str, bool]]:
    """Decisions of sellers, some bad, whose bad ones score higher; chosen for review as deciding does."""
    dice = random.Random(seed)
    truth = {f"s{n}": n < bad_share * SELLERS for n in range(SELLERS)}
    decisions = []
    for seller, bad in truth.items():
        for number in range(4 + 13 * (hash_of(seller) % 5)):
            score = dice.betavariate(3, 4) if bad else dice.betavariate(1, 8)
            share = next((s for above, s in reversed(strata) if score >= above), 0.0)
            taken = chosen(dice.randrange(CHANCES), share)
            decisions.append(Line(f"{seller}/{number}", seller, "below_line", share if taken else 0.0))
    return decisions, truth


def hash_of(seller: str) -> int:
    return sum(seller.encode())


def test_the_estimate_is_right_on_average_and_its_interval_holds_the_truth() -> None:
    strata = ((0.0, 0.01), (0.3, 0.1), (0.5, 0.4))
    totals, held, runs = [], 0, 80
    for seed in range(runs):
        decisions, truth = market(seed, 0.05, strata=strata)
        found = report(decisions, Labels(truth)).missed_sellers
        assert found is not None
        totals.append(found.total)
        held += found.low <= 0.05 * SELLERS <= found.high

    assert 19.5 < sum(totals) / runs < 22.0  # never below what was found, so a little high
    assert held / runs >= 0.93


def test_where_nothing_bad_was_found_the_interval_is_not_nothing() -> None:
    decisions, _ = market(1, 0.0, strata=((0.0, 0.05),))
    found = report(decisions, Labels(dict.fromkeys((f"s{n}" for n in range(SELLERS)), False))).missed_sellers

    assert found is not None
    assert (found.total, found.low) == (0.0, 0.0)
    assert 0 < found.high < 0.2 * SELLERS


def test_what_nobody_has_looked_at_is_taken_to_be_like_the_rest() -> None:
    decisions, truth = market(3, 0.2, strata=((0.0, 0.5),))
    dice = random.Random(5)
    some = {seller: bad for seller, bad in truth.items() if dice.random() < 0.4}
    labels = Labels(verdicts=some)
    found = report(decisions, labels).missed_sellers

    assert found is not None
    assert found.reviewed < found.chosen
    assert found.low <= 80 <= found.high
    assert report(decisions, Labels()).missed_sellers is None


def test_what_share_was_alerted_is_not_said_where_no_bad_seller_is_known_and_why() -> None:
    lines = [Line("a/1", "a", "first"), Line("b/1", "b", "below_line", 0.5)]

    def told(**verdicts: bool) -> str:
        return said(report(lines, Labels(verdicts=verdicts)))[-1]

    unknown = "share of the bad sellers that were alerted: cannot be estimated yet; "
    assert told() == unknown + "nothing that was chosen for review has been reviewed"
    assert told(b=False) == unknown + "no bad seller is known, neither among those alerted nor in the review"
    assert report(lines, Labels(verdicts={"b": False})).recall is None
    assert told(a=True, b=False).startswith("share of the bad sellers that were alerted: 100 % (95 %: ")
    assert told(b=True) == "share of the bad sellers that were alerted: 0 % (95 %: 0 % to 0 %)"


def test_sellers_that_were_alerted_and_decisions_told_twice_do_not_count() -> None:
    lines = [Line("a/1", "a", "below_line", 0.5), Line("a/2", "a", "first"), Line("b/1", "b", "over_budget", 0.5)]
    found = report([*lines, *lines], Labels({"a": True, "b": True}))

    assert (found.decisions, found.alerted, found.alerted_bad, found.sellers) == (3, 1, 1, 1)
    assert found.missed_sellers is not None
    assert found.missed_sellers.bad == 1
    assert found.recall is not None
    assert found.recall[1] <= found.recall[0] <= found.recall[2] <= 1.0


@pytest.mark.parametrize("known", ["confirmed_by_verdict", "dismissed_by_verdict", "other_alert_open"])
def test_a_seller_whose_alert_came_before_the_period_was_not_missed(known: str) -> None:
    lines = [Line("a/1", "a", known), Line("a/2", "a", "below_line", 0.5), Line("b/1", "b", "below_line", 0.5)]
    found = report(lines, Labels({"a": True, "b": False}))

    assert (found.alerted_bad, found.sellers) == (1, 1)
    assert found.missed_sellers is not None
    assert found.missed_sellers.bad == 0


@given(st.lists(st.tuples(st.floats(0.0001, 1), st.integers(1, 50), st.sampled_from([True, False, None])), max_size=30))
def test_an_interval_holds_its_estimate_and_stays_in_bounds(found: list[tuple[float, int, bool | None]]) -> None:
    units = [unit([share], decisions, bad) for share, decisions, bad in found]
    made = estimate(units, 1_000)
    if made is None:
        assert all(bad is None for _, _, bad in found)
        return
    assert 0.0 <= made.low <= made.total <= made.high + 1e-6 <= 1_000.001


@pytest.mark.parametrize(("share", "size", "low", "high"), [(0.0, 10, 0.0, 0.2775), (0.5, 40, 0.3520, 0.6480)])
def test_wilsons_interval_is_the_published_one(share: float, size: float, low: float, high: float) -> None:
    assert list(wilson(share, size)) == pytest.approx([low, high], abs=1e-4)


def test_a_certain_sample_leaves_nothing_to_guess() -> None:
    units = [unit([1.0], 1, n < 3) for n in range(100)]
    made = estimate(units, 100)

    assert made is not None
    assert made.total == 3.0


def test_the_strata_of_the_default_policy_cover_every_score() -> None:
    assert [share_of(REVIEW, score) for score in (0.0, 0.29, 0.3, 0.6, 0.99)] == [0.0002, 0.0002, 0.005, 0.05, 0.05]


def test_verdicts_and_disputes_are_read_from_events_and_from_the_log(tmp_path: Path) -> None:
    lines = [
        {"type": "verdict.given", "seller_id": "a", "verdict": "confirmed"},
        {"type": "payment.disputed", "order_id": "o1"},
        {"type": "order.placed", "order_id": "verdict.given"},
        {"seller_id": "b", "body": {"type": "verdict.given", "verdict": "dismissed"}},
    ]
    path = tmp_path / "labels.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    labels = read_labels([path])

    assert labels.verdicts == {"a": True, "b": False}
    assert labels.disputed == {"o1"}
    assert labels.of_decision("c", "o1") is True


def test_the_report_is_said_in_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    decisions, truth = market(7, 0.1, strata=((0.0, 0.3),))
    (tmp_path / "d.jsonl").write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in decisions))
    (tmp_path / "t.jsonl").write_text(
        "".join(json.dumps({"seller_id": s, "illicit": bad}) + "\n" for s, bad in truth.items())
    )
    show_missed([tmp_path / "d.jsonl"], [], tmp_path / "t.jsonl", as_json=False)
    text = capsys.readouterr().out
    show_missed([tmp_path / "d.jsonl"], [], tmp_path / "t.jsonl", as_json=True)
    numbers = json.loads(capsys.readouterr().out)

    assert text == "\n".join(said(missed([tmp_path / "d.jsonl"], [], tmp_path / "t.jsonl"))) + "\n"
    assert "bad sellers that were never alerted:" in text
    assert numbers["missed_sellers"]["low"] <= 40 <= numbers["missed_sellers"]["high"]
    with pytest.raises(SettingsError, match="say who is bad"):
        show_missed([tmp_path / "d.jsonl"], [], None, as_json=False)
