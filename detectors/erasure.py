"""Erasing: an act in the log takes a seller, or what others remember of a person, out of the profiles.

It stands in the log like everything that changes profiles, so a replay, a rewind and a rebuild erase at the same
record. What is left of a seller is a mark that says up to when: rows and texts that are older count no more,
whether or not somebody has deleted them by then.
"""

from collections.abc import MutableMapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from detectors.events import ActRecorded, Micros, Record
from detectors.patterns.rings import without_far
from detectors.profiles.facet_states import KEPT_ID, ReviewCircle
from detectors.profiles.profile import REMEMBERED, Profile
from detectors.profiles.sightings import without_links

SELLER: Final = "seller.erased"
"""Act: all that is remembered of the seller."""
MENTION: Final = "mention.erased"
"""Act: what the profile of the act's seller holds of another one (`subject`) or of a buyer (`details.hash`)."""
ACTS: Final = frozenset((SELLER, MENTION))
LONG_AGO: Final[Micros] = -REMEMBERED - 1
"""Whatever comes next finds a seller of whom nothing is remembered any more, and begins a new profile."""


class Mentioned(Struct, frozen=True):
    """How a profile mentions somebody."""

    links: bool
    copied: bool
    bought: bool
    priced: bool
    ringed: bool
    praised: bool

    def __bool__(self) -> bool:
        return self.links or self.copied or self.bought or self.priced or self.ringed or self.praised


def erase(record: Record, sellers: MutableMapping[str, Profile]) -> bool:
    """Does what an act of erasing says; whether a profile changed.

    Args:
        record: Holds an `ActRecorded`; others than those of `ACTS` change nothing.
        sellers: At least the profile of the record's seller, where there is one.
    """
    body, seller = record.body, record.seller_id
    if not isinstance(body, ActRecorded) or not seller:
        return False
    p = sellers.get(seller)
    if body.act == SELLER:
        until = max(record.logged_at, p.logged_at, p.erased_at) if p is not None else record.logged_at
        sellers[seller] = Profile(logged_at=LONG_AGO, erased_at=until)
        return True
    if body.act != MENTION or p is None:
        return False
    whom = body.subject if body.subject_kind == "seller" else body.details.get("hash")
    return isinstance(whom, str) and _forget(p, whom)


def mentioned(p: Profile, whom: str) -> Mentioned:
    """Whether and how a profile names a seller by its id, or a buyer by its hash."""
    return Mentioned(
        any(link.seller_id == whom for link in p.links),
        p.copies is not None and p.copies.of == whom[:KEPT_ID],
        p.buyer_mix is not None and whom in p.buyer_mix.buyers,
        p.banned_prices is not None and p.banned_prices.of == whom[:KEPT_ID],
        p.ring is not None and without_far(p.ring, whom) != p.ring,
        p.review_circle is not None and any(known.seller_id == whom for known in p.review_circle.praised),
    )


def is_erased(p: Profile) -> bool:
    """Whether nothing has come of the seller since it was erased."""
    return p.logged_at == LONG_AGO


def _forget(p: Profile, whom: str) -> bool:
    found = mentioned(p, whom)
    if found.links:
        without_links(p, whom)
    if p.copies is not None and found.copied:
        p.copies = replace(p.copies, of="")
    if p.buyer_mix is not None and found.bought:
        p.buyer_mix = replace(p.buyer_mix, buyers=tuple(b for b in p.buyer_mix.buyers if b != whom))
    if found.priced:
        p.banned_prices = None
    if p.ring is not None:
        p.ring = without_far(p.ring, whom)
    if p.review_circle is not None and found.praised:
        p.review_circle = ReviewCircle(tuple(known for known in p.review_circle.praised if known.seller_id != whom))
    return bool(found)
