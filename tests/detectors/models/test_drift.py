import random

import pytest

from detectors.models.drift import HELD, DriftGuard

NORM = [0.3] * 12


def rows(draw: random.Random, usual: float) -> list[float]:
    return [min(max(draw.gauss(usual, 0.15), 0.0), 1.0) for _ in NORM]


def test_a_cohort_that_changes_is_signalled_and_held_for_a_day_and_others_are_not() -> None:
    draw, guard = random.Random(2), DriftGuard()
    for number in range(2_000):
        assert guard.learn_one("toys", rows(draw, 0.3), NORM, number) is None
        assert guard.learn_one("books", rows(draw, 0.3), NORM, number) is None
    signals = [guard.learn_one("toys", rows(draw, 0.6), NORM, 2_000 + number) for number in range(200)]
    signal = next(signal for signal in signals if signal is not None)

    assert signal.cohort == "toys"
    assert signal.distance > signal.before
    assert guard.holds("toys", 2_200)
    assert not guard.holds("toys", 2_200 + HELD)
    assert not guard.holds("books", 2_200)


def test_a_restored_guard_goes_on_exactly_where_it_stood() -> None:
    draw, guard = random.Random(3), DriftGuard()
    for number in range(500):
        guard.learn_one(f"cohort-{number % 70}", rows(draw, 0.3), NORM, number)
    other = DriftGuard.restore(guard.state())
    for number in range(500, 1_200):
        row = rows(draw, 0.3 if number < 800 else 0.7)
        assert guard.learn_one("cohort-1", row, NORM, number) == other.learn_one("cohort-1", row, NORM, number)
    assert guard.state() == other.state()


def test_a_window_of_another_version_is_refused() -> None:
    state = DriftGuard()
    state.learn_one("toys", NORM, NORM, 1)
    with pytest.raises(ValueError, match=r".+"):
        DriftGuard.restore(state.state()[:-30])
