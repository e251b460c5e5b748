"""From sums of curve heights to a probability that means what it says."""

from math import exp, log
from typing import Final

import numpy as np

LOWEST: Final = -12.0
STEP: Final = 0.5
BINS: Final = 36
"""From -12 to 6."""
SHORTEST, LONGEST = 200, 10_000
"""Rows that the scale looks back on: half of all so far, since the first sums were those of a beginner."""
DOUBT: Final = 4.0
"""Rows that each bin is taken to have had, that turned out as their sum says."""
APART: Final = 1e-3
"""Each bin's odds lie at least by this share above those of the bin below, so that scores do not tie."""


class RiskScale:
    """How rows of each sum turned out: a histogram that fades, made monotone (pool adjacent violators).

    Rows enter with the sum that the model gave them before it learned them.
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
        good, bad = self._counts.tolist()
        pools: list[list[float]] = []
        for middle, goods, bads in zip(middles, good, bad, strict=True):
            chance = 1.0 / (1.0 + exp(-middle))
            pools.append([bads + DOUBT * chance, goods + DOUBT * (1.0 - chance), 1.0])
            while len(pools) > 1 and pools[-2][0] * pools[-1][1] >= pools[-1][0] * pools[-2][1]:
                last = pools.pop()
                pools[-1] = [a + b for a, b in zip(pools[-1], last, strict=True)]
        odds = [bads / goods for bads, goods, count in pools for _ in range(int(count))]
        for at in range(1, BINS):
            odds[at] = max(odds[at], odds[at - 1] * (1.0 + APART))
        return tuple(middles), tuple(odds)


def log_odds(chance: float) -> float:
    chance = min(max(chance, 1e-6), 1.0 - 1e-6)
    return log(chance / (1.0 - chance))
