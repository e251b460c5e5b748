"""What is remembered of the values that cross sellers: pure, the same live and in a replay.

Three kinds of small records, each bounded: a *value* (a device, a buyer, an address, ...) and who
touched it; an *order* and its seller; a seller's *standing*. Touching a value answers what was known
of it before, and which sellers it newly joins. A record remembers the source offsets it has taken in,
so a batch that is gathered a second time after a crash changes nothing and finds the same links.
"""

import math
from functools import reduce
from operator import or_
from typing import Literal

import msgspec
from msgspec import Struct

from detectors.events import (
    DAY,
    BuyerHistory,
    KnownOrder,
    Micros,
    OrderDelivered,
    OrderPlaced,
    OtherSeller,
    PaymentReleased,
    Sighting,
)
from detectors.parts import mark_of, orders_lately, with_order
from detectors.prices import PRICE
from detectors.sketches import IMAGE, TEXT, near

MAX_SELLERS = 8
"""Sellers that a value remembers by name; beyond that it only counts."""
MAX_OTHERS = 5
MAX_MARKS = 8
MAX_RECENT = 4
REFRESHED = 30 * DAY
"""A price that its seller still asks is written anew after so long, that it is not forgotten."""
MAX_LINKED = 16
HUB = 20
"""A value that more sellers share joins nobody: a carrier's address, a carrier-grade NAT."""

LINKING = frozenset(
    {"device", "ip", "instrument", "wallet", "address", "payout_account", "email", "phone", "tax_id", "name"}
)

SPEAKERS = frozenset({"reviewer", "reporter"})
"""People by what they say of sellers, not by what they buy."""
SKETCHES = frozenset({IMAGE, TEXT})
"""Values that are found by parts of a sketch: they join nobody by themselves, a shop may sell what others do."""
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


class BuyerStats(Struct, array_like=True, gc=False):
    """How a buyer buys, in numbers that decay with event time (days 1, 7, 30)."""

    at: Micros = 0
    orders: int = 0
    day: float = 0.0
    week: float = 0.0
    month: float = 0.0
    mean: float = 0.0
    var: float = 0.0
    bad: int = 0
    last_bad: Micros | None = None
    bad_since: Micros | None = None
    logs_30d: float = 0.0
    """Sum of the logs of amounts, fading like `month`."""
    usual: float = 0.0
    distance: float = 0.0
    high_10d: float = 0.0
    orders_10d: float = 0.0
    parts: bytes = b""
    """Orders of parts in the last 30 days, by seller: see `detectors.parts`."""


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


class Order(Struct, array_like=True, gc=False):
    """Which seller an order belongs to, who placed it, what was bought, and how far it has come."""

    seller_id: str
    buyer: str | None = None
    placed_at: Micros = 0
    amount_minor: int = 0
    currency: str = ""
    category: str = ""
    title: str = ""
    quantity: int = 0
    country: str = ""
    delivered_at: Micros = 0
    released_at: Micros = 0


class Linked(Struct, frozen=True, array_like=True, gc=False):
    """A seller that shares a value with this one."""

    seller_id: str
    kind: str
    value: str
    role: Role = "seller"
    """How that seller touched the value."""
    own_role: Role = "seller"
    """How this one did."""


class Standing(Struct, array_like=True, gc=False):
    """What intake knows of a seller itself."""

    status: Literal["", "banned", "confirmed"] = ""
    linked: list[Linked] = []
    """Latest last; to be told when this seller is banned."""
    changed_by: str = ""
    """Source of the event that gave the status: found again when it is gathered a second time."""


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
    """Of an order: which parts of `detectors.parts` it names."""

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


NO_LINKS: list[NewLink] = []
NOT_LISTED: tuple[None, Listing] = (None, Listing())
MAX_LISTINGS = 8
"""Sources that a value remembers; the earliest goes first."""


def touch(value: Value, kind: str, digest: str, by: Touch) -> tuple[Sighting | None, list[NewLink]]:
    """Takes one touch into `value`; what was known before (`None`: nothing), and the links it makes."""
    fresh = value.marks.get(by.origin, -1) < by.offset and by.event not in value.recent
    if by.listed or by.withdrawn or by.bad:
        if fresh:
            _note(value, by)
            _mark(value, by)
        return None, NO_LINKS
    if kind == PRICE:
        return _touch_price(value, digest, by), NO_LINKS
    own = None
    for seen in value.sellers:
        if seen.seller_id == by.seller_id and seen.role == by.role:
            own = seen
    if kind in SKETCHES:
        return _touch_sketch(value, kind, digest, by, own, fresh), NO_LINKS
    sighting = _sighting(value, kind, digest, by, own) if value.events or value.listed else None
    joins = own is None or own.first_source == by.source
    links = _links(value, kind, digest, by) if joins and value.sellers else NO_LINKS
    if fresh:
        _learn(value, kind, by, own)
        _mark(value, by)
    return sighting, links


