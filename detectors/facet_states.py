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


class ListedOwn(Struct, frozen=True, array_like=True, gc=False):
    """A value of the seller's own that somebody has listed."""

    kind: str
    source: str
    since: Micros
    until: Micros
    """0: it does not expire."""
    reason: str
    mark: int
    """Short hash of the value."""


class ListedName(Struct, frozen=True, array_like=True, gc=False):
    """A name of the seller that is like one of a list."""

    field: str
    source: str
    entry: str
    score: float
    strength: float
    """The score, less where the entry is not known for the seller's country."""
    country: str
    reason: str


class Intel(Struct, frozen=True, array_like=True, gc=False):
    """What lists say of the seller and of its buyers."""

    own: tuple[ListedOwn, ...] = ()
    """The strongest first."""
    name: ListedName | None = None
    """The strongest: the log has all of them, and how they compare."""
    buyers: float = 0.0
    """Share of late of orders and payments with a listed value, by how much that says."""
    buyer_source: str = ""
    """The latest of these, in words."""
