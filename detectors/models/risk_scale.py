"""From sums of curve heights to a probability that means what it says."""

from collections.abc import Sequence
from math import exp
from typing import Final

import numpy as np

LOWEST: Final = -12.0
STEP: Final = 0.5
BINS: Final = 36
"""From -12 to 6."""
SHORTEST, LONGEST = 200, 10_000
"""Rows that the scale looks back on: half of all so far, since the first sums were those of a beginner."""
DOUBT: Final = 0.5
"""Rows that each bin is taken to have had, that turned out as their sum says."""
FLATTEST, STEEPEST = 0.5, 2.0
"""Bounds of the scale's slope: it may correct the sums, never make all of them equal."""
ROUNDS: Final = 30


class RiskScale:
    """How rows of each sum turned out: a histogram that fades, and a logistic curve through it.

    Rows enter with the sum that the model gave them before it learned them. The curve always rises, so it keeps
    the order of the sums (Platt: Probabilistic Outputs for Support Vector Machines, 1999).
    """

    def __init__(self, counts: bytes = b"") -> None:
        self._counts = np.frombuffer(counts, "<f8").reshape(2, BINS).copy() if counts else np.zeros((2, BINS))
        """Good and bad rows of each bin."""

    def learn_one(self, total: float, bad: bool, weight: float, rows: int) -> None:
        """Takes in one row.

        Args:
            rows: That the model has learned so far.
        """
        at = min(max(int((total - LOWEST) / STEP), 0), BINS - 1)
        self._counts *= 1.0 - 1.0 / min(max(rows / 2, SHORTEST), LONGEST)
        self._counts[int(bad), at] += weight

    def state(self) -> bytes:
        return self._counts.astype("<f8").tobytes()

    def odds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Sums, rising, and the odds there, rising too."""
        middles = [LOWEST + STEP * (at + 0.5) for at in range(BINS)]
        shift, slope = self._line(middles)
        return tuple(middles), tuple([exp(shift + slope * middle) for middle in middles])

    def _line(self, middles: Sequence[float]) -> tuple[float, float]:
        """Shift and slope of the log odds, by Newton's method on the bins."""
        rows = []
        for middle, goods, bads in zip(middles, *self._counts.tolist(), strict=True):
            chance = 1.0 / (1.0 + exp(-middle))
            rows.append((middle, goods + DOUBT * (1.0 - chance), bads + DOUBT * chance))
        shift, slope = 0.0, 1.0
        for _ in range(ROUNDS):
            g0 = g1 = 0.0
            h00 = h01 = h11 = 1e-9
            for middle, goods, bads in rows:
                chance = 1.0 / (1.0 + exp(-min(max(shift + slope * middle, -30.0), 30.0)))
                off, curved = bads - (goods + bads) * chance, (goods + bads) * chance * (1.0 - chance)
                g0, g1 = g0 + off, g1 + off * middle
                h00, h01, h11 = h00 + curved, h01 + curved * middle, h11 + curved * middle * middle
            size = h00 * h11 - h01 * h01
            if size <= 1e-12:
                break
            step0, step1 = (h11 * g0 - h01 * g1) / size, (h00 * g1 - h01 * g0) / size
            shift += min(max(step0, -1.0), 1.0)
            slope = min(max(slope + min(max(step1, -0.3), 0.3), FLATTEST), STEEPEST)
        return min(max(shift, -6.0), 6.0), slope
