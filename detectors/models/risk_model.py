"""The published risk model as watch uses it: how likely each order turns out bad, and why."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from detectors.batch import Column
from detectors.models.curves import CELLS, LEVELS
from detectors.models.risk_snapshot import Publication, RiskSnapshotError, training_offset_of, unpack_publication

Levels = NDArray[np.uint8]
Ints = NDArray[np.int64]

MICRO: Final = 1_000_000
"""Heights are whole millionths: sums of integers are the same in any order, on every machine."""


MOST_AGAINST_SELLER: Final = 0.4
"""The most evidence that is added to a seller's; the alert line takes four times as much."""
OF_THE_ORDER: Final = ("order_", "buyer_", "amount_high", "amount_offset", "shared_here")
"""How the names of features begin that tell of the order at hand or of its buyer, not of the seller."""


def tells_of_seller(feature: str) -> bool:
    return not feature.startswith(OF_THE_ORDER)


class Opinion(Struct, gc=False):
    """What the model says of every event of a batch."""

    odds: Column
    """Of turning out bad against turning out good, calibrated."""
    trust: Column
    """0..1, how much the model has learned; 0 for what is no order, of which it knows nothing."""
    seller_odds: Column
    """The same of what the curves of the seller's own features say, whatever the order at hand is."""
    model: "RiskModel"
    levels: Levels

    @property
    def seller_evidence(self) -> Column:
        """What it adds to the evidence against the seller: never enough for an alert by itself."""
        evidence = self.trust * (np.sqrt(1.0 + 2.0 * self.seller_odds) - 1.0)
        added: Column = MOST_AGAINST_SELLER * evidence / (evidence + 1.0)
        return added

    @property
    def probability(self) -> Column:
        return self.odds / (1.0 + self.odds)

    @property
    def evidence(self) -> Column:
        """What `saturate` turns into the probability."""
        return np.sqrt(1.0 + 2.0 * self.odds) - 1.0


class RiskModel:
    """One version of the model: a curve for every feature, a table for every pair, and a scale.

    Raises:
        RiskSnapshotError: The bytes cannot be read, or were learned from other features.
    """

    def __init__(self, publication: bytes, version: str, features: Sequence[str]) -> None:
        state = unpack_publication(publication)
        if tuple(features) != state.features:
            raise RiskSnapshotError("this model was learned from other features than this version computes")
        self.version, self.features, self.trust = version, state.features, state.trust
        self.offset = training_offset_of(version)
        """Together with the model's name it tells the version; -1: the version's name says none."""
        self._take(state)

    def _take(self, state: Publication) -> None:
        width = len(state.features)
        self._bias = state.bias
        self._curves = np.frombuffer(state.curves, "<i4").astype(np.int64)
        self._first_level = np.arange(width) * LEVELS
        self._of_seller = [at for at, name in enumerate(state.features) if tells_of_seller(name)]
        self._pairs = state.pairs
        self._cells = [(np.frombuffer(a, np.uint8), np.frombuffer(b, np.uint8)) for a, b in state.cells]
        self._tables = np.frombuffer(state.tables, "<i4").astype(np.int64).reshape(-1, CELLS * CELLS)
        self._knots = np.array(state.scale_at, np.int64)
        self._odds = np.array(state.scale_odds, np.float64)

    def judge(self, levels: Levels, orders: Sequence[bool]) -> Opinion:
        """Every row by itself: what else is in the batch makes no difference.

        Args:
            orders: Which of the rows are orders; the model knows nothing of other events.
        """
        trust = np.where(np.array(orders, np.bool_), self.trust, 0.0)
        sums, of_seller = self._sums(levels)
        return Opinion(self._calibrated(sums), trust, self._calibrated(of_seller), self, levels)

    def _sums(self, levels: Levels) -> tuple[Ints, Ints]:
        """Heights of all curves, and of those that tell of the seller."""
        heights = self._curves.take(levels + self._first_level)
        sums: Ints = heights.sum(axis=1) + self._bias
        of_seller: Ints = heights[:, self._of_seller].sum(axis=1) + self._bias
        for (a, b), (cells_a, cells_b), table in zip(self._pairs, self._cells, self._tables, strict=True):
            added = table[cells_a[levels[:, a]].astype(np.int64) * CELLS + cells_b[levels[:, b]]]
            sums += added
            if a in self._of_seller and b in self._of_seller:
                of_seller += added
        return sums, of_seller

    def _calibrated(self, sums: Ints) -> Column:
        """Linear between the knots of the scale, and level beyond them but for a slope that keeps ties apart."""
        above = np.clip(np.searchsorted(self._knots, sums), 1, len(self._knots) - 1)
        low, high = self._knots[above - 1], self._knots[above]
        part = (np.clip(sums, self._knots[0], self._knots[-1]) - low) / (high - low)
        odds = self._odds[above - 1] + (self._odds[above] - self._odds[above - 1]) * part
        beyond = np.maximum(sums - self._knots[-1], 0) / MICRO
        calibrated: Column = odds * (1.0 + beyond)
        return calibrated

    def contributions(self, levels: Sequence[int]) -> list[tuple[str, float]]:
        """Feature and height of its curve, highest first; half of a pair's goes to each of its features."""
        heights = self._curves.take(np.array(levels) + self._first_level).tolist()
        for (a, b), (cells_a, cells_b), table in zip(self._pairs, self._cells, self._tables, strict=True):
            height = int(table[int(cells_a[levels[a]]) * CELLS + int(cells_b[levels[b]])])
            heights[a] += height / 2
            heights[b] += height / 2
        order = sorted(range(len(heights)), key=lambda at: (-heights[at], at))
        return [(self.features[at], heights[at] / MICRO) for at in order]
