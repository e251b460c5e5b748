"""An event on its way into the log, and which orders and values it names."""

import zlib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from detectors.events import (
    IntelListed,
    IntelWithdrawn,
    KnownOrder,
    ListingPublished,
    Micros,
    OrderPlaced,
    PaymentCaptured,
    PaymentFailed,
    ReportFiled,
    ReviewLeft,
    Screened,
    SellerBanned,
    SellerRegistered,
    SellerReinstated,
    SellerUpdated,
    ShipmentCreated,
    Sighting,
    Source,
    VerdictGiven,
)
from detectors.language.sketches import listing_sketches, names
from detectors.patterns.prices import price_points
from detectors.patterns.reviewers import PRAISE
from streams.facts.values import Listing, NewLink, Role, Touch
from streams.privacy import Personal
from streams.upstream import Event

TOUCHING: dict[type, tuple[Role, tuple[str, ...]]] = {
    OrderPlaced: ("buyer", ("buyer_id", "device_id", "ip", "ip_prefix", "ship_to")),
    PaymentCaptured: ("buyer", ("instrument", "device_id", "ip", "ip_prefix")),
    PaymentFailed: ("buyer", ("instrument", "device_id", "ip", "ip_prefix")),
    ShipmentCreated: ("seller", ("origin",)),
    ListingPublished: ("seller", ()),
    SellerRegistered: (
        "seller",
        (
            "email",
            "phone",
            "payout_account",
            "tax_id",
            "legal_name",
            "display_name",
            "device_id",
            "ip",
            "ip_prefix",
            "address",
        ),
    ),
}
TOUCHING[SellerUpdated] = TOUCHING[SellerRegistered]
SPEAKING: dict[type, tuple[str, str]] = {ReviewLeft: ("buyer_id", "reviewer"), ReportFiled: ("reporter_id", "reporter")}
"""Who praises or reports a seller has a record as such, beside the one as a buyer, which is only looked at."""
INTEL = (IntelListed, IntelWithdrawn)


class Incoming(Struct, gc=False):
    """One event on its way into the log; its personal values are hashes already."""

    source: Source
    logged_at: Micros
    event: Event
    values: Mapping[str, Personal]
    origin: str = ""
    """Topic and partition of the source, `orders/3`."""
    event_hash: int = 0
    order_key: str | None = None
    """Store key of the order that the event names."""
    touched: list[tuple[str, str, Personal]] = []
    """Store key, kind and value of each value that the event touches, each once."""
    looked_at: list[tuple[str, str, Personal]] = []
    """The same of what it names without touching it."""
    prices: list[str] = []
    """Unusual prices that it shows: they are nobody's secret, and stand in their keys as they are."""
    order: KnownOrder | None = None
    """What was known of the order it names, where that matters."""
    seller_id: str | None = None
    """`None`: its order is not known, it must wait."""
    sightings: list[Sighting | None] = []
    """Of each touch, in order."""
    links: list[list[NewLink]] = []
    owners: list[list[str]] = []
    """Of each value that the event lists or withdraws: the sellers that own it."""
    screened: tuple[Screened, ...] = ()
    """List entries that its names may be."""

    def __post_init__(self) -> None:
        self.origin = f"{self.source.topic}/{self.source.partition}"
        self.event_hash = zlib.crc32(self.event.event_id.encode())
        body = self.event.body
        if (order := getattr(body, "order_id", None)) is not None:
            self.order_key = f"o:{order}"
        if isinstance(body, (OrderPlaced, ListingPublished)):
            self.prices = price_points(body)
        if self.values and type(body) in TOUCHING:
            fields = TOUCHING[type(body)][1]
            found = {f"v:{p.kind}:{p.hash}": p for name in fields if (p := self.values.get(name)) is not None}
            self.touched = [(key, personal.kind, personal) for key, personal in found.items()]
        elif isinstance(body, ListingPublished):
            self.touched = [
                (f"v:{kind}:{name}", kind, Personal(kind, sketch, ""))
                for kind, sketch in listing_sketches(body.image_hashes, body.description or "")
                for name in names(kind, sketch)
            ]
        elif self.values and (speaking := SPEAKING.get(type(body))):
            field, kind = speaking
            if (personal := self.values.get(field)) is not None:
                if not isinstance(body, ReviewLeft) or body.rating >= PRAISE:
                    self.touched = [(f"v:{kind}:{personal.hash}", kind, personal)]
                self.looked_at = [(f"v:{personal.kind}:{personal.hash}", personal.kind, personal)]

    def touch(
        self,
        seller: str,
        role: Role,
        *,
        amount_minor: int | None = None,
        bad: bool = False,
        placed_at: Micros = 0,
        listed: tuple[str, Listing] | None = None,
        withdrawn: str | None = None,
        parts: int = 0,
    ) -> Touch:
        """The event as the values see it that it touches."""
        return Touch(
            seller,
            role,
            self.event.event_time,
            self.origin,
            self.source.offset,
            self.event_hash,
            amount_minor,
            bad,
            placed_at,
            listed,
            withdrawn,
            parts,
        )


def listed_keys(incoming: Incoming) -> list[str]:
    """Store keys of the value that the event lists: also of other kinds that the same text may come as."""
    body: Any = incoming.event.body
    keys = {f"v:{body.kind}:{body.value_hash}": None}
    keys.update({f"v:{personal.kind}:{personal.hash}": None for personal in incoming.values.values()})
    return list(keys)


def changes_standing(body: object) -> bool:
    if isinstance(body, VerdictGiven):
        return body.verdict == "confirmed"
    return isinstance(body, (SellerBanned, SellerReinstated))
