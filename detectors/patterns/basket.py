"""Harmless things that are not harmless together: what makes pills, cards or documents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from detectors.batch import Batch, Column, Matrix, either, rise
from detectors.events import DAY, BuyerHistory, Micros, OrderPlaced, Record
from detectors.patterns.base import Case, Term, against, share
from detectors.patterns.parts import (
    WITHIN,
    belonging,
    completeness,
    named,
    orders_lately,
    parts_ordered,
    with_order,
)
from detectors.profiles.facet_states import Basket, Gathered
from detectors.profiles.marks import mark_of
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile

NONE: Final = Basket()
NOBODY: Final = Gathered()
KEPT_BUYERS: Final = 4
MOST_SELLERS: Final = 99


def _learn_order(p: Profile, _record: Record, body: OrderPlaced, time: Micros, m: Moment) -> None:
    parts = parts_ordered(body)
    if not parts:
        return
    buyer = mark_of(body.buyer_id)
    sold = with_order((p.basket or NONE).sold, buyer, parts, time)
    ours, theirs = 0, 0
    for who, had in orders_lately(sold, time):
        ours |= had
        theirs |= had if who == buyer else 0
    p.basket = Basket(sold, completeness(ours), completeness(theirs), ours, time)
    if m.buyer is not None and m.buyer.parts:
        _learn_gathered(p, m.buyer, buyer, theirs, time)


def _learn_gathered(p: Profile, history: BuyerHistory, buyer: bytes, theirs: int, time: Micros) -> None:
    """A buyer has parts of other sellers too: counts where these make more of a set that this shop sold a part of."""
    gathered = theirs | history.parts
    complete = completeness(gathered, around=theirs)
    before = p.gathered if p.gathered and time - p.gathered.at <= WITHIN * DAY else NOBODY
    if complete <= completeness(theirs) or complete < before.complete:
        return
    known = before.buyers if complete == before.complete else b""
    others = b"".join(known[at : at + 4] for at in range(0, len(known), 4) if known[at : at + 4] != buyer)
    buyers = (others + buyer)[-4 * KEPT_BUYERS :]
    p.gathered = Gathered(complete, belonging(gathered, theirs), min(history.parts_sellers, MOST_SELLERS), buyers, time)


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


class GatheredFacet:
    """How complete a set buyers gathered within 30 days, here and from other sellers; taught with the basket."""

    state: ClassVar[str] = "gathered"
    nothing: ClassVar[tuple[float, ...]] = (0.0, 0.0, 0.0)
    features: ClassVar[tuple[str, ...]] = ("parts_gathered",)
    prior: ClassVar[Mapping[str, float]] = {"parts_gathered": 0.0}

    def learns(self) -> Mapping[type, Learner]:
        return {}

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        s = p.gathered or NOBODY
        return s.complete, len(s.buyers) / 4, (p.clock - s.at) / DAY

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (complete, buyers, days) = raw
        return (complete * buyers / (buyers + 1.0) * WITHIN / (WITHIN + days),)


def _say_sold(case: Case) -> str:
    parts = named(case.state(Basket, NONE).parts)
    return f"sold within {WITHIN} days what makes a set together: {parts or 'parts'}"


def _say_gathered(case: Case) -> str:
    s = case.state(Gathered, NOBODY)
    return (
        f"{len(s.buyers) // 4} buyer(s) gathered what makes a set within {WITHIN} days, here and from "
        f"{s.sellers} other seller(s): {named(s.parts) or 'parts'}"
    )


def _say_buyer(case: Case) -> str:
    return f"one buyer bought {share(case.observed)} of such a set within {WITHIN} days"


def _say_unverified(case: Case) -> str:
    return against(case, "the seller's identity is not verified")


@dataclass(frozen=True)
class DangerousBasket:
    """Looks for things that are sold alone for good reasons, and together for few.

    A craft shop sells presses, dies and binders too: parts are named by phrases, not words. A press and its die are
    one machine: two of three parts raise the score, to one buyer more, and stay below the line. All of a set does not.
    Of a set that a buyer gathers from several sellers, each sold one harmless thing: it raises the score of those who
    sell the last parts, the more buyers do so, and alerts together with what else speaks against the seller.

    Misses parts under other names, and the sellers of a set's first parts.

    Args:
        sold, one_buyer, gathered, unverified: Weight of each fact.
    """

    name: ClassVar[str] = "basket"
    idle_below: ClassVar[Mapping[str, float]] = {"parts_sold": 0.3, "parts_one_buyer": 0.4, "parts_gathered": 0.3}
    terms: ClassVar[tuple[Term, ...]] = (
        Term("parts_of_a_set", "parts_sold", _say_sold),
        Term("one_buyer", "parts_one_buyer", _say_buyer),
        Term("gathered_set", "parts_gathered", _say_gathered),
        Term("unverified", "unverified", _say_unverified),
    )

    sold: float = 1.3
    one_buyer: float = 1.4
    gathered: float = 1.9
    unverified: float = 0.5

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f = batch.features
        sold, gathered = rise(f["parts_sold"], 0.3, 0.3), rise(f["parts_gathered"], 0.3, 0.3)
        return (
            self.sold * sold,
            self.one_buyer * rise(f["parts_one_buyer"], 0.4, 0.2),
            self.gathered * gathered,
            self.unverified * either(sold, gathered) * f["unverified"],
        )