def _touch_sketch(
    value: Value, kind: str, sketch: str, by: Touch, own: SellerSeen | None, fresh: bool
) -> Sighting | None:
    """A part of a sketch: only those count whose whole sketch is near."""
    others = [s for s in value.sellers if s.seller_id != by.seller_id and near(kind, s.sketch, sketch)]
    sighting = None
    if others:
        others.sort(key=_last_seen, reverse=True)
        sighting = Sighting(
            kind=kind,
            value=sketch,
            role=by.role,
            events=value.events,
            own=own.count if own else 0,
            sellers=value.distinct - (own is not None),
            first_seen=value.first_seen,
            last_seen=value.last_seen,
            others=tuple([OtherSeller(s.seller_id, s.last_seen, s.role) for s in others[:MAX_OTHERS]]),
        )
    if fresh:
        _learn(value, kind, by, own)
        for seen in value.sellers:
            if seen.seller_id == by.seller_id and seen.role == by.role:
                seen.sketch = sketch
        _mark(value, by)
    return sighting


def _touch_price(value: Value, digest: str, by: Touch) -> Sighting | None:
    """A price: who asks it is remembered until too many do. It is the same set however often it is touched."""
    if value.distinct > MAX_SELLERS:
        return None
    others = [s for s in value.sellers if s.seller_id != by.seller_id]
    own = next((s for s in value.sellers if s.seller_id == by.seller_id), None)
    if own is None or by.time - own.last_seen > REFRESHED:
        _learn(value, PRICE, by, own)
        if value.distinct > MAX_SELLERS:
            value.sellers = []
    if not others:
        return None
    named = tuple([OtherSeller(s.seller_id, s.last_seen, s.role) for s in others])
    return Sighting(PRICE, digest, by.role, sellers=len(others), others=named)


def look(value: Value, kind: str, digest: str, by: Touch) -> Sighting | None:
    """What is known of `value`, which the event names without adding to it."""
    if not value.events and not value.listed:
        return None
    own = next((s for s in value.sellers if s.seller_id == by.seller_id and s.role == by.role), None)
    return _sighting(value, kind, digest, by, own)


def _sighting(value: Value, kind: str, digest: str, by: Touch, own: SellerSeen | None) -> Sighting:
    others = [seen for seen in value.sellers if seen.seller_id != by.seller_id]
    known = len(others) < len(value.sellers)
    if len(others) > 1:
        others.sort(key=_last_seen, reverse=True)
    source, listing = _in_force(value, by.time) if value.listed else NOT_LISTED
    return Sighting(
        kind=kind,
        value=digest,
        role=by.role,
        events=value.events,
        own=own.count if own else 0,
        sellers=value.distinct - known,
        first_seen=value.first_seen if value.events else None,
        last_seen=value.last_seen if value.events else None,
        others=tuple([OtherSeller(s.seller_id, s.last_seen, s.role) for s in others[:MAX_OTHERS]]),
        listed=source,
        buyer=_habits(value.buyer, by) if value.buyer else None,
        listed_since=listing.since,
        listed_until=listing.until,
        listed_reason=listing.reason,
    )


def _habits(stats: BuyerStats, by: Touch) -> BuyerHistory:
    """How the buyer buys; what it had of other sellers is told only to who sells it a part of the same kind of set."""
    known = history(stats, by.time)
    if not (by.parts and stats.parts):
        return known
    seller = mark_of(by.seller_id)
    elsewhere = [(who, parts) for who, parts in orders_lately(stats.parts, by.time) if who != seller]
    parts = reduce(or_, [parts for _, parts in elsewhere], 0)
    return msgspec.structs.replace(known, parts=parts, parts_sellers=len({who for who, _ in elsewhere}))


def _last_seen(seen: SellerSeen) -> Micros:
    return seen.last_seen


def _in_force(value: Value, now: Micros) -> tuple[str | None, Listing]:
    """The first source, in the order of listing, whose word has not expired."""
    for source, listing in value.listed.items():
        kept = Listing(listing) if isinstance(listing, int) else listing
        if not kept.until or kept.until > now:
            return source, kept
    return NOT_LISTED


def listing_of(value: Value, kind: str, digest: str, by: Touch, sighting: Sighting | None) -> Sighting | None:
    """A sighting with what is listed of `value`, which is the same one under another hash; `None`: nothing is.

    Args:
        sighting: What is known under the hash that is in force.
    """
    source, listing = _in_force(value, by.time) if value.listed else NOT_LISTED
    if source is None:
        return None
    return msgspec.structs.replace(
        sighting or Sighting(kind=kind, value=digest, role=by.role),
        listed=source,
        listed_since=listing.since,
        listed_until=listing.until,
        listed_reason=listing.reason,
    )


