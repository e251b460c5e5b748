"""The same curves on other knots: what was learned is carried over when the shape is taken anew."""

import random
from collections.abc import Mapping

import pytest

from detectors.models.curves import BIAS, CELLS, LEVELS, Shape

CELL_OF_LEVEL = bytes(level * CELLS // LEVELS for level in range(LEVELS))
KNOTS = (0, 60, 128, 255)


def shape(*usual: int) -> Shape:
    return Shape((KNOTS, KNOTS), usual, ((0, 1),), ((CELL_OF_LEVEL, CELL_OF_LEVEL),))


def total(of: Shape, values: Mapping[int, float], levels: bytes) -> float:
    return sum(values.get(key, 0.0) * part for key, part in of.row(levels).items())


def test_sums_stay_what_they_are_when_another_level_becomes_the_usual_one() -> None:
    draw, old, new = random.Random(3), shape(128, 0), shape(60, 255)
    rows = [bytes([draw.randrange(LEVELS), draw.randrange(LEVELS)]) for _ in range(300)]
    values = {key: draw.uniform(-3.0, 3.0) for levels in rows for key in old.row(levels)} | {BIAS: -5.0}
    carried = old.carried_to(new, values, heights=True)

    for levels in rows:
        assert total(new, carried, levels) == pytest.approx(total(old, values, levels), abs=1e-9)


def test_squares_are_carried_as_they_are_and_never_below_nothing() -> None:
    old, new = shape(128, 0), shape(60, 255)
    carried = old.carried_to(new, dict.fromkeys([BIAS, 0, 1, 3], 4.0), heights=False)

    assert carried[BIAS] == 4.0
    assert carried[0] == carried[3] == 4.0
    assert 1 not in carried
    assert min(carried.values()) >= 0.0
