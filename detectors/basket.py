"""Harmless things that are not harmless together: what makes pills, cards or documents."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final
from zlib import crc32

from detectors.base import Case, Term, against, share
from detectors.batch import Batch, Column, Matrix, rise
from detectors.events import DAY, Micros, OrderPlaced, Record
from detectors.facet_states import Basket
from detectors.moment import Learner, Moment
from detectors.profile import Profile

NONE: Final = Basket()
WITHIN: Final = 30
"""Days in which parts belong together."""
ORDERS: Final = 12
"""Parts that are remembered, each with its buyer and day."""

PARTS: Final[Mapping[str, str]] = {
    "press": r"(pill|tablet|capsule|tdp)[ -]?\d*[ -]?(press|machine)|tdp[ -]?\d",
    "die": r"(tablet|pill|tdp|punch)[ -]?(die|dies|mou?lds?)|(punch|imprint) die|die set.*(tdp|tablet|pill)",
    "binder": r"(tablet|pill|tableting|pressing) binder|microcrystalline cellulose|magnesium stearate|firmapress",
    "card_writer": r"(msr ?\d{2,4}|magstripe|magnetic stripe|card) (writer|encoder)|\bmsr ?\d{3}",
    "blank_cards": r"blank (pvc|plastic|magnetic|chip)? ?cards?|white pvc cards?",
    "hologram": r"holograms?( overlay| foil| sticker)?",
    "laminate": r"(id|teslin|butterfly) (laminat\w+|paper|pouch\w*)|card laminator",
}  # fmt: skip
"""What counts as which part, in folded titles."""
SETS: Final[Mapping[str, tuple[str, ...]]] = {
    "pills": ("press", "die", "binder"),
    "payment cards": ("card_writer", "blank_cards", "hologram"),
    "identity cards": ("laminate", "blank_cards", "hologram"),
}
NAMES: Final = tuple(PARTS)
_patterns: Final = [re.compile(pattern) for pattern in PARTS.values()]
_sets: Final = [sum(1 << NAMES.index(part) for part in parts) for parts in SETS.values()]


@lru_cache(maxsize=8192)
def parts_of(title: str) -> int:
    """Which parts a title names, as bits in the order of `NAMES`."""
    text = " ".join(title.casefold().split())
    return sum(1 << number for number, pattern in enumerate(_patterns) if pattern.search(text))


def _learn_order(p: Profile, _record: Record, body: OrderPlaced, time: Micros, _m: Moment) -> None:
    parts = 0
    for item in body.items:
        if item.title:
            parts |= parts_of(item.title)
    if not parts:
        return
    day = time // DAY & 0xFFFF
    sold = (p.basket or NONE).sold
    kept = b"".join(entry for entry in _entries(sold) if (day - _day(entry)) & 0xFFFF <= WITHIN)
    buyer = crc32(body.buyer_id.encode()).to_bytes(4, "big")
    kept = (kept + buyer + parts.to_bytes(2, "big") + day.to_bytes(2, "big"))[-8 * ORDERS :]
    ours, theirs = 0, 0
    for entry in _entries(kept):
        ours |= _bits(entry)
        theirs |= _bits(entry) if entry[:4] == buyer else 0
    p.basket = Basket(kept, _best(ours), _best(theirs), ours, time)


def _entries(sold: bytes) -> list[bytes]:
    return [sold[at : at + 8] for at in range(0, len(sold), 8)]


def _bits(entry: bytes) -> int:
    return int.from_bytes(entry[4:6], "big")


def _day(entry: bytes) -> int:
    return int.from_bytes(entry[6:8], "big")


def _best(parts: int) -> float:
    """The share of the most complete set that these parts make; one part of three is nothing yet."""
    return max(max((parts & whole).bit_count() - 1, 0) / (whole.bit_count() - 1) for whole in _sets)


class BasketFacet:
    """How complete a set of parts was sold within 30 days, by the shop and to one buyer."""

    state: ClassVar[str] = "basket"
    nothing: ClassVar[tuple[float, ...]] = (0.0, 0.0, 0.0)
    features: ClassVar[tuple[str, ...]] = ("parts_sold", "parts_one_buyer")
    prior: ClassVar[Mapping[str, float]] = {"parts_sold": 0.0, "parts_one_buyer": 0.0}

    def learns(self) -> Mapping[type, Learner]:
        return {OrderPlaced: _learn_order}

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        s = p.basket or NONE
        return s.ours, s.theirs, (p.clock - s.at) / DAY

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (ours, theirs, days) = raw
        lately = WITHIN / (WITHIN + days)
        return ours * lately, theirs * lately


def _say_sold(case: Case) -> str:
    parts = case.state(Basket, NONE).parts
    names = ", ".join(name.replace("_", " ") for number, name in enumerate(NAMES) if parts >> number & 1)
    return f"sold within {WITHIN} days what makes a set together: {names or 'parts'}"


def _say_buyer(case: Case) -> str:
    return f"one buyer bought {share(case.observed)} of such a set within {WITHIN} days"


def _say_unverified(case: Case) -> str:
    return against(case, "the seller's identity is not verified")


@dataclass(frozen=True)
class DangerousBasket:
    """Looks for things that are sold alone for good reasons, and together for few.

    A craft shop sells presses, dies and binders too: parts are named by phrases, not words. A press and its die are
    one machine: two of three parts raise the score, to one buyer more, and stay below the line. All of a set does not.

    Misses sets that are bought from several sellers, and parts under other names.

    Args:
        sold, one_buyer, unverified: Weight of each fact.
    """

    name: ClassVar[str] = "basket"
    idle_below: ClassVar[Mapping[str, float]] = {"parts_sold": 0.3, "parts_one_buyer": 0.4}
    terms: ClassVar[tuple[Term, ...]] = (
        Term("parts_of_a_set", "parts_sold", _say_sold),
        Term("one_buyer", "parts_one_buyer", _say_buyer),
        Term("unverified", "unverified", _say_unverified),
    )

    sold: float = 1.3
    one_buyer: float = 1.4
    unverified: float = 0.5

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f = batch.features
        sold = rise(f["parts_sold"], 0.3, 0.3)
        return (
            self.sold * sold,
            self.one_buyer * rise(f["parts_one_buyer"], 0.4, 0.2),
            self.unverified * sold * f["unverified"],
        )
