"""Numbers that follow what comes: running shares and counts that fade."""

from math import exp

from detectors.events import DAY, Micros

MEMORY = 20
"""Events that a running share remembers."""
DOUBT = 3
"""Ordinary events that everybody is taken to have had, so that the first few do not say too much."""


def rate_of(count: int) -> float:
    """By how much the `count`-th value moves a running share."""
    return 1.0 / (count + DOUBT) if count < MEMORY - DOUBT else 1.0 / MEMORY


def moved(share: float, value: float, count: int) -> float:
    """A running share after its `count`-th value."""
    return share + (value - share) / min(count + DOUBT, MEMORY)


def faded(amount: float, elapsed: Micros, days: float) -> float:
    """What is left of `amount` after `elapsed`, with a time constant of so many days."""
    return amount * exp(elapsed / (-days * DAY)) if amount and elapsed > 0 else amount
