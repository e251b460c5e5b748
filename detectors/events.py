"""What can happen on the marketplace, and the one form in which it stands in the log.

An upstream event and its log record share these bodies. Upstream, personal fields hold raw values;
intake replaces each of them (`PERSONAL_FIELDS` of `streams.privacy`) by a keyed hash before the log.
Times are integers: microseconds since 1970-01-01T00:00Z. Money is in the currency's smallest unit.
None of these can be part of a cycle, so the garbage collector is kept off them (`gc=False`).
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Word = Annotated[str, Meta(max_length=64)]
Line = Annotated[str, Meta(max_length=512)]
Text = Annotated[str, Meta(max_length=20_000)]
Currency = Annotated[str, Meta(min_length=3, max_length=8)]
AmountMinor = Annotated[int, Meta(ge=0, le=10**15)]
Quantity = Annotated[int, Meta(ge=1, le=10**9)]

Micros = int
"""Microseconds since the epoch, UTC."""

SECOND: Micros = 1_000_000
HOUR: Micros = 3_600 * SECOND
DAY: Micros = 24 * HOUR

Method = Literal["card", "wallet", "bank_transfer", "crypto", "gift_card", "cash", "other"]
Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*([.-][a-z0-9_]+)*$")]
"""A word that programs know: `verdict.sent`, `lead`."""
Plain = Annotated[
    str, Meta(max_length=128, pattern=r"^(?!\d+(\.\d+){3}$)(?!.*::)(?!([0-9A-Fa-f]+:){7})[A-Za-z0-9_.:/+=#-]*$")
]
"""An id, a version, a code: no text of a person's, no mail address and no network address."""
PersonalKind = Literal[
    "address", "analyst", "buyer", "device", "email", "instrument", "ip", "ip_prefix", "name", "payout_account",
    "phone", "tax_id", "wallet",
]  # fmt: skip
ActSubject = Literal[
    "alert", "delivery", "event", "intel", "key", "listing", "model", "order", "partition", "policy", "report",
    "seller", "session", "setting", "topic", "word", PersonalKind,
]  # fmt: skip
"""What an act is about; intake hashes what is personal."""
IntelKind = Literal["ip", "device", "instrument", "wallet", "address", "name", "email", "phone", "payout_account"]


class Body(Struct, frozen=True, omit_defaults=True, gc=False, tag_field="type"):
    """What an event says beyond its id, its time and its seller."""


class Place(Struct, frozen=True, omit_defaults=True, gc=False):
    """An address. In the log `postal_code` and `line` are gone and `address` is their keyed hash."""

    country: Word
    region: Line | None = None
    postal_code: Word | None = None
    line: Line | None = None
    address: Word | None = None


class Item(Struct, frozen=True, omit_defaults=True, gc=False):
    quantity: Quantity
    unit_amount_minor: AmountMinor
    listing_id: Id | None = None
    title: Line | None = None
    category: Line | None = None


class OrderPlaced(Body, frozen=True, tag="order.placed"):
    order_id: Id
    buyer_id: Id
    amount_minor: AmountMinor
    currency: Currency
    buyer_kind: Literal["consumer", "business"] = "consumer"
    items: Annotated[tuple[Item, ...], Meta(max_length=500)] = ()
    ship_to: Place | None = None
    ip: Word | None = None
    ip_prefix: Word | None = None
    """Set by intake: keyed hash of the address's /24 or /48."""
    device_id: Id | None = None


class OrderCancelled(Body, frozen=True, tag="order.cancelled"):
    order_id: Id
    reason: Line | None = None


class OrderDelivered(Body, frozen=True, tag="order.delivered"):
    order_id: Id
    reason: Line | None = None


class PaymentCaptured(Body, frozen=True, tag="payment.captured"):
    payment_id: Id
    order_id: Id
    amount_minor: AmountMinor
    currency: Currency
    method: Method
    buyer_id: Id | None = None
    instrument: Line | None = None
    ip: Word | None = None
    ip_prefix: Word | None = None
    device_id: Id | None = None


class PaymentFailed(Body, frozen=True, tag="payment.failed"):
    payment_id: Id
    order_id: Id
    amount_minor: AmountMinor
    currency: Currency
    method: Method
    buyer_id: Id | None = None
    instrument: Line | None = None
    ip: Word | None = None
    ip_prefix: Word | None = None
    device_id: Id | None = None


