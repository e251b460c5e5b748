"""Places on a line: where a number stands between others."""

from collections.abc import Iterable
from math import log10

from msgspec import Struct


class Scale(Struct, frozen=True):
    """Maps [low, high] to [0, length]; what lies beyond stands at the end."""

    low: float
    high: float
    length: float

    def at(self, value: float) -> float:
        apart = self.high - self.low
        share = (value - self.low) / apart if apart else 0.5
        return round(min(max(share, 0.0), 1.0) * self.length, 1)


def scale_of(values: Iterable[float | None], length: float) -> Scale:
    """From 0, or the least where that is less, to a bit above the greatest; shares get the whole of 0..1."""
    known = [value for value in values if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    if low == 0.0 and 0.2 < high <= 1.0:
        return Scale(0.0, 1.0, length)
    return Scale(low, (high or 1.0) * 1.1, length)


def log_scale(values: Iterable[float], length: float) -> tuple[Scale, list[float]]:
    """For amounts that differ by orders of magnitude: the scale of their logarithms, and these."""
    logs = [log10(max(value, 1.0)) for value in values]
    low, high = min(logs, default=0.0), max(logs, default=1.0)
    margin = max((high - low) * 0.15, 0.1)
    return Scale(low - margin, high + margin, length), logs
