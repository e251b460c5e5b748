"""Sellers that are tied to this one only through another: what intake tells of its neighbours' links."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final
from zlib import crc32

from msgspec.structs import replace

from detectors.batch import Column, Matrix, half
from detectors.clusters import SURE
from detectors.events import LinkFound, Micros, Record
from detectors.profiles.facet_states import Far, Ring
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Link, Profile
from detectors.profiles.sightings import value_strength

KEPT: Final = 3
KEPT_BYTES: Final = 108
"""Of the ids of further sellers."""


def sure_links(links: Sequence[Link]) -> dict[str, float]:
    """Sellers that all shared values together tie to this one, with how surely."""
    apart: dict[str, float] = {}
    for link in links:
        apart[link.seller_id] = apart.get(link.seller_id, 1.0) * (1.0 - link.strength)
    return {seller: 1.0 - left for seller, left in apart.items() if 1.0 - left >= SURE}


def beyond(links: Sequence[Link], ring: Ring) -> Iterator[tuple[Far, str, float]]:
    """Further sellers, each with the linked one it is tied to and how surely it belongs to this one.

    Both ties must hold, together: a neighbour that is none any more takes those behind it along.
    """
    sure = sure_links(links)
    by_mark = {crc32(seller.encode()): seller for seller in sure}
    for far in ring.members:
        through = by_mark.get(far.through)
        if through is None or far.seller_id in sure:
            continue
        strength = sure[through] * far.percent / 100.0
        if strength >= SURE:
            yield far, through, strength


def without_far(ring: Ring, whom: str) -> Ring | None:
    """The ring without a seller, and without those that only it ties to this one."""
    mark = crc32(whom.encode())
    kept = tuple(far for far in ring.members if far.seller_id != whom and far.through != mark)
    return Ring(kept) if kept else None


def _learn_far(p: Profile, record: Record, body: LinkFound, _time: Micros, _m: Moment) -> None:
    if not body.through or body.other_seller == record.seller_id:
        return
    strength = value_strength(body.kind, body.sellers)
    value, percent = crc32(body.value.encode()), int(100.0 * strength)
    before = p.ring.members if p.ring else ()
    kept = [_at_most(far, value, percent) for far in before if far.seller_id != body.other_seller]
    if strength >= SURE:
        kept.append(Far(body.other_seller, body.kind[:16], crc32(body.through.encode()), percent, value))
    kept = [far for far in kept if far.percent >= 100.0 * SURE][-KEPT:]
    while sum(len(far.seller_id.encode()) for far in kept) > KEPT_BYTES:
        del kept[0]
    p.ring = Ring(tuple(kept)) if kept else None


def _at_most(far: Far, value: int, percent: int) -> Far:
    """A value that more sellers share by now says less of all of them."""
    return replace(far, percent=percent) if far.value == value and far.percent > percent else far


class RingFacet:
    """How many further sellers belong to those that are linked with this one."""

    state: ClassVar[str] = "ring"
    nothing: ClassVar[tuple[float, ...]] = (0.0,)
    features: ClassVar[tuple[str, ...]] = ("ring_beyond",)
    prior: ClassVar[Mapping[str, float]] = {}

    def learns(self) -> Mapping[type, Learner]:
        return {LinkFound: _learn_far}

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        return (float(sum(1 for _ in beyond(p.links, p.ring))),) if p.ring else self.nothing

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        return (half(raw[0], 2.0),)
