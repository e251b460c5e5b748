"""Shares and rates with their intervals, and whether two differ by more than chance."""

from collections.abc import Sequence
from math import exp, lgamma, log
from typing import NamedTuple

from sellerwatch.report.estimate import wilson


class Ratio(NamedTuple):
    """One rate over another, with its 95 % interval; `None` where it has no bound."""

    value: float | None
    low: float
    high: float | None


def interval(part: int, whole: int) -> tuple[float, float, float] | tuple[None, None, None]:
    """A share with Wilson's 95 % interval (1927); nothing where there is no whole."""
    if whole <= 0:
        return None, None, None
    low, high = wilson(part / whole, float(whole))
    return part / whole, low, high


def rate_ratio(before: int, time_before: float, after: int, time_after: float) -> Ratio | None:
    """How many times as often a thing happens as before; `None` where it never happened or nothing was watched.

    Given how often it happened in all, the count after is binomial; Wilson's interval of that share becomes one of
    the ratio (conditional method; see Fay, Two-sided exact tests, 2010).
    """
    count = before + after
    if not count or time_before <= 0.0 or time_after <= 0.0:
        return None
    share, low, high = interval(after, count)
    scale = time_before / time_after
    odds = [scale * p / (1.0 - p) if p is not None and p < 1.0 else None for p in (share, low, high)]
    return Ratio(odds[0], odds[1] or 0.0, odds[2])


def fisher_greater(part: int, whole: int, other_part: int, other_whole: int) -> float:
    """Fisher's exact test (1922), one-sided: the chance of `part` or more of `whole` if both groups were alike.

    1 where the group has no larger share than the other: nothing speaks for it then.
    """
    hits, total = part + other_part, whole + other_whole
    most = min(hits, whole)
    if part * total <= hits * whole:
        return 1.0
    first = _log_choose(hits, part) + _log_choose(total - hits, whole - part) - _log_choose(total, whole)
    term, tail, k = 1.0, 0.0, part
    while k <= most and term > 1e-17 * max(tail, 1e-300):
        tail += term
        term *= (hits - k) * (whole - k) / ((k + 1.0) * (total - hits - whole + k + 1.0))
        k += 1
    return min(exp(first + log(tail)), 1.0)


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0)


def holm(chances: Sequence[float]) -> list[float]:
    """Chances adjusted for their number, after Holm (1979)."""
    order = sorted(range(len(chances)), key=lambda index: chances[index])
    adjusted, highest = [0.0] * len(chances), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(chances[index] * (len(chances) - rank), 1.0))
        adjusted[index] = highest
    return adjusted
