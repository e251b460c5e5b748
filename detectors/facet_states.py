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


class Wording(Struct, frozen=True, array_like=True, gc=False):
    """What the last listings, and titles of what was ordered, said: running averages."""

    named: float = 0.0
    hinted: float = 0.0
    contact: float = 0.0
    learned: float = 0.0
    words: tuple[str, ...] = ()
    """Terms that counted, the latest first."""
    contacts: tuple[str, ...] = ()


class Copies(Struct, frozen=True, array_like=True, gc=False):
    """Pictures and texts of the last listings that other sellers published before: running averages."""

    images: float = 0.0
    texts: float = 0.0
    banned: float = 0.0
    """The same, of banned or confirmed sellers."""
    of: str = ""
    """The seller that was copied last."""
    sellers: int = 0
    """Other sellers with that picture or text."""


class Outcomes(Struct, frozen=True, array_like=True, gc=False):
    """The last orders with what became of them, as far as labels have told."""

    ring: bytes
    """See `detectors.outcomes`."""
    delay: float = 7.0
    """Days from order to dispute, running average."""
    spread: float = 0.0
    """Mean difference from that."""
