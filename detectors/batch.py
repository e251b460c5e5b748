"""The scored events of a batch as columns, so that patterns judge all of them at once."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]
Matrix = NDArray[Any]
ANOMALY: Final = "anomaly"
"""What reasons call the models' opinion, beside the features."""


class Batch:
    """What patterns see: features, their peers' norms, and the models' opinion of each event.

    Patterns use only + - * / and comparisons on it: these give the same bits for an event alone and in
    a batch of thousands, and on every machine.
    """

    def __init__(self, names: Sequence[str], features: Matrix, peers: Matrix, anomaly: Column) -> None:
        self._observed: Final = features
        self.features: Final[Mapping[str, Column]] = dict(zip(names, features, strict=True))
        self.peers: Final[Mapping[str, Column]] = dict(zip(names, peers, strict=True))
        self.anomaly: Final = anomaly
        """0..1, and nan where the models have no opinion."""

    @cached_property
    def highest(self) -> Mapping[str, float]:
        """The highest value of each feature in the batch."""
        return dict(zip(self.features, self._observed.max(axis=1, initial=0.0).tolist(), strict=True))

    def at(self, event: int, name: str) -> tuple[float, float]:
        """What one event shows of a feature, or the models' opinion of it, and its peers' norm."""
        if name == ANOMALY:
            return float(self.anomaly[event]), 0.0
        return float(self.features[name][event]), float(self.peers[name][event])


def saturate(evidence: Column) -> Column:
    """Evidence without upper bound to a score in [0, 1): always rising, so that scores do not tie."""
    return 1.0 - 1.0 / (1.0 + evidence + 0.5 * evidence * evidence)


def either(*chances: Column) -> Column:
    """How sure at least one of several 0..1 facts is."""
    none = 1.0 - chances[0]
    for chance in chances[1:]:
        none = none * (1.0 - chance)
    return 1.0 - none


def half(values: Column, middle: Column | float) -> Column:
    """0 for 0, 0.5 at `middle`, towards 1 beyond."""
    return values / (values + middle)


def above(values: Column, level: Column | float) -> Column:
    """By how much values lie above a level, 0 where they do not."""
    return np.maximum(values - level, 0.0)


def rise(values: Column, low: float, half: Column | float) -> Column:
    """0 up to `low`, 0.5 at `half` beyond it, ever slower towards 1: it never saturates, so nothing ties."""
    beyond = np.maximum(values - low, 0.0)
    return beyond / (beyond + half)