def owners(value: Value) -> list[str]:
    """Sellers that gave the value as their own, in the order in which they did; nobody owns what very many share."""
    if value.distinct >= HUB:
        return []
    return [seen.seller_id for seen in value.sellers if seen.role == "seller"]


def _links(value: Value, kind: str, digest: str, by: Touch) -> list[NewLink]:
    """Links to the sellers that touched the value before; one side at least must own the value."""
    others = [s for s in value.sellers if s.seller_id != by.seller_id]
    sharing = value.distinct + (len(others) == len(value.sellers))
    if kind not in LINKING or sharing > HUB:
        return []
    return [
        NewLink(by.seller_id, by.role, OtherSeller(s.seller_id, s.last_seen, s.role), kind, digest, sharing)
        for s in others
        if "seller" in (s.role, by.role)
    ]


def _learn(value: Value, kind: str, by: Touch, own: SellerSeen | None) -> None:
    if not value.events:
        value.first_seen = by.time
    value.events += 1
    value.last_seen = max(value.last_seen, by.time)
    # A payment belongs to an order that counts already.
    counts = by.role == "seller" or by.amount_minor is not None or kind in SPEAKERS
    if own is not None:
        own.count += counts
        own.last_seen = max(own.last_seen, by.time)
    else:
        if by.seller_id not in [s.seller_id for s in value.sellers]:
            value.distinct += 1
        value.sellers.append(SellerSeen(by.seller_id, by.role, by.time, by.time, int(counts), by.source))
        if len(value.sellers) > MAX_SELLERS:
            # A value's owner is worth more than another buyer's shop; then the longest unseen goes.
            value.sellers.remove(min(value.sellers, key=lambda s: (s.role == "seller", s.last_seen)))
    if kind == "buyer" and by.amount_minor is not None:
        value.buyer = value.buyer or BuyerStats()
        _learn_order(value.buyer, by.time, by.amount_minor)
        if by.parts:
            value.buyer.parts = with_order(value.buyer.parts, mark_of(by.seller_id), by.parts, by.time)


def _note(value: Value, by: Touch) -> None:
    if by.listed:
        source, listing = by.listed
        value.listed[source] = _first_listed(value.listed.get(source), listing, by.time)
        if len(value.listed) > MAX_LISTINGS:
            value.listed.pop(next(iter(value.listed)))
    if by.withdrawn:
        value.listed.pop(by.withdrawn, None)
    if by.bad:
        value.buyer = value.buyer or BuyerStats()
        _learn_bad(value.buyer, by.time, by.placed_at or by.time)


def _first_listed(before: Listing | Micros | None, now: Listing, time: Micros) -> Listing:
    """A list that is loaded again says the same since it first said so."""
    if isinstance(before, Listing) and before.since and (not before.until or before.until > time):
        return Listing(now.until, min(before.since, now.since), now.reason)
    return now


def _mark(value: Value, by: Touch) -> None:
    value.marks.pop(by.origin, None)  # the latest last
    value.marks[by.origin] = by.offset
    value.recent.append(by.event)
    del value.recent[:-MAX_RECENT]
    if len(value.marks) > MAX_MARKS:
        value.marks.pop(next(iter(value.marks)))


def history(stats: BuyerStats, now: Micros) -> BuyerHistory:
    """A buyer's habits as they stand at `now`."""
    age = max(now - stats.at, 0) / DAY
    return BuyerHistory(
        orders=stats.orders,
        orders_1d=round(stats.day * math.exp(-age), 4),
        orders_7d=round(stats.week * math.exp(-age / 7), 4),
        orders_30d=round(stats.month * math.exp(-age / 30), 4),
        log_amount_mean=round(stats.mean, 5),
        log_amount_var=round(stats.var, 5),
        bad_orders=stats.bad,
        last_bad=stats.last_bad,
        bad_since=stats.bad_since,
        log_amount_30d=round(stats.logs_30d / stats.month, 4) if stats.month else 0.0,
        amount_mean=round(stats.usual, 1),
        amount_deviation=round(stats.distance, 1),
        high=round(stats.high_10d * math.exp(-age / 10), 4),
        high_share=round(stats.high_10d / (stats.orders_10d + 0.5 * math.exp(min(age / 10, 50.0))), 4),
    )


MEMORY_ORDERS = 80
EPISODE_DAYS = 14
"""A run of bad orders has ended when no label has come for so long."""
HIGH_FROM, HIGH_BY = 1.5, 2.0
"""Deviations from which on an amount counts as high, and how many more make it count fully."""


