"""Buyers who buy as no consumer does, and cards that are used out of their pattern."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from msgspec.structs import replace

from detectors.batch import Batch, Column, Matrix, above, rise
from detectors.events import Micros, OrderPlaced, PaymentCaptured, Record
from detectors.patterns.base import Case, Term, against, share
from detectors.profiles.facet_states import BuyerMix
from detectors.profiles.marks import holds, mark_of
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile
from detectors.profiles.running import moved

NONE: Final = BuyerMix()
NAMED: Final = 2
"""Buyers that are named in evidence, as their keyed hashes."""
CARD_KNOWN: Final = 3
"""Payments after which a card has a pattern."""
FAR_ABOVE: Final = 2.0
"""Deviations above what the buyer pays from which on an amount is out of pattern."""
KEPT_ODD: Final = 4
"""Orders that are looked for when their payments come."""


def _learn_order(p: Profile, record: Record, body: OrderPlaced, _time: Micros, m: Moment) -> None:
    """From the first such buyer on: `m.prolific` and `m.led` come of the buyer's sighting."""
    before = p.buyer_mix
    odd = m.buyer_z >= FAR_ABOVE and bool(body.device_id) and not any(seen.kind == "device" for seen in record.seen)
    if before is None:
        if not odd and (not m.prolific or body.buyer_kind == "business"):
            return
        before = BuyerMix()
    prolific = m.prolific if body.buyer_kind == "consumer" else 0.0
    buyers, count = before.buyers, before.count + 1
    if prolific > 0.3:
        buyers = (*(b for b in buyers if b != body.buyer_id), body.buyer_id[:25])[-NAMED:]
    p.buyer_mix = BuyerMix(
        count,
        before.prolific + (prolific - before.prolific) / min(p.orders + 3, 20),
        before.risky + (m.led - before.risky) / min(p.orders + 3, 20),
        before.strange,
        buyers,
        (before.odd + mark_of(body.order_id))[-4 * KEPT_ODD :] if odd else before.odd,
    )


def _learn_payment(p: Profile, record: Record, body: PaymentCaptured, _time: Micros, m: Moment) -> None:
    """A card with a history, suddenly on a device that nobody has seen, for far more than its buyer pays.

    Who buys, from which device and for how much, the order has told; the payment tells which card.
    """
    s = p.buyer_mix
    if s is None or not (s.odd or s.strange):
        return
    strange = 0.0
    if body.method == "card" and holds(s.odd, mark_of(body.order_id)):
        strange = float(any(seen.kind == "instrument" and seen.events >= CARD_KNOWN for seen in record.seen))
    m.card_strange = strange
    p.buyer_mix = replace(s, strange=moved(s.strange, strange, p.payments))


class BuyersFacet:
    """Shares of orders by prolific buyers, by those of banned sellers, and of cards out of pattern."""

    state: ClassVar[str] = "buyer_mix"
    nothing: ClassVar[tuple[float, ...]] = (0.0,) * 4
    features: ClassVar[tuple[str, ...]] = ("buyers_prolific", "buyers_risky", "cards_strange", "card_strange")
    prior: ClassVar[Mapping[str, float]] = {"buyers_prolific": 0.03}

    def learns(self) -> Mapping[type, Learner]:
        return {OrderPlaced: _learn_order, PaymentCaptured: _learn_payment}

    def measure(self, p: Profile, m: Moment) -> tuple[float, ...]:
        s = p.buyer_mix or NONE
        return s.prolific, s.risky, s.strange, m.card_strange

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (prolific, risky, strange, card) = raw
        return prolific, risky, strange, card


def _named(case: Case) -> str:
    buyers = case.state(BuyerMix, NONE).buyers
    return f" ({', '.join(buyers)})" if buyers else ""


def _say_prolific(case: Case) -> str:
    return against(case, f"{share(case.observed)} of orders by people who buy as resellers do{_named(case)}")


def _say_risky(case: Case) -> str:
    return against(case, f"{share(case.observed)} of orders by such buyers who bought of banned sellers before")


def _say_cards(case: Case) -> str:
    return against(case, f"{share(case.observed)} of payments by known cards on unknown devices, for unusual amounts")


def _say_repeat(case: Case) -> str:
    return f"{case.raw.near} of the last {case.raw.prices} orders at one price; peers: {share(case.peer)}"


@dataclass(frozen=True)
class ProlificBuyers:
    """Looks for sellers whose trade rests on a few people who buy without end, and on cards gone astray.

    A collector or a small reseller at an ordinary shop is one buyer among many. It counts when such buyers make
    a good part of the orders, more so when banned sellers had them too, or the orders are all alike.

    Misses who spreads purchases over many buyer accounts.

    Args:
        prolific, risky, cards, repeat: Weight of each fact.
    """

    name: ClassVar[str] = "buyer"
    idle_below: ClassVar[Mapping[str, float]] = {"buyers_prolific": 0.15, "buyers_risky": 0.1, "cards_strange": 0.1}
    terms: ClassVar[tuple[Term, ...]] = (
        Term("prolific_buyers", "buyers_prolific", _say_prolific),
        Term("buyers_of_banned", "buyers_risky", _say_risky),
        Term("strange_cards", "cards_strange", _say_cards),
        Term("alike_orders", "near_repeat", _say_repeat),
    )

    prolific: float = 1.1
    risky: float = 1.8
    cards: float = 1.8
    repeat: float = 1.0

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f, peers = batch.features, batch.peers
        prolific = rise(above(f["buyers_prolific"], 2.0 * peers["buyers_prolific"]), 0.15, 0.2)
        return (
            self.prolific * prolific,
            self.risky * rise(above(f["buyers_risky"], 2.0 * peers["buyers_risky"]), 0.1, 0.2) * (0.2 + prolific),
            self.cards * rise(above(f["cards_strange"], 2.0 * peers["cards_strange"]), 0.1, 0.2),
            self.repeat * prolific * rise(above(f["near_repeat"], peers["near_repeat"]), 0.1, 0.3),
        )
