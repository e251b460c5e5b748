"""How many of many are bad, from a sample that each entered with a chance of its own: estimate and 95 % interval.

Every decision below the line is chosen for review by the hash of its event id, independently of the others, with
a known chance (Poisson sampling). A total is estimated after Horvitz and Thompson (1952): each chosen one counts for
one over its chance. A seller may be reached through any of its decisions; it counts by the weight share method
(Lavallée, Indirect Sampling, 2007): the sum of its chosen decisions' weights over the number of all its decisions,
which is unbiased too and asks for the chances of the chosen ones alone. Where not all that was chosen was also
looked at, the weights are scaled up to all that was chosen (Hájek's ratio), as if what was left out were like the rest.

The interval is Wilson's for a proportion, with the effective sample size in place of the size (Korn and Graubard,
1998; Franco, Little, Louis and Slud, 2019, found it to cover best for small proportions). It does not collapse where
nothing bad was found.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Final, NamedTuple

Z: Final = 1.959964
"""The normal distribution's 97.5 % point."""


class Unit(NamedTuple):
    """One of those that are counted, reached by the sample."""

    weight: float
    """How many it stands for; its expectation over samples is 1."""
    variance: float
    """Estimated, of its weight."""
    bad: bool | None
    """What people found; `None`: nobody has looked yet."""


class Estimate(NamedTuple):
    """A total with its 95 % interval."""

    total: float
    low: float
    high: float
    chosen: int
    reviewed: int
    bad: int
    effective: float
    """The size of a simple random sample that would tell as much."""


def unit(shares: Iterable[float], decisions: int, bad: bool | None) -> Unit:
    """The unit that was reached by chosen decisions with these chances, out of all its decisions."""
    chosen = list(shares)
    weight = sum(1.0 / share for share in chosen) / decisions
    variance = sum((1.0 - share) / share**2 for share in chosen) / decisions**2
    return Unit(weight, variance, bad)


def estimate(units: Iterable[Unit], population: int) -> Estimate | None:
    """How many of a population are bad; `None` where nobody has looked at any.

    Args:
        units: Those that the sample has reached.
        population: How many there are in all.
    """
    seen = _Sums()
    for found in units:
        seen.take(found)
    if not seen.reviewed or population <= 0 or seen.weights <= 0.0:
        return None
    scale = seen.all_weights / seen.weights
    total = min(scale * seen.bad_weights, float(population))
    kish = seen.weights**2 / seen.squares
    effective = _effective(total / population, scale**2 * seen.bad_variance, population, kish)
    low, high = (share * population for share in wilson(total / population, effective))
    found_bad = float(seen.bad)  # these are there, whatever the weights say
    counted = max(total, found_bad)
    interval = min(max(low, found_bad), counted), max(high, counted)
    return Estimate(counted, *interval, seen.chosen, seen.reviewed, seen.bad, effective)


@dataclass(slots=True)
class _Sums:
    """What an estimate needs of its units: they need not be in memory together."""

    chosen: int = 0
    reviewed: int = 0
    bad: int = 0
    all_weights: float = 0.0
    weights: float = 0.0
    """Of those that were looked at."""
    squares: float = 0.0
    bad_weights: float = 0.0
    bad_variance: float = 0.0

    def take(self, found: Unit) -> None:
        self.chosen += 1
        self.all_weights += found.weight
        if found.bad is None:
            return
        self.reviewed += 1
        self.weights += found.weight
        self.squares += found.weight**2
        if found.bad:
            self.bad += 1
            self.bad_weights += found.weight
            self.bad_variance += found.variance


def _effective(share: float, variance: float, population: int, kish: float) -> float:
    """The effective sample size: by the estimated variance where there is one, never above Kish's."""
    if not 0.0 < share < 1.0 or variance <= 0.0:
        return kish
    return max(min(kish, share * (1.0 - share) * population**2 / variance), 1.0)


def wilson(share: float, size: float) -> tuple[float, float]:
    """Wilson's 95 % interval (1927) of a proportion seen in a sample of `size`."""
    middle = share + Z * Z / (2.0 * size)
    half = Z * sqrt(share * (1.0 - share) / size + Z * Z / (4.0 * size * size))
    scale = 1.0 + Z * Z / size
    return max((middle - half) / scale, 0.0), min((middle + half) / scale, 1.0)