class PaymentReleased(Body, frozen=True, tag="payment.released"):
    order_id: Id
    payment_id: Id | None = None
    confirmed_by: Literal["buyer", "timeout", "early"] | None = None


class PaymentRefunded(Body, frozen=True, tag="payment.refunded"):
    order_id: Id
    payment_id: Id | None = None
    amount_minor: AmountMinor | None = None
    currency: Currency | None = None
    reason: Line | None = None


class PaymentDisputed(Body, frozen=True, tag="payment.disputed"):
    """A chargeback or confirmed fraud: a label that arrives days after its order."""

    order_id: Id
    payment_id: Id | None = None
    amount_minor: AmountMinor | None = None
    currency: Currency | None = None
    reason: Line | None = None


class ListingPublished(Body, frozen=True, tag="listing.published"):
    listing_id: Id
    title: Line | None = None
    description: Text | None = None
    category: Line | None = None
    amount_minor: AmountMinor | None = None
    currency: Currency | None = None
    image_hashes: Annotated[tuple[Word, ...], Meta(max_length=64)] = ()


class ListingRemoved(Body, frozen=True, tag="listing.removed"):
    listing_id: Id
    title: Line | None = None
    description: Text | None = None
    category: Line | None = None
    amount_minor: AmountMinor | None = None
    currency: Currency | None = None
    image_hashes: Annotated[tuple[Word, ...], Meta(max_length=64)] = ()


class ShipmentCreated(Body, frozen=True, tag="shipment.created"):
    shipment_id: Id
    order_id: Id
    origin: Place | None = None
    destination: Place | None = None
    declared_contents: Line | None = None
    declared_value_minor: AmountMinor | None = None
    weight_grams: Annotated[int, Meta(ge=0, le=10**9)] | None = None
    carrier: Line | None = None


class SellerAccount(Body, frozen=True):
    """What a seller says of itself; every field may be missing."""

    display_name: Line | None = None
    legal_name: Line | None = None
    country: Word | None = None
    address: Place | Line | None = None
    email: Line | None = None
    phone: Line | None = None
    payout_account: Line | None = None
    tax_id: Line | None = None
    verification: Literal["none", "pending", "verified", "failed"] | None = None
    ip: Word | None = None
    ip_prefix: Word | None = None
    device_id: Id | None = None
    mail: Literal["throwaway", "free", "own"] | None = None
    """Set by intake before it hashes `email`: a mailbox for minutes, a free one, or another domain."""
    tax_check: Literal["right", "wrong"] | None = None
    """Set by intake before it hashes `tax_id`: check digits of an EU VAT number; `None` of any other."""


class SellerRegistered(SellerAccount, frozen=True, tag="seller.registered"):
    pass


class SellerUpdated(SellerAccount, frozen=True, tag="seller.updated"):
    pass


class SellerBanned(Body, frozen=True, tag="seller.banned"):
    reason: Line | None = None


class SellerReinstated(Body, frozen=True, tag="seller.reinstated"):
    reason: Line | None = None


class ReviewLeft(Body, frozen=True, tag="review.left"):
    buyer_id: Id
    rating: Annotated[int, Meta(ge=1, le=5)]
    order_id: Id | None = None


class ReportFiled(Body, frozen=True, tag="report.filed"):
    reason: Line
    reporter_id: Id | None = None
    listing_id: Id | None = None
    text: Text | None = None


class VerdictGiven(Body, frozen=True, tag="verdict.given"):
    """An analyst's label on an alert, or on the seller where `alert_id` is missing."""

    verdict: Literal["confirmed", "dismissed"]
    analyst: Id
    alert_id: Id | None = None
    note: Text | None = None


class AlertSnoozed(Body, frozen=True, tag="verdict.snoozed"):
    """An analyst wants to hear nothing of the seller until a moment; one that lies in the past ends that."""

    until: Annotated[datetime, Meta(tz=True)]
    reason: Annotated[str, Meta(min_length=1, max_length=512)]
    analyst: Id
    alert_id: Id | None = None
    """Only of the pattern of this alert."""
    pattern: Word | None = None
    """Only of this pattern; without both, of all."""