def _learn_bad(stats: BuyerStats, now: Micros, placed_at: Micros) -> None:
    running = stats.last_bad is not None and now - stats.last_bad < EPISODE_DAYS * DAY
    stats.bad_since = min(stats.bad_since or placed_at, placed_at) if running else placed_at
    stats.bad += 1
    stats.last_bad = max(stats.last_bad or 0, now)


def _learn_order(stats: BuyerStats, now: Micros, amount_minor: int) -> None:
    """A norm that fraud cannot move: each amount is clipped before it is learned (docs/detection)."""
    age = max(now - stats.at, 0) / DAY if stats.at else 0.0
    _learn_height(stats, amount_minor, math.exp(-age / 10))
    x = math.log1p(amount_minor)
    keep_30d = math.exp(-age / 30)
    stats.day = stats.day * math.exp(-age) + 1
    stats.week = stats.week * math.exp(-age / 7) + 1
    stats.month = stats.month * keep_30d + 1
    stats.logs_30d = stats.logs_30d * keep_30d + x
    stats.at = max(stats.at, now)
    stats.orders += 1
    if stats.orders == 1:
        stats.mean, stats.var = x, 0.25
        stats.usual, stats.distance = float(amount_minor), 0.4 * amount_minor
        return
    deviation = math.sqrt(stats.var)
    off = min(max(x - stats.mean, -2.5 * deviation), deviation)
    rate = 1 / min(stats.orders, MEMORY_ORDERS)
    stats.mean += rate * off
    stats.var = max((1 - rate) * (stats.var + rate * off * off), 0.01)
    distance = abs(amount_minor - stats.usual)
    stats.distance += (min(distance, 2 * stats.distance + 1) - stats.distance) * rate
    stats.usual += (min(amount_minor, 2 * stats.usual + 100) - stats.usual) * rate


def _learn_height(stats: BuyerStats, amount_minor: int, keep_10d: float) -> None:
    """How often of late the buyer paid far more than usual: judged before the amount is learned."""
    high = 0.0
    if stats.orders:
        above = (amount_minor - stats.usual) / (1.25 * stats.distance + 0.12 * stats.usual + 1.0)
        above *= stats.orders / (stats.orders + 2.0)
        high = min(max((above - HIGH_FROM) / HIGH_BY, 0.0), 1.0)
    stats.high_10d = stats.high_10d * keep_10d + high
    stats.orders_10d = stats.orders_10d * keep_10d + 1


KEPT_TITLE = 60


def order_of(seller_id: str, body: OrderPlaced, time: Micros) -> Order:
    """What is remembered of an order for the events that will name it."""
    first = body.items[0] if body.items else None
    return Order(
        seller_id,
        body.buyer_id,
        time,
        body.amount_minor,
        body.currency,
        (first.category or "" if first else "")[:KEPT_TITLE],
        (first.title or "" if first else "")[:KEPT_TITLE],
        sum([item.quantity for item in body.items]),
        body.ship_to.country if body.ship_to else "",
    )


def known_order(order: Order) -> KnownOrder:
    """What a later event of the order may carry as its context."""
    return KnownOrder(
        order.placed_at,
        order.amount_minor,
        order.currency,
        order.buyer or "",
        order.category,
        order.title,
        order.quantity,
        order.country,
        order.delivered_at,
        order.released_at,
    )


def follow(order: Order, body: object, time: Micros) -> bool:
    """Notes a delivery or release of the order; whether that was new."""
    if isinstance(body, OrderDelivered) and not order.delivered_at:
        order.delivered_at = time
    elif isinstance(body, PaymentReleased) and not order.released_at:
        order.released_at = time
    else:
        return False
    return True


def link(standing: Standing, found: Linked) -> bool:
    """Remembers whom a seller is joined with, and how; False when it was known."""
    for place, known in enumerate(standing.linked):
        if (known.seller_id, known.kind, known.value) == (found.seller_id, found.kind, found.value):
            role, own_role = _closer(known.role, found.role), _closer(known.own_role, found.own_role)
            standing.linked[place] = Linked(found.seller_id, found.kind, found.value, role, own_role)
            return standing.linked[place] != known
    standing.linked.append(found)
    del standing.linked[:-MAX_LINKED]
    return True


def _closer(one: Role, other: Role) -> Role:
    """Who holds a value as its own does so, whatever its buyers do."""
    return "seller" if "seller" in (one, other) else "buyer"


encode = msgspec.msgpack.Encoder().encode
decode_value = msgspec.msgpack.Decoder(Value).decode
decode_order = msgspec.msgpack.Decoder(Order).decode
decode_standing = msgspec.msgpack.Decoder(Standing).decode
