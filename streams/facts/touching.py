"""A value is touched: what was known of it before, which sellers it newly joins, and what it learns.

A value remembers the source offsets it has taken in, so a batch that is gathered a second time after a
crash changes nothing and finds the same links.
"""

from functools import reduce
from operator import or_

import msgspec

from detectors.clusters import SURE
from detectors.events import (
    DAY,
    BuyerHistory,
    Micros,
    OtherSeller,
    Sighting,
)
from detectors.language.sketches import IMAGE, TEXT, near
from detectors.patterns.parts import orders_lately, with_order
from detectors.patterns.prices import PRICE
from detectors.profiles.marks import mark_of
from detectors.profiles.sightings import value_strength
from streams.facts.buyers import BuyerStats, history, learn_bad, learn_order
from streams.facts.values import Listing, NewLink, SellerSeen, Touch, Value

MAX_SELLERS = 8
"""Sellers that a value remembers by name, beside the owners of what ties by itself; beyond that it only counts."""
MAX_OTHERS = 5
MAX_MARKS = 8
MAX_RECENT = 4
HUB = 20
"""A value that more sellers share joins nobody: a carrier's address, a carrier-grade NAT."""
LINKING = frozenset(
    {"device", "ip", "instrument", "wallet", "address", "payout_account", "email", "phone", "tax_id", "name"}
)
TYING = frozenset(kind for kind in LINKING if value_strength(kind, 2) >= SURE)
"""Of these, up to `HUB` owners are remembered: each has to hear how many more there are, until it ties nobody."""
SKETCHES = frozenset({IMAGE, TEXT})
"""Values that are found by parts of a sketch: they join nobody by themselves, a shop may sell what others do."""
SPEAKERS = frozenset({"reviewer", "reporter"})
"""People by what they say of sellers, not by what they buy."""
REFRESHED = 30 * DAY
"""A price that its seller still asks is written anew after so long, that it is not forgotten."""
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
    own = _own(value, by)
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
        if (learned := _own(value, by)) is not None:
            learned.sketch = sketch
        _mark(value, by)
    return sighting


def _touch_price(value: Value, digest: str, by: Touch) -> Sighting | None:
    """A price: who asks it is remembered until too many do. It is the same set however often it is touched.

    Only who asked it before this seller is named: whom others copy has brought nothing along. That too many ask
    a price is remembered as long as anybody does.
    """
    if value.distinct > MAX_SELLERS:
        if by.time - value.last_seen > REFRESHED:
            value.events += 1
            value.last_seen = by.time
        return None
    others = [s for s in value.sellers if s.seller_id != by.seller_id]
    own = _own(value, by)
    if own is None or by.time - own.last_seen > REFRESHED:
        _learn(value, PRICE, by, own)
        if value.distinct > MAX_SELLERS:
            value.sellers = []
    if not others:
        return None
    since = own.first_seen if own else by.time
    named = tuple([OtherSeller(s.seller_id, s.last_seen, s.role) for s in others if s.first_seen <= since])
    return Sighting(PRICE, digest, by.role, sellers=len(others), others=named)


def look(value: Value, kind: str, digest: str, by: Touch) -> Sighting | None:
    """What is known of `value`, which the event names without adding to it."""
    if not value.events and not value.listed:
        return None
    return _sighting(value, kind, digest, by, _own(value, by))


def _own(value: Value, by: Touch) -> SellerSeen | None:
    """What is remembered of the seller itself, in the role in which it touches the value."""
    for seen in value.sellers:
        if seen.seller_id == by.seller_id and seen.role == by.role:
            return seen
    return None


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
    """How the buyer buys; parts it had of other sellers are told only in an order that names one."""
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
            least = min(value.sellers, key=lambda s: (s.role == "seller", s.last_seen))
            if least.role == "buyer" or kind not in TYING or len(value.sellers) > HUB:
                value.sellers.remove(least)
    if kind == "buyer" and by.amount_minor is not None:
        value.buyer = value.buyer or BuyerStats()
        learn_order(value.buyer, by.time, by.amount_minor)
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
        learn_bad(value.buyer, by.time, by.placed_at or by.time)


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
