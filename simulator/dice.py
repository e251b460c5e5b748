"""Randomness that gives the same draws in every process and every Python version."""

import math
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Seeded draws, all made from `random()`: the one method that Python promises to keep.

    Args:
        path: Words and numbers that name what is drawn for; equal paths give equal draws.
    """

    __slots__ = ("random",)

    def __init__(self, *path: str | int) -> None:
        # A string seed is hashed with SHA-512, so PYTHONHASHSEED has no say.
        self.random = random.Random("/".join(map(str, path))).random  # noqa: S311 (not for secrets)

    def chance(self, probability: float) -> bool:
        return self.random() < probability

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.random()

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int((high - low + 1) * self.random())

    def pick(self, options: Sequence[T]) -> T:
        return options[int(len(options) * self.random())]

    def several(self, options: Sequence[T], count: int) -> list[T]:
        """Up to `count` different options, in random order."""
        return self.shuffled(options)[:count]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        order = list(options)
        for last in range(len(order) - 1, 0, -1):
            other = self.whole(0, last)
            order[last], order[other] = order[other], order[last]
        return order

    def normal(self, mean: float, deviation: float) -> float:
        radius = math.sqrt(-2.0 * math.log(1.0 - self.random()))
        return mean + deviation * radius * math.cos(math.tau * self.random())

    def lognormal(self, median: float, sigma: float) -> float:
        return median * math.exp(self.normal(0.0, sigma))

    def pareto(self, least: float, alpha: float, most: float) -> float:
        """Zipf-like sizes: many near `least`, few large, none above `most`."""
        return min(float(least * (1.0 - self.random()) ** (-1.0 / alpha)), most)

    def poisson(self, mean: float) -> int:
        if mean > 30.0:  # the sum below would need too many draws; the normal is close by then
            return max(0, round(self.normal(mean, math.sqrt(mean))))
        left, count = self.random(), 0
        stop = math.exp(-mean)
        while left > stop:
            left *= self.random()
            count += 1
        return count

    def bits(self, count: int) -> int:
        """A whole number of up to 48 random bits."""
        return int(self.random() * (1 << count))

    def hexadecimal(self, length: int) -> str:
        """Up to 12 hexadecimal digits."""
        return f"{self.bits(4 * length):0{length}x}"
