"""Reads what was known of an event's buyer, devices and contacts, and of the sellers behind them."""

from math import sqrt
from typing import Final
from zlib import crc32

from detectors.events import DAY, BuyerHistory, LinkFound, Micros, Sighting
from detectors.moment import Moment
from detectors.profile import Link, Profile

OWN_VALUES: Final = {
    "payout_account": 0.95,
    "tax_id": 0.85,
    "device": 0.75,
    "wallet": 0.75,
    "phone": 0.7,
    "email": 0.7,
    "instrument": 0.5,
    "address": 0.2,
    "ip": 0.15,
    "name": 0.1,
    "ip_prefix": 0.03,
}
"""How much it says that two sellers have the same value as their own.

That a buyer of one comes by a value of the other says nothing: sellers buy, too.
"""
PERSONAL: Final = frozenset(("payout_account", "tax_id", "phone", "email", "name"))
"""Values that only sellers have in events, so both sides of a link hold them as their own."""

POOL_VALUES: Final = {"device": 1.0, "address": 0.5}
"""Values that different buyers seldom share; an IP (carrier, household, cafe) is not one of them."""

BAN_KINDS: Final = {kind: 1 << bit for bit, kind in enumerate(OWN_VALUES)}

HUB = 10.0
"""Sellers on one value from where on it says less with each further one."""
KEPT_LINKS = 8
KEPT_LINK_CHARACTERS = 320


def hub_damping(sellers: int) -> float:
    """1 for a value that few sellers share, next to nothing for one that hundreds do."""
    crowd = max(sellers - 1, 0) / HUB
    return 1.0 / (1.0 + crowd * crowd * crowd)


def see_buyer(m: Moment, history: BuyerHistory, log_minor: float, time: Micros) -> None:
    """Sets what the buyer's history says about this event."""
    known = history.orders
    if known >= 3:
        var = history.log_amount_var
        z = (log_minor - history.log_amount_mean) / (sqrt(var if var > 0.0 else 0.0) + 0.15)
        m.buyer_z = z * known / (known + 5.0) if 0.0 < z < 50.0 else 0.0 if z <= 0.0 else 50.0
    if history.bad_orders:
        days = (time - (history.last_bad or 0)) / DAY
        m.buyer_bad = 14.0 / (14.0 + days) if days > 0.0 else 1.0
    day = history.orders_1d
    if day > 0.0:
        month = history.orders_30d
        m.buyer_pace = day / (day + 3.0 + (month if month > 0.0 else 0.0) / 5.0)


def pool_weight(sighting: Sighting, own_orders: int) -> float:
    """How far a value ties this buyer to other buyers of the same seller.

    A buyer's earlier orders here, and their payments, have touched the value too: only what is beyond
    them is somebody else's.
    """
    weight = POOL_VALUES.get(sighting.kind, 0.0)
    strangers = sighting.own - 2 * own_orders - (own_orders > 0)
    if not weight or strangers <= 0:
        return 0.0
    return weight * hub_damping(sighting.sellers) * strangers / (strangers + 1.0)


def see_sellers(p: Profile, seller_id: str, seen: tuple[Sighting, ...]) -> None:
    """Learns links and bans from the values that the seller gives as its own."""
    for sighting in seen:
        if sighting.role != "seller":
            continue
        kind = sighting.kind
        weight = OWN_VALUES.get(kind, 0.0) * hub_damping(sighting.sellers)
        for other in sighting.others:
            if other.seller_id == seller_id or other.role != "seller":
                continue
            if other.status:
                note_ban(p, kind, other.seller_id, weight)
            add_link(p, other.seller_id, kind, weight, sighting.value, other.status)
        if p.links:
            _weaken(p, kind, sighting.value, weight)


def see_link(p: Profile, seller_id: str, found: LinkFound) -> None:
    """Another seller came to share a value with this one, or one that shares a value was banned."""
    kind = found.kind
    if found.other_seller == seller_id or found.role != "seller" or not _is_own(p, found):
        return
    weight = OWN_VALUES.get(kind, 0.0) * hub_damping(found.sellers)
    if found.status:
        note_ban(p, kind, found.other_seller, weight)
    add_link(p, found.other_seller, kind, weight, found.value, found.status)
    _weaken(p, kind, found.value, weight)


def _is_own(p: Profile, found: LinkFound) -> bool:
    """Whether this seller holds the value itself, rather than one of its buyers."""
    if found.kind in PERSONAL:
        return True
    return crc32(found.value.encode()) in (p.device, p.address, p.ip)


def note_ban(p: Profile, kind: str, seller_id: str, strength: float) -> None:
    """A value is that of a banned or confirmed seller; each kind counts once a seller."""
    bit = BAN_KINDS.get(kind, 0)
    if strength < 0.01 or (seller_id == p.ban_by[0] and p.ban_kinds & bit):
        return
    if strength > p.ban_match or not p.ban_by[0]:
        p.ban_by = (seller_id[:64], kind[:24])
    p.ban_kinds |= bit
    p.ban_match = 1.0 - (1.0 - p.ban_match) * (1.0 - strength)


def add_link(p: Profile, seller_id: str, kind: str, strength: float, value: str, status: str) -> None:
    """Keeps the strongest links, one a seller and kind, and what they amount to."""
    if strength < 0.01:
        return
    link = Link(seller_id, kind[:24], round(strength, 4), crc32(value.encode()), status)
    others = [k for k in p.links if k.seller_id != seller_id or k.via != link.via]
    _keep(p, [*others, link])


def _weaken(p: Profile, kind: str, value: str, weight: float) -> None:
    """The value has become more common: all links that it made weaken alike."""
    mark, strength = crc32(value.encode()), round(weight, 4)
    weaker = [
        Link(k.seller_id, k.via, strength, mark, k.status)
        if k.mark == mark and k.via == kind and k.strength > strength
        else k
        for k in p.links
    ]
    _keep(p, [k for k in weaker if k.strength >= 0.01])


def _keep(p: Profile, links: list[Link]) -> None:
    links.sort(key=lambda k: (-k.strength, k.seller_id, k.via))
    kept, room = [], KEPT_LINK_CHARACTERS
    for link in links[:KEPT_LINKS]:
        room -= len(link.seller_id.encode())
        if room >= 0:
            kept.append(link)
    p.links = tuple(kept)
    apart: dict[str, float] = {}
    for link in kept:
        apart[link.seller_id] = apart.get(link.seller_id, 1.0) * (1.0 - link.strength)
    p.link_strength = sum(1.0 - product for product in apart.values())
