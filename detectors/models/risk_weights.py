"""The weights of the risk model: river learns them, a slow average of them is published."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from river import linear_model, optim, utils

from detectors.models.curves import BIAS, Shape

EVERY: Final = 50
"""Rows between two steps of the average."""
SHORTEST, YOUNG = 200, 0.125
"""The average looks back on so many rows, or this share of all so far: the first weights are of no worth."""
START: Final = -5.0
"""Log odds before anything was learned: bad orders are rare."""


class RiskWeights:
    """River's logistic regression with AdaGrad, on sparse rows of curve points.

    One row at a time, the newest weights are noisy; their running average is what scores (Polyak and Juditsky:
    Acceleration of Stochastic Approximation by Averaging, 1992).

    Args:
        memory: Rows that the average looks back on.
    """

    def __init__(self, rate: float, damping: float, memory: int) -> None:
        self._rate, self._damping, self._memory = rate, damping, memory
        self.averages: dict[int, float] = {BIAS: START}
        self.steps = 0
        self._begin({BIAS: START}, {})

    def _begin(self, weights: Mapping[int, float], squares: Mapping[int, float]) -> None:
        optimizer = optim.AdaGrad(self._rate, eps=self._damping)
        optimizer.g2.update(squares)
        self._model: Any = linear_model.LogisticRegression(optimizer=optimizer, intercept_lr=0.0, l2=0.0)
        self._model._weights = utils.VectorDict(dict(weights))

    def learn_one(self, row: Mapping[int, float], bad: bool, weight: float) -> None:
        self._model.learn_one(row, bad, w=weight)
        self.steps += 1
        if self.steps % EVERY == 0:
            self._average()

    def _average(self) -> None:
        share = EVERY / min(max(self.steps * YOUNG, SHORTEST), self._memory)
        averages = self.averages
        for key, weight in self._model.weights.items():
            old = averages.get(key, 0.0)
            averages[key] = old + (weight - old) * share

    def reshape(self, old: Shape, new: Shape) -> None:
        """Goes on with the same curves on other knots."""
        weights, squares = self._model.weights, dict(self._model.optimizer.g2)
        self.averages = old.carried_to(new, self.averages, heights=True)
        self._begin(old.carried_to(new, weights, heights=True), old.carried_to(new, squares, heights=False))

    def state(self) -> tuple[bytes, bytes, bytes, bytes]:
        """Keys, weights, squared gradients and averages, in the order in which river met the keys."""
        weights, squares = self._model.weights, self._model.optimizer.g2
        keys = list(weights) + [key for key in squares if key not in weights]
        return (
            np.array(keys, "<i8").tobytes(),
            np.array([weights.get(key, 0.0) for key in keys], "<f8").tobytes(),
            np.array([squares.get(key, 0.0) for key in keys], "<f8").tobytes(),
            np.array([self.averages.get(key, 0.0) for key in keys], "<f8").tobytes(),
        )

    def restore(self, keys: bytes, weights: bytes, squares: bytes, averages: bytes, steps: int) -> None:
        """Goes on exactly where the weights of this state stood."""
        names = np.frombuffer(keys, "<i8").tolist()
        self.averages = dict(zip(names, np.frombuffer(averages, "<f8").tolist(), strict=True))
        self.steps = steps
        self._begin(
            dict(zip(names, np.frombuffer(weights, "<f8").tolist(), strict=True)),
            dict(zip(names, np.frombuffer(squares, "<f8").tolist(), strict=True)),
        )
