from collections.abc import Iterable

import pytest
from msgspec import structs

from detectors.models.learners import COHORTS, GUARD, STORED, Learners, Published, UnreadableLearnerError
from detectors.models.risk_learner import CHALLENGER, RISK
from detectors.models.training import TrainingRow
from detectors.patterns.features import FEATURES as ALL
from tests.detectors.orders_with_labels import labelled, order, traffic


def wide(row: TrainingRow) -> TrainingRow:
    """The row with all features of the monitor."""
    return structs.replace(row, features=row.features + (0.0,) * (len(ALL) - len(row.features)))


def learn(learners: Learners, rows: Iterable[TrainingRow]) -> list[Published]:
    return [due for offset, row in enumerate(rows) for due in learners.learn_one(wide(row), offset)]


def test_all_models_are_published_and_a_restored_set_publishes_the_same() -> None:
    rows = list(traffic(5, 3_000))
    one = Learners.new()
    first = learn(one, rows[:2_500])
    other = Learners.new()
    for name, snapshot in one.snapshots().items():
        other.restore(name, snapshot)

    assert {due.model for due in first} == {COHORTS, RISK, CHALLENGER}
    assert set(one.snapshots()) == set(STORED)
    assert learn(one, rows[2_500:]) == learn(other, rows[2_500:])


def test_a_held_model_learns_on_but_is_not_published_until_it_is_released() -> None:
    rows = list(traffic(5, 3_000))
    learners = Learners.new()
    learn(learners, rows[:2_500])
    learners.hold(RISK)
    learned = learners.risk.learned
    held = learn(learners, rows[2_500:2_800])
    learners.release(RISK)

    assert RISK not in {due.model for due in held}
    assert learners.risk.learned > learned
    assert RISK in {due.model for due in learn(learners, rows[2_800:])}


def test_promotion_puts_the_challenger_in_force_and_the_champion_in_the_shadow() -> None:
    learners = Learners.new()
    learn(learners, traffic(5, 2_500))
    assert learners.challenger is not None
    challenger = learners.challenger.publication()
    announced = {due.model: due for due in learners.promote(9_999)}

    assert announced[RISK].publication == challenger
    assert announced[RISK].version.startswith("risk-9999-")
    assert announced[CHALLENGER].version.startswith("challenger-9999-")


def test_a_learner_that_cannot_be_read_starts_anew_and_leaves_the_others() -> None:
    learners = Learners.new()
    for name in (COHORTS, RISK, GUARD):
        with pytest.raises(UnreadableLearnerError):
            learners.restore(name, b"something else")


def test_after_a_promotion_a_late_label_judges_the_model_that_scored_its_order() -> None:
    learners = Learners.new()
    learn(learners, traffic(5, 2_500))
    assert learners.challenger is not None
    was, shadow = learners.risk, learners.challenger
    list(learners.promote(9_999))

    def judged(number: int, **given: float) -> tuple[int, int]:
        before = was.validation.figures().rows, shadow.validation.figures().rows
        row = wide(labelled(order(50_000 + number, (0.9, 0.1, 0.5, 0.0), **given), "bad"))
        learn(learners, [row])
        return was.validation.figures().rows - before[0], shadow.validation.figures().rows - before[1]

    assert (learners.risk, learners.challenger) == (shadow, was)
    assert judged(1, risk=0.7, risk_offset=9_000) == (1, 0)
    assert judged(2, risk=0.7, risk_offset=9_000, challenger=0.2, challenger_offset=9_000) == (1, 1)
    assert judged(3, risk=0.7, risk_offset=9_999) == (0, 1)
    assert judged(4, risk=0.7) == (0, 0)
