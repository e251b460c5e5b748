"""Rings: sellers that are tied to each other, directly or through others, with the reason of each tie."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

SURE: Final = 0.3
"""Two sellers are tied from here on, all their shared values together: an address or a network alone is no tie."""


class Tie(Struct, frozen=True, gc=False):
    """Two sellers share a value."""

    seller_id: str
    other: str
    via: str
    strength: float


class Cluster(Struct, frozen=True):
    """Sellers that hang together, and every tie between two of them."""

    sellers: tuple[str, ...]
    ties: tuple[Tie, ...]


def clusters(ties: Iterable[Tie], least: float = SURE) -> list[Cluster]:
    """Groups of tied sellers, largest first; the same for the same ties in any order.

    Several values between the same two sellers make their tie surer, as independent chances do. Grouping is
    single linkage by union-find (Galler and Fischer 1964).
    """
    named = sorted({(min(t.seller_id, t.other), max(t.seller_id, t.other), t.via): t for t in ties}.items())
    apart: dict[tuple[str, str], float] = {}
    for (one, other, _), tie in named:
        apart[one, other] = apart.get((one, other), 1.0) * (1.0 - tie.strength)
    sure = {pair for pair, left in apart.items() if 1.0 - left >= least}
    leader: dict[str, str] = {}
    for one, other in sorted(sure):
        leader[_lead(leader, other)] = _lead(leader, one)
    members: dict[str, list[str]] = {}
    for seller in sorted(leader):
        members.setdefault(_lead(leader, seller), []).append(seller)
    held: dict[str, list[Tie]] = {}
    for (one, other, _), tie in named:
        if (one, other) in sure:
            held.setdefault(_lead(leader, one), []).append(tie)
    found = [Cluster(tuple(sellers), tuple(held[lead])) for lead, sellers in members.items()]
    return sorted(found, key=lambda cluster: (-len(cluster.sellers), cluster.sellers))


def _lead(leader: dict[str, str], seller: str) -> str:
    while leader.setdefault(seller, seller) != seller:
        leader[seller] = leader[leader[seller]]
        seller = leader[seller]
    return seller
