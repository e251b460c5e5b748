"""How good a model is by now: its opinions as they were given, against what became of the orders since.

Progressive validation with the true delay: an opinion is counted when the label comes, or when the order counts
as clean; the model has learned from neither when it gave it.
"""

from collections import deque
from typing import Final

import numpy as np
from msgspec import Struct

from detectors.batch import Column

REMEMBERED: Final = 4_000
"""Opinions that the figures look back on."""
TOP: Final = 50
BANDS: Final = 10
"""Of equally many orders each, in which the mean opinion is compared with what happened."""
_JUDGED: Final = np.dtype([("chance", "<f4"), ("weight", "<u4"), ("bad", "u1")])


class Figures(Struct, frozen=True):
    """Of the opinions remembered; 0 as long as none of their orders was bad."""

    rows: int
    bad: int
    average_precision: float
    precision_at_50: float
    """Share of bad among the 50 highest opinions."""
    calibration_error: float
    """Mean difference between chance and outcome, over bands of opinions, weighted by orders."""


class Validation:
    """The last opinions whose orders' outcome is known."""

    def __init__(self, state: bytes = b"") -> None:
        rows = np.frombuffer(state, _JUDGED).tolist()
        self._rows: deque[tuple[float, int, int]] = deque(rows, maxlen=REMEMBERED)

    def note(self, chance: float, bad: bool, weight: int) -> None:
        """Takes in one outcome; an order without an opinion (-1) says nothing."""
        if chance >= 0.0:
            self._rows.append((float(np.float32(chance)), weight, int(bad)))

    def state(self) -> bytes:
        return np.array(list(self._rows), _JUDGED).tobytes()

    def figures(self) -> Figures:
        rows = np.array(list(self._rows), _JUDGED)
        bad = int(rows["bad"].sum())
        if not bad:
            return Figures(len(rows), 0, 0.0, 0.0, 0.0)
        order = np.argsort(-rows["chance"], kind="stable")
        outcome = rows["bad"][order].astype(np.float64)
        weight = rows["weight"][order].astype(np.float64)
        precision = np.cumsum(outcome * weight) / np.cumsum(weight)
        return Figures(
            len(rows),
            bad,
            float((precision * outcome * weight).sum() / (outcome * weight).sum()),
            float(outcome[:TOP].mean()),
            _calibration_error(rows["chance"][order].astype(np.float64), outcome, weight),
        )


def _calibration_error(chance: Column, outcome: Column, weight: Column) -> float:
    total, error = float(np.sum(weight)), 0.0
    bands = np.minimum((np.cumsum(weight) / total * BANDS).astype(np.int64), BANDS - 1)
    for band in range(BANDS):
        here = bands == band
        if here.any():
            off = np.sum((chance[here] - outcome[here]) * weight[here])
            error += abs(float(off)) / total
    return error
