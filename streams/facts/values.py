"""Values that cross sellers (a device, a buyer, an address, ...), and who touched each: small and bounded."""

from typing import Literal

from msgspec import Struct

from detectors.events import Micros, OtherSeller
from streams.facts.buyers import BuyerStats

Role = Literal["seller", "buyer"]


class SellerSeen(Struct, array_like=True, gc=False):
    """One seller that touched a value."""

    seller_id: str
    role: Role
    first_seen: Micros
    last_seen: Micros
    count: int
    """Orders; of a value that is the seller's own, and of who speaks of it, events."""
    first_source: str
    sketch: str = ""
    """Of a value that is filed by parts of a sketch: the latest whole one."""


class Listing(Struct, frozen=True, array_like=True, gc=False):
    """What one source of intelligence says of a value."""

    until: Micros = 0
    """When it expires; 0: never."""
    since: Micros = 0
    reason: str | None = None


class Value(Struct, array_like=True, gc=False):
    """A value and who touched it."""

    events: int = 0
    first_seen: Micros = 0
    last_seen: Micros = 0
    distinct: int = 0
    sellers: list[SellerSeen] = []
    marks: dict[str, int] = {}
    recent: list[int] = []
    """Short hashes of the ids of the last events."""
    listed: dict[str, Listing | Micros] = {}
    """By source of the intelligence; a plain number is what an earlier version kept of it, its expiry."""
    buyer: BuyerStats | None = None


class Touch(Struct, frozen=True, gc=False):
    """One event touching one value."""

    seller_id: str
    role: Role
    time: Micros
    origin: str
    """Topic and partition of the event, `orders/3`."""
    offset: int
    event: int
    """Short hash of the event's id, by which a second event with the same id is known."""
    amount_minor: int | None = None
    """Of an order: what its buyer pays."""
    bad: bool = False
    """The buyer's order turned out bad; no sighting otherwise."""
    placed_at: Micros = 0
    """When that order was placed, where that is known."""
    listed: tuple[str, Listing] | None = None
    """Intelligence, with its source; no sighting otherwise."""
    withdrawn: str | None = None
    parts: int = 0
    """Of an order: which parts of `detectors.patterns.parts` it names."""

    @property
    def source(self) -> str:
        """Where the event came from, `orders/3/17`."""
        return f"{self.origin}/{self.offset}"


class NewLink(Struct, frozen=True, gc=False):
    """A value has joined `seller_id` with `other`."""

    seller_id: str
    role: Role
    other: OtherSeller
    kind: str
    value: str
    sellers: int
    """Distinct sellers that share the value, these two among them."""
