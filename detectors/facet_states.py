"""What the facets remember of a seller: one small, bounded, frozen struct each.

Frozen, because a scored event keeps the states it was judged by until the whole batch is put into words:
whoever learns puts a new struct in place of the old one. Fields are only ever added, at the end.
"""

from msgspec import Struct

from detectors.events import Micros


class Reviews(Struct, frozen=True, array_like=True, gc=False):
    """Reviews of the last days, as counts that fade with event time."""

    at: Micros
    """Up to when they have faded."""
    count: int = 0
    day: float = 0.0
    month: float = 0.0
    orderless: float = 0.0
    """Share of late without an order of this seller, running average."""
    praise: float = 0.0
    """Share of late with five stars."""
