"""Reads what was known of an event's buyer, devices and contacts, and of the sellers behind them."""

from math import log1p, sqrt
from typing import Final
from zlib import crc32

from detectors.events import DAY, BuyerHistory, LinkFound, Micros, Sighting
from detectors.profiles.moment import Moment
from detectors.profiles.profile import Link, Profile

OWN_VALUES: Final = {
    "payout_account": 0.95,
    "tax_id": 0.85,
    "device": 0.6,
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
POOL_VALUES: Final = {"device": 1.0, "address": 0.5}
"""Values that different buyers seldom share; an IP (carrier, household, cafe) is not one of them."""

PROLIFIC = 6.0
"""Orders a week from where on a buyer buys more than people do."""
HUB = 10.0
"""Sellers on one value from where on it says less with each further one."""
KEPT_LINKS = 6
KEPT_LINK_BYTES = 220
LEAST = 0.01
"""Links weaker than this are not worth a place."""


def hub_damping(sellers: int) -> float:
    """1 for a value that few sellers share, next to nothing for one that hundreds do."""
    crowd = max(sellers - 1, 0) / HUB
    return 1.0 / (1.0 + crowd * crowd * crowd)


def value_strength(kind: str, sellers: int) -> float:
    """How surely a value of this kind ties two of the sellers that share it, 0..1."""
    return OWN_VALUES.get(kind, 0.0) * hub_damping(sellers)


def see_buyer(m: Moment, history: BuyerHistory, minor: int, time: Micros) -> None:
    """Sets what the buyer's history says about this event."""
    known = history.orders
    week = history.orders_7d
    if week > PROLIFIC:
        m.prolific = (week - PROLIFIC) / week
    m.buyer = history
    m.log_minor = log_minor = log1p(minor)
    if known:
        m.buyer_deviation = deviation(history, minor)
        mean = history.amount_mean
        m.buyer_ratio = (minor + 0.3 * mean / known) / (mean + 0.3 * mean / known + 1.0)
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


def deviation(history: BuyerHistory, minor: int) -> float:
    """Mean deviations of an amount above the buyer's usual one; less of them while few orders are known."""
    usual = history.amount_mean
    return (
        (minor - usual)
        / (1.25 * history.amount_deviation + 0.12 * usual + 1.0)
        * history.orders
        / (history.orders + 2.0)
    )


def pool_weight(sighting: Sighting, own_orders: int) -> float:
    """How far a value ties this buyer to other buyers of the same seller.

    The buyer's own earlier orders here have touched the value too: only what is beyond them is
    somebody else's.
    """
    weight = POOL_VALUES.get(sighting.kind, 0.0)
    strangers = sighting.own - own_orders
    if not weight or strangers <= 0:
        return 0.0
    return weight * hub_damping(sighting.sellers) * strangers / (strangers + 1.0)


def see_sellers(p: Profile, seller_id: str, seen: tuple[Sighting, ...]) -> None:
    """Learns links from the values that the seller gives as its own."""
    for sighting in seen:
        if sighting.role != "seller" or sighting.kind not in OWN_VALUES:
            continue
        others = [other for other in sighting.others if other.role == "seller" and other.seller_id != seller_id]
        if not others and not p.links:
            continue
        weight = value_strength(sighting.kind, sighting.sellers)
        mark = crc32(sighting.value.encode())
        found = [Link(other.seller_id, sighting.kind[:16], weight, mark, other.status) for other in others]
        _keep(p, found, sighting.kind, mark, weight)


def see_link(p: Profile, seller_id: str, found: LinkFound) -> None:
    """Another seller came to share a value with this one, or one that does was banned."""
    if found.through or found.other_seller == seller_id or found.role != "seller" or found.own_role != "seller":
        return
    weight = value_strength(found.kind, found.sellers)
    mark = crc32(found.value.encode())
    link = Link(found.other_seller, found.kind[:16], weight, mark, found.status)
    _keep(p, [link], found.kind, mark, weight)


def without_links(p: Profile, seller_id: str) -> None:
    """Forgets every link with a seller."""
    p.links = tuple(link for link in p.links if link.seller_id != seller_id)
    _weigh(p)


def _keep(p: Profile, found: list[Link], kind: str, mark: int, weight: float) -> None:
    """Takes in the links of one value; a value that has become common weakens all links it made."""
    if all(link in p.links for link in found) and not any(
        link.mark == mark and link.via == kind and not LEAST <= link.strength <= weight for link in p.links
    ):
        return  # as ever
    links = {(link.seller_id, link.via): link for link in p.links}
    for link in found:
        links[link.seller_id, link.via] = link
    kept = [
        link if link.mark != mark or link.via != kind or link.strength <= weight else _weaker(link, weight)
        for link in links.values()
        if link.mark != mark or link.via != kind or weight >= LEAST
    ]
    kept.sort(key=lambda link: (not link.status, -link.strength, link.seller_id, link.via))
    room = KEPT_LINK_BYTES
    p.links = ()
    for link in kept[:KEPT_LINKS]:
        room -= len(link.seller_id.encode())
        if room >= 0:
            p.links = (*p.links, link)
    _weigh(p)


def _weaker(link: Link, weight: float) -> Link:
    return Link(link.seller_id, link.via, weight, link.mark, link.status)


def _weigh(p: Profile) -> None:
    """What the links amount to: several values with one seller make it surer, several sellers a ring."""
    apart: dict[str, float] = {}
    for link in p.links:
        apart[link.seller_id] = apart.get(link.seller_id, 1.0) * (1.0 - link.strength)
    p.link_strength = sum((1.0 - product for product in apart.values()), 0.0)
    p.ban_match = max((1.0 - apart[link.seller_id] for link in p.links if link.status), default=0.0)
