"""What is usual in a cohort: a norm of every feature, and the ranks of anomaly scores."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PRIOR_ROWS = 10
"""Weight of what a norm starts from, in rows."""
SLOWEST = 1 / 500
"""A norm remembers about the last 500 rows."""
REACH = 0.5
"""How far from the norm a row may lie before it is clipped; more for the first rows."""

RANKS = (0.02, 0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99, 0.996)
"""Ranks whose scores are remembered; in between, interpolation."""
SCORES = 128
"""Scores that make one generation of ranks."""
FIRST_SCORES = 64
"""Enough of them for a first opinion."""
RENEWAL = 0.25
"""Weight of the newest generation."""


def learn_norm(norm: Floats, values: Floats, rows: int) -> None:
    """Moves `norm` in place towards the `rows`-th row that it learns; stays within 0..1."""
    reach = max(REACH, PRIOR_ROWS / rows)
    norm += np.clip(values - norm, -reach, reach) * max(1 / (rows + PRIOR_ROWS), SLOWEST)


def rank_scores(scores: Sequence[float]) -> tuple[float, ...]:
    """The scores at `RANKS` of a sample, interpolated."""
    ordered = sorted(scores)
    positions = [min(max(rank * len(ordered) - 0.5, 0.0), len(ordered) - 1.0) for rank in RANKS]
    return tuple(_between(ordered, position) for position in positions)


def _between(ordered: Sequence[float], position: float) -> float:
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def renew_ranks(known: tuple[float, ...], newest: tuple[float, ...]) -> tuple[float, ...]:
    """Mixes a new generation of rank scores into the known ones."""
    if not known:
        return newest
    mixed = [old + RENEWAL * (new - old) for old, new in zip(known, newest, strict=True)]
    return tuple(max(mixed[: i + 1]) for i in range(len(mixed)))  # rounding must not break the order


class RankScale:
    """Maps raw scores to 0..1: the share of peers' rows that score lower. Strictly rising.

    0.99 says "1 row in 100 of its peers scores as high", in every cohort, whatever its raw scores.
    """

    def __init__(self, knots: Sequence[tuple[float, ...]]) -> None:
        self._scores = np.array([(0.0, *k, 1.0) for k in knots]).reshape(len(knots), len(RANKS) + 2)
        self._ranks = np.array((0.0, *RANKS, 1.0))

    def ranks(self, scales: NDArray[np.intp], scores: Floats) -> Floats:
        """Ranks score i on scale `scales[i]`; every score by itself, so batches change nothing."""
        knots = self._scores[scales]
        # Equal to a knot counts as below it: many rows of one score must not all rank at the top.
        above = np.clip((knots < scores[:, None]).sum(axis=1), 1, len(self._ranks) - 1)
        rows = np.arange(len(scores))
        low, high = knots[rows, above - 1], knots[rows, above]
        low_rank, high_rank = self._ranks[above - 1], self._ranks[above]
        gap = high - low
        part = np.where(gap > 0, (scores - low) / np.where(gap > 0, gap, 1.0), 1.0)
        ranks: Floats = np.minimum(low_rank + (high_rank - low_rank) * part, high_rank)
        return ranks
