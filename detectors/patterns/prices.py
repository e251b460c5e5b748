"""Prices that hardly anybody else asks: a banned seller leaves them behind, and brings them along."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final
from zlib import crc32

from msgspec.structs import replace

from detectors.batch import Column, Matrix, above, half
from detectors.events import ListingPublished, Micros, OrderPlaced, Record
from detectors.profiles.facet_states import KEPT_ID, Prices
from detectors.profiles.marks import holds, mark_of
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile

PRICE: Final = "price"
"""Kind of the values that intake sights."""
USUAL_ENDS: Final = frozenset((0, 5, 8, 9))
"""Last digits that shops choose: 20.00, 4.95, 19.98, 9.99. They say nothing of who chose them."""
LEAST: Final = 300
"""Below, in the currency's smallest unit, there are too few prices to tell sellers apart."""
MOST: Final = 4
"""Of one order: prices of its first items."""
EARLY: Final = 24
"""Orders, or listings, in which a seller is met by prices; later, it has met some by chance."""
POINTS: Final = 12
SHOWN_BYTES: Final = 32
NONE: Final = Prices()


def unusual(amount_minor: int) -> bool:
    """Whether a price is worth comparing."""
    return amount_minor >= LEAST and amount_minor % 10 not in USUAL_ENDS


def price_points(body: OrderPlaced | ListingPublished) -> list[str]:
    """What is asked for one piece, with its currency; a total, of pieces and postage, is no price."""
    return [f"{body.currency}.{amount}" for amount in dict.fromkeys(_asked(body)[:MOST]) if unusual(amount)]


def _asked(body: OrderPlaced | ListingPublished) -> list[int]:
    """Prices that an order or a listing shows, usual ones too."""
    if isinstance(body, OrderPlaced):
        return [item.unit_amount_minor for item in body.items]
    return [body.amount_minor] if body.amount_minor and body.currency else []


def _with_shown(shown: bytes, body: OrderPlaced | ListingPublished) -> bytes:
    """The bits of all prices shown, those of a further event among them."""
    bits = int.from_bytes(shown, "big")
    for amount in _asked(body):
        bits |= 1 << crc32(str(amount).encode()) % (8 * SHOWN_BYTES)
    return bits.to_bytes(SHOWN_BYTES, "big")


def _learn_prices(p: Profile, record: Record, body: OrderPlaced | ListingPublished, _time: Micros, _m: Moment) -> None:
    s = p.banned_prices
    met = bool(record.seen) and record.seen[-1].kind == PRICE  # intake names them last
    if not (met or s) or p.orders > EARLY or p.listings > EARLY:
        return
    s = s or NONE
    for seen in record.seen if met else ():
        if seen.kind == PRICE and seen.others:
            banned = [other.seller_id[:KEPT_ID] for other in seen.others]
            s = _met(s, banned, mark_of(seen.value), 1.0 / max(seen.sellers, 1))
    shown = _with_shown(s.shown, body)
    known = max(len(s.points) // 4, len(set(p.prices)), p.listings, int.from_bytes(shown, "big").bit_count())
    p.banned_prices = Prices(s.of, s.points, s.rarity, known, shown)


def _met(s: Prices, banned: Sequence[str], point: bytes, rarity: float) -> Prices:
    """One more price of a banned seller; of another one, it begins anew while there is but one."""
    count = len(s.points) // 4
    if s.of not in banned:
        return Prices(banned[0], point, rarity, shown=s.shown) if count < 2 else s
    if count == POINTS or holds(s.points, point):
        return s
    return replace(s, points=s.points + point, rarity=s.rarity + rarity)


class PricesFacet:
    """How many of a new seller's prices are those of one banned seller, and of hardly anybody else."""

    state: ClassVar[str] = "banned_prices"
    nothing: ClassVar[tuple[float, ...]] = (0.0, 0.0, 1.0)
    features: ClassVar[tuple[str, ...]] = ("banned_prices",)
    prior: ClassVar[Mapping[str, float]] = {}

    def learns(self) -> Mapping[type, Learner]:
        return {OrderPlaced: _learn_prices, ListingPublished: _learn_prices}

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        s = p.banned_prices or NONE
        return len(s.points) / 4, s.rarity, max(s.prices, 1)

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (matched, rarity, prices) = raw
        return (matched / prices * half(above(rarity, 1.0), 2.0),)