class IntelListed(Body, frozen=True, tag="intel.listed"):
    kind: IntelKind
    source: Line
    value: Line | None = None
    value_hash: Line | None = None
    reason: Line | None = None
    expires_at: str | None = None


class IntelWithdrawn(Body, frozen=True, tag="intel.withdrawn"):
    kind: IntelKind
    source: Line
    value: Line | None = None
    value_hash: Line | None = None
    reason: Line | None = None
    expires_at: str | None = None


class ActRecorded(Body, frozen=True, tag="act.recorded"):
    """What a person did in the console or by a command: it teaches nothing and stands in the audit chain."""

    act: Code
    """`login`, `verdict.sent`, `seller.erased`, ..."""
    actor: Id
    """Who; in the log the keyed hash that stands in `analyst` of this person's verdicts."""
    role: Code
    subject_kind: ActSubject | None = None
    subject: Line | None = None
    """What it was done to; in the log a keyed hash where the kind is personal."""
    details: Annotated[dict[Code, bool | int | Plain], Meta(max_length=16)] = {}


class LinkFound(Body, frozen=True, tag="link.found"):
    """Written by intake to the *other* seller's log: a value has joined it with `other_seller`.

    The neighbours of both are told, too, of whom they are tied to through it.
    """

    other_seller: Id
    kind: str
    """Entity kind: `device`, `ip`, `payout_account`, ..."""
    value: str
    role: Literal["seller", "buyer"]
    """How the other seller touched the value: as its own, or through a buyer."""
    sellers: int
    """Distinct sellers that share the value now; at least these two."""
    status: Literal["", "banned", "confirmed"] = ""
    """Standing of `other_seller` now; not told of one that is tied only `through` another."""
    own_role: Literal["seller", "buyer"] = "seller"
    """How the seller of this log touched the value."""
    through: str = ""
    """A seller that is linked with the one of this log: the value ties `other_seller` to that one, not to this."""


class ValueListed(Body, frozen=True, tag="value.listed"):
    """Written by intake to the log of a seller whose own value was listed, or is not any more."""

    kind: str
    """Entity kind: `payout_account`, `device`, ..."""
    value: str
    source: str
    reason: str | None = None
    until: Micros = 0
    """0: it does not expire."""
    withdrawn: bool = False


class ModelPublished(Body, frozen=True, tag="model.published"):
    """Written by learn to every log partition: from here on, watch scores with this snapshot."""

    model: Word
    version: Word
    snapshot: bytes
    """Signed; see `streams.signing`. The log carries it, so that a log needs nothing else to be replayed."""


class PolicyPublished(Body, frozen=True, tag="policy.published"):
    """Written by `sellerwatch policy publish` to every log partition: from here on, watch decides by this policy."""

    version: Word
    policy: bytes
    """Signed; see `streams.policies`. The log carries it, so that a log needs nothing else to be replayed."""


UpstreamBody = (
    OrderPlaced
    | OrderCancelled
    | OrderDelivered
    | PaymentCaptured
    | PaymentFailed
    | PaymentReleased
    | PaymentRefunded
    | PaymentDisputed
    | ListingPublished
    | ListingRemoved
    | ShipmentCreated
    | SellerRegistered
    | SellerUpdated
    | SellerBanned
    | SellerReinstated
    | ReviewLeft
    | ReportFiled
    | VerdictGiven
    | AlertSnoozed
    | IntelListed
    | IntelWithdrawn
    | ActRecorded
)
LogBody = UpstreamBody | LinkFound | ValueListed | ModelPublished | PolicyPublished


Status = Literal["", "banned", "confirmed"]
"""How a seller stands: nothing known, banned, or confirmed as illicit by an analyst."""


class OtherSeller(Struct, frozen=True, omit_defaults=True, gc=False):
    """A seller that touched the same value before."""

    seller_id: str
    last_seen: Micros
    role: Literal["seller", "buyer"] = "buyer"
    status: Status = ""


