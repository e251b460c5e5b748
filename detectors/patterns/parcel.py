"""Parcels that are not what was sold: contents, value and weight against the order."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final

from detectors.batch import Batch, Column, Matrix, above, either, rise
from detectors.events import KnownOrder, Micros, Record, ShipmentCreated
from detectors.expectations import Expectation
from detectors.patterns.base import Case, Term, against, share
from detectors.profiles.facet_states import Parcels
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile
from detectors.profiles.running import rate_of

NONE: Final = Parcels()
GENERIC: Final = frozenset(
    ["gift", "gifts", "merchandise", "goods", "sample", "samples", "household", "accessories", "parts", "present",
     "personal", "effects", "item", "items", "order", "general", "stuff", "product", "products", "misc", "various"]
)  # fmt: skip
"""Words that say nothing of the contents: lazy, and common among honest senders."""
GRAMS: Final[Mapping[str, tuple[float, float]]] = {
    "home": (100, 6_000), "fashion": (15, 2_500), "electronics": (20, 6_000), "books": (60, 2_500),
    "toys": (30, 5_000), "beauty": (10, 1_500), "garden": (10, 12_000), "sports": (50, 12_000),
    "collectibles": (3, 1_500), "food": (30, 5_000), "crafts": (5, 2_500), "health": (10, 2_500),
    "office": (10, 9_000),
}  # fmt: skip
"""Grams of one piece, by the first word of a category; others are not judged."""
KINDS: Final[Mapping[str, str]] = {
    "home": "homeware houseware kitchenware furniture decor ceramics pottery glassware porcelain lamp textile",
    "fashion": "clothing clothes apparel garment shoes footwear jewellery jewelry leather textile",
    "electronics": "electrical computer phone audio camera battery cable",
    "books": "printed paper media magazine calendar",
    "toys": "game doll puzzle model figure plush",
    "beauty": "cosmetics perfume soap skincare",
    "garden": "plant seeds",
    "sports": "fitness outdoor bicycle clothing shoes",
    "collectibles": "antique coin stamp card figure record",
    "food": "grocery coffee tea sweets chocolate spice",
    "crafts": "handmade yarn fabric bead paint paper textile",
    "health": "vitamin supplement medical",
    "office": "stationery paper printer",
}
"""What customs forms call goods of a category: they name the kind, and in another language than the listing's."""
_words: Final = re.compile(r"[^\W\d_]{3,}").findall


@lru_cache(maxsize=8192)
def contents_differ(declared: str, title: str, category: str) -> float | None:
    """1 where it names neither what was sold nor its kind, 0.2 where it says nothing; None: unknown."""
    said = {word[:4] for word in _words(declared.casefold())}
    kinds = KINDS.get(category.partition("/")[0].strip().casefold(), "")
    sold = {word[:4] for word in _words(f"{title} {category} {kinds}".casefold())}
    if not said or not sold:
        return None
    if said & sold:
        return 0.0
    return 0.2 if all(word in GENERIC for word in _words(declared.casefold())) else 1.0


@lru_cache(maxsize=1024)
def grams_of(category: str) -> tuple[float, float] | None:
    """Least and most grams of one piece, where a category has an expectation."""
    return GRAMS.get(category.partition("/")[0].strip().casefold())


def _value_differs(declared: int, order: KnownOrder, expected: Expectation | None) -> float | None:
    """1 where it is not what was paid, or not what the policy expects of the category; None: unknown."""
    if expected is not None and not expected.cheapest_minor <= declared <= expected.dearest_minor:
        return 1.0
    if not order.amount_minor:
        return None
    return 1.0 if declared * 3 < order.amount_minor or declared > 3 * order.amount_minor else 0.0


def _weight_differs(grams: int, order: KnownOrder, expected: Expectation | None) -> float | None:
    """1 above what the category weighs, -1 below, None where there is no expectation: the policy's, or ours."""
    if not order.quantity:
        return None
    each = grams / order.quantity
    if expected is not None and expected.weighs:
        return 1.0 if each > expected.heaviest_grams else -1.0 if each < expected.lightest_grams else 0.0
    usual = grams_of(order.category)
    if usual is None:
        return None
    low, high = usual
    return 1.0 if each > high else -1.0 if each < 0.7 * low else 0.0


def _contents_differ(declared: str, order: KnownOrder, expected: Expectation | None) -> float | None:
    """As `contents_differ`; where the policy has words for the category, one of them has to be there."""
    if expected is not None and expected.words:
        return 0.0 if any(word.casefold() in declared.casefold() for word in expected.words) else 1.0
    return contents_differ(declared, order.title, order.category)


