"""The shape of the risk model: how a row of features becomes a sparse row of curve points and cells.

Every feature is cut at some of its 256 levels, its knots, and a value is spread linearly over the two knots
around it (a hat basis), so a weight for each knot draws a piecewise linear curve. A pair of features is a
table of 8 x 8 cells. The usual level of a feature is where its curve is 0, and such points are left out: a
signal that a seller does not show costs nothing and says nothing.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LEVELS: Final = 256
QUANTILES: Final = (*(step / 12 for step in range(13)), 0.995, 0.999)
"""Where the rows of a feature put its knots, not counting its usual level."""
BAD_QUANTILES: Final = tuple(step / 6 for step in range(7))
"""Where its bad rows put further ones."""
CELLS: Final = 8
COMMON: Final = 0.15
"""A level with so much of all rows is left out when quantiles are taken."""
FEW: Final = 20
"""Fewer rows than this give no quantiles."""
SLOTS: Final = 32
"""Numbers set aside for the knots of one feature; a key is `feature * SLOTS + knot`."""
BIAS: Final = -1


@dataclass(frozen=True)
class Shape:
    """Knots of every feature and cells of every pair."""

    knots: tuple[tuple[int, ...], ...]
    usual: tuple[int, ...]
    """The level at which each curve is 0."""
    pairs: tuple[tuple[int, int], ...]
    """Positions of the two features."""
    cells: tuple[tuple[bytes, bytes], ...]
    """Cell of each level, for both features of each pair."""

    @cached_property
    def usual_cells(self) -> list[int]:
        """The cell of each pair whose height is 0."""
        return [
            cells_a[self.usual[a]] * CELLS + cells_b[self.usual[b]]
            for (a, b), (cells_a, cells_b) in zip(self.pairs, self.cells, strict=True)
        ]

    @cached_property
    def _points(self) -> list[list[tuple[tuple[int, float], ...]]]:
        """Keys and their weights for each level of each feature; built once, since every row asks."""
        return [[self._point(number, level) for level in range(LEVELS)] for number in range(len(self.knots))]

    def _point(self, number: int, level: int) -> tuple[tuple[int, float], ...]:
        knots, usual, first = self.knots[number], self.usual[number], number * SLOTS
        above = min(bisect_left(knots, level), len(knots) - 1)
        below = max(above - 1, 0)
        low, high = knots[below], knots[above]
        part = min(max((level - low) / (high - low), 0.0), 1.0) if high > low else 1.0
        points = ((first + above, part, high), (first + below, 1.0 - part, low))
        return tuple((key, weight) for key, weight, knot in points if weight > 0.0 and knot != usual)

    def row(self, levels: bytes) -> dict[int, float]:
        """The sparse row of one order: weight of each key, the bias included."""
        row: dict[int, float] = {BIAS: 1.0}
        for of_feature, level in zip(self._points, levels, strict=True):
            row.update(of_feature[level])
        first = len(self.knots) * SLOTS
        for (a, b), (cells_a, cells_b), usual in zip(self.pairs, self.cells, self.usual_cells, strict=True):
            cell = cells_a[levels[a]] * CELLS + cells_b[levels[b]]
            if cell != usual:
                row[first + cell] = 1.0
            first += CELLS * CELLS
        return row

    def curves(self, values: Mapping[int, float]) -> Floats:
        """What `values` of the keys give at each level: one line a feature."""
        lines = np.zeros((len(self.knots), LEVELS))
        for number, (knots, usual) in enumerate(zip(self.knots, self.usual, strict=True)):
            first = number * SLOTS
            heights = [0.0 if knot == usual else values.get(first + at, 0.0) for at, knot in enumerate(knots)]
            lines[number] = np.interp(np.arange(LEVELS), knots, heights) if knots else 0.0
        return lines

    def tables(self, values: Mapping[int, float]) -> Floats:
        """Cells of each pair: pairs x 64."""
        first, size = len(self.knots) * SLOTS, CELLS * CELLS
        flat = [values.get(first + at, 0.0) for at in range(len(self.pairs) * size)]
        return np.array(flat).reshape(len(self.pairs), size)

    def carried_to(self, new: "Shape", values: Mapping[int, float], *, heights: bool) -> dict[int, float]:
        """`values` of this shape's keys as values of another's: the same curves, cut elsewhere.

        Args:
            heights: They add up to a row's sum. Where another level is the usual one, its height goes to the bias and
                the curve is moved by as much, so that sums stay what they are.
        """
        carried = {BIAS: values[BIAS]} if BIAS in values else {}
        for number, line in enumerate(self.curves(values).tolist()):
            base = line[new.usual[number]] if heights else 0.0
            carried[BIAS] = carried.get(BIAS, 0.0) + base
            for at, knot in enumerate(new.knots[number]):
                if knot != new.usual[number] and line[knot] != base:
                    carried[number * SLOTS + at] = line[knot] - base
        self._carry_tables(new, values, carried, heights)
        return carried

    def _carry_tables(
        self, new: "Shape", values: Mapping[int, float], carried: dict[int, float], heights: bool
    ) -> None:
        first = len(new.knots) * SLOTS
        for pair, table in enumerate(self.tables(values).tolist()):
            (old_a, old_b), (cells_a, cells_b) = self.cells[pair], new.cells[pair]
            usual_a, usual_b = (new.usual[feature] for feature in new.pairs[pair])
            base = table[old_a[usual_a] * CELLS + old_b[usual_b]] if heights else 0.0
            carried[BIAS] = carried.get(BIAS, 0.0) + base
            for cell in range(CELLS * CELLS):
                a, b = cells_a.find(cell // CELLS), cells_b.find(cell % CELLS)
                if cell == new.usual_cells[pair] or a < 0 or b < 0:
                    continue
                value = table[old_a[a] * CELLS + old_b[b]]
                if value != base:
                    carried[first + cell] = value - base
            first += CELLS * CELLS


def shape_of(seen: Ints, bad: Ints, pairs: Sequence[tuple[int, int]]) -> Shape:
    """The shape that suits the levels of the rows so far.

    Args:
        seen: How often each level of each feature was seen, a line a feature.
        bad: The same of bad rows.
    """
    usual = seen.argmax(axis=1).tolist()
    knots = tuple(_knots(seen[f], bad[f], usual[f]) for f in range(len(seen)))
    cells = tuple((_cells(seen[a], bad[a], usual[a]), _cells(seen[b], bad[b], usual[b])) for a, b in pairs)
    return Shape(knots, tuple(usual), tuple(pairs), cells)


def _knots(seen: Ints, bad: Ints, usual: int) -> tuple[int, ...]:
    common = seen[usual] >= COMMON * seen.sum()
    rest = seen.copy()
    knots = {usual}
    if common:
        rest[usual] = 0
        knots |= {max(usual - 1, 0), min(usual + 1, LEVELS - 1)}
    knots.update(_quantiles(rest, QUANTILES), _quantiles(bad, BAD_QUANTILES))
    return tuple(sorted(knots))


def _cells(seen: Ints, bad: Ints, usual: int) -> bytes:
    """Cell of each level; a common level has the first one for itself."""
    common = seen[usual] >= 2 * COMMON * seen.sum()
    both = seen * max(int(bad.sum()), 1) + bad * int(seen.sum())  # bad rows weigh as much as all others
    if common:
        both[usual] = 0
    count = CELLS - 1 if common else CELLS
    edges = sorted(set(_quantiles(both, [step / count for step in range(1, count)])))
    cells = np.searchsorted(np.array(edges, np.int64), np.arange(LEVELS), side="left") + common
    if common:
        cells[usual] = 0
    return bytes(cells.astype(np.uint8))


def _quantiles(counts: Ints, ranks: Sequence[float]) -> list[int]:
    """Levels at the ranks."""
    total = np.cumsum(counts)
    if total[-1] < FEW:
        return []
    return [min(int(level), LEVELS - 1) for level in np.searchsorted(total, np.array(ranks) * total[-1])]
