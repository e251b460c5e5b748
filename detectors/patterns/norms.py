"""A seller's own norm of every feature: a slow average that a burst of fraud hardly moves."""

from typing import Final

from detectors.patterns.features import WIDTH

FIRST_ORDERS: Final = (1, 2, 4, 8)
EVERY: Final = 8
"""After the first orders, one of so many is learned: a norm is slow anyway."""


def _steps(share: int, most: int) -> list[int]:
    """How far a norm moves for each difference -255..255, found by (also negative) index."""
    forward = [min(-(-difference // share), most) for difference in range(256)]
    return forward + [-step for step in forward[:0:-1]]


_EARLY: Final = _steps(2, 128)
_LATE: Final = _steps(10, 4)
"""What lies far off is clipped: 4 of 255 a time."""


def learn_norm(own: bytes, features: bytes, orders: int) -> bytes:
    """The norm after one more order; both in one byte a feature."""
    if orders % EVERY and orders not in FIRST_ORDERS:
        return own
    if len(own) != WIDTH:
        return features
    step = _LATE if orders > EVERY else _EARLY
    return bytes([norm + step[value - norm] for norm, value in zip(own, features, strict=True)])


def norm_of(own: bytes, feature: int) -> float | None:
    """One norm, 0..1; None before anything was learned, and for what is no feature of the seller."""
    return round(own[feature] / 255.0, 4) if feature < len(own) else None