def _learn_parcel(p: Profile, record: Record, body: ShipmentCreated, _time: Micros, m: Moment) -> None:
    """What a parcel does not say stays unknown: it moves nothing. State begins with the first odd parcel."""
    order = record.order
    if order is None:
        return
    said, declared_value, grams = body.declared_contents, body.declared_value_minor, body.weight_grams
    expected = m.market.expectation(order.category)
    contents = _contents_differ(said[:60], order, expected) if said else None
    value = _value_differs(declared_value, order, expected) if declared_value is not None else None
    weight = _weight_differs(grams, order, expected) if grams else None
    before = p.parcels
    if before is None:
        if not (contents or value or weight):
            return
        before = Parcels(count=min(p.orders, 17) - 1)
    count, declared, sold = before.count + 1, before.declared, before.sold
    if said and contents == 1.0:
        declared, sold = said[:24], order.title[:24]
    rate = rate_of(count)
    p.parcels = Parcels(
        count,
        before.contents if contents is None else before.contents + (contents - before.contents) * rate,
        before.value if value is None else before.value + (value - before.value) * rate,
        before.over if weight is None else before.over + ((weight > 0.0) - before.over) * rate,
        before.under if weight is None else before.under + ((weight < 0.0) - before.under) * rate,
        declared,
        sold,
    )


class ParcelsFacet:
    """Shares of parcels whose contents, value or weight do not go with their orders."""

    state: ClassVar[str] = "parcels"
    nothing: ClassVar[tuple[float, ...]] = (0.0,) * 5
    features: ClassVar[tuple[str, ...]] = ("contents_differ", "value_differs", "weight_over", "weight_under")
    prior: ClassVar[Mapping[str, float]] = {"contents_differ": 0.08, "value_differs": 0.05}

    def learns(self) -> Mapping[type, Learner]:
        return {ShipmentCreated: _learn_parcel}

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        s = p.parcels or NONE
        if not (s.contents or s.value or s.over or s.under):
            return self.nothing
        return s.count, s.contents, s.value, s.over, s.under

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (_count, contents, value, over, under) = raw
        return contents, value, over, under


def _say_contents(case: Case) -> str:
    parcels = case.state(Parcels, NONE)
    example = f", such as {parcels.declared!r} for {parcels.sold!r}" if parcels.declared else ""
    return against(case, f"{share(case.observed)} of parcels declare something else than was sold{example}")


def _say_value(case: Case) -> str:
    return against(
        case, f"{share(case.observed)} of parcels declare less than a third, or over three times, of the price"
    )


def _say_over(case: Case) -> str:
    return against(case, f"{share(case.observed)} of parcels weigh more than their category does")


def _say_under(case: Case) -> str:
    return against(case, f"{share(case.observed)} of parcels weigh far less than their category does")


def _say_covert(case: Case) -> str:
    return against(case, f"money is released before delivery for {share(case.observed)} of orders")


def _say_abroad(case: Case) -> str:
    return against(case, f"{share(case.observed)} of orders go abroad")


@dataclass(frozen=True)
class ParcelMismatch:
    """Looks for parcels that do not hold what was sold, by what the customs form and the scale say.

    Honest senders declare lazily, in another language, or too low a value: one of the three alone stays below the
    line, and is held against what peers do. Two of them together, or one with money released before delivery and
    orders that go abroad, do not. What no feed tells is unknown, and counts neither way.

    Misses parcels whose papers agree with a false listing.

    Args:
        contents, value, over, under, covert, abroad: Weight of each fact.
    """

    name: ClassVar[str] = "parcel"
    idle_below: ClassVar[Mapping[str, float]] = {
        "contents_differ": 0.15,
        "value_differs": 0.15,
        "weight_over": 0.1,
        "weight_under": 0.1,
    }
    terms: ClassVar[tuple[Term, ...]] = (
        Term("contents_differ", "contents_differ", _say_contents),
        Term("value_differs", "value_differs", _say_value),
        Term("weight_above", "weight_over", _say_over),
        Term("weight_below", "weight_under", _say_under),
        Term("released_early", "released_early", _say_covert),
        Term("abroad", "foreign", _say_abroad),
    )

    contents: float = 1.25
    value: float = 0.8
    over: float = 0.7
    under: float = 0.7
    covert: float = 1.0
    abroad: float = 0.5

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f, peers = batch.features, batch.peers
        contents = rise(above(f["contents_differ"], 1.5 * peers["contents_differ"]), 0.15, 0.2)
        value = rise(above(f["value_differs"], 1.5 * peers["value_differs"]), 0.15, 0.25)
        over = rise(above(f["weight_over"], 2.0 * peers["weight_over"]), 0.1, 0.2)
        under = rise(above(f["weight_under"], 2.0 * peers["weight_under"]), 0.1, 0.2)
        weight = either(over, under)
        several = either(contents * value, contents * weight, value * weight)
        wrong = either(contents, 0.6 * value, 0.8 * weight)
        return (
            self.contents * contents * (0.5 + several),
            self.value * value * (0.3 + several),
            self.over * over * (0.5 + several),
            self.under * under * (0.5 + several),
            self.covert * wrong * rise(f["released_early"], 0.04, 0.12),
            self.abroad * wrong * several * above(f["foreign"], 0.5 * peers["foreign"]),
        )