class BuyerHistory(Struct, frozen=True, omit_defaults=True, gc=False):
    """How a buyer usually buys, over all sellers, before this event."""

    orders: int = 0
    orders_1d: float = 0.0
    orders_7d: float = 0.0
    orders_30d: float = 0.0
    log_amount_mean: float = 0.0
    """Of ln(1 + amount_minor), each value clipped to [-2.5, +1] deviations before it was learned."""
    log_amount_var: float = 0.0
    bad_orders: int = 0
    last_bad: Micros | None = None
    bad_since: Micros | None = None
    """When the first order of the present run of bad ones was placed."""
    log_amount_30d: float = 0.0
    """Mean of ln(1 + amount_minor) over about the last 30 days, unclipped."""
    amount_mean: float = 0.0
    """Of amount_minor; no value counts as more than twice the mean before it."""
    amount_deviation: float = 0.0
    """Mean distance from that, clipped likewise."""
    high: float = 0.0
    """Orders of about the last 10 days far above the usual amount."""
    high_share: float = 0.0
    """Share of those among the orders of that time."""
    parts: int = 0
    """Of an order that names parts (`detectors.patterns.parts`): which of them the buyer had of others in 30 days."""
    parts_sellers: int = 0
    """Of how many sellers."""


class Sighting(Struct, frozen=True, omit_defaults=True, gc=False):
    """What was known of one value of the event just before it: the facts that intake gathered."""

    kind: str
    value: str
    role: Literal["seller", "buyer"] = "buyer"
    events: int = 0
    """Times seen before, with any seller."""
    own: int = 0
    """Orders of this seller that touched it before; of its own value, and of who speaks of it, events."""
    sellers: int = 0
    """Distinct other sellers it was seen with before."""
    first_seen: Micros | None = None
    last_seen: Micros | None = None
    others: tuple[OtherSeller, ...] = ()
    """At most five of them: banned and confirmed ones first, then the latest."""
    listed: str | None = None
    """Source of an `intel.listed` in force for the value."""
    buyer: BuyerHistory | None = None
    listed_since: Micros = 0
    """When that was listed."""
    listed_until: Micros = 0
    """When it expires; 0: never."""
    listed_reason: str | None = None


class Screened(Struct, frozen=True, omit_defaults=True, gc=False):
    """A name of the seller that may be one of a list: compared before it was hashed, no word of it is kept."""

    field: str
    """Which name: `legal_name`, `display_name`."""
    source: str
    """The list."""
    entry: str
    """Id of the entry in that list."""
    score: float
    """See `detectors.names`: 0.5 and more is a match."""
    summary: str
    """How the names compare, without a word of them."""
    country: Literal["same", "other", ""] = ""
    """Whether the entry is known for the seller's country; empty: not known."""
    alias: Literal["", "alias", "weak"] = ""
    reason: str = ""
    """Programme or reason of the listing."""
    lists: str = ""
    """Fingerprint of the list files."""


class KnownOrder(Struct, frozen=True, omit_defaults=True, gc=False):
    """What was known of the order that an event names, before that event."""

    placed_at: Micros = 0
    amount_minor: int = 0
    currency: str = ""
    buyer: str = ""
    """Keyed hash, as in the order."""
    category: str = ""
    title: str = ""
    """Of the first item; both cut to 60 characters."""
    quantity: int = 0
    """Of all items."""
    country: str = ""
    """Where it is shipped to."""
    delivered_at: Micros = 0
    """0: no delivery was told of."""
    released_at: Micros = 0


class Source(Struct, frozen=True, array_like=True, gc=False):
    """Where a record came from; `part` counts records that one source record gave rise to."""

    topic: str
    partition: int
    offset: int
    part: int = 0


class Record(Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of the log `sellerwatch.events`."""

    partition: int
    source: Source
    logged_at: Micros
    event_id: str
    event_time: Micros
    seller_id: str
    """Empty for `intel.*`, `model.published`, `policy.published` and many an act: they concern no single seller."""
    body: LogBody
    seen: tuple[Sighting, ...] = ()
    by_order: bool = False
    """Its event names no seller, its order did: the same event may come again from another source."""
    order: KnownOrder | None = None
    """On parcels, releases, disputes and reviews: the seller's order that they name, where it is known."""
    screened: tuple[Screened, ...] = ()
    """Of a registration or update: list entries that its names may be."""


decode_record = msgspec.json.Decoder(Record).decode
encode_record = msgspec.json.Encoder().encode
