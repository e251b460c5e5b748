"""Money out of escrow before anything can have come, again and again by the same buyers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final
from zlib import crc32

from detectors.batch import Batch, Column, Matrix, above, half, rise
from detectors.events import Micros, OrderDelivered, PaymentDisputed, PaymentReleased, Record
from detectors.patterns.base import Case, Term, against, share
from detectors.profiles.facet_states import Escrow
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile
from detectors.profiles.running import faded, moved

NONE: Final = Escrow()
BUYERS: Final = 16


def _learn_release(p: Profile, record: Record, body: PaymentReleased, time: Micros, _m: Moment) -> None:
    order, said = record.order, body.confirmed_by
    undelivered = said == "buyer" and order is not None and not order.delivered_at
    before = p.escrow
    if before is None:  # state begins with the first release that is not as it should be
        if said != "early" and not undelivered:
            return
        before = Escrow(time, count=min(p.orders, 17) - 1)
    count = before.count + 1
    early = said == "early" or (undelivered and before.delivered > 0)
    ring, circle = before.buyers, before.circle
    if early and order is not None and order.buyer:
        buyer = crc32(order.buyer.encode())
        known = buyer in ring
        circle = moved(circle, 1.0 if known else 0.0, before.early + 1)
        ring = ring if known else (*ring, buyer)[-BUYERS:]
    p.escrow = Escrow(
        time,
        count,
        before.early + early,
        moved(before.ahead, 1.0 if early else 0.0, count),
        circle,
        ring,
        before.delivered,
        faded(before.disputed, time - before.at, 30.0),
    )


def _learn_delivery(p: Profile, _record: Record, _body: OrderDelivered, _time: Micros, _m: Moment) -> None:
    """Only where deliveries are told of at all does a missing one say something."""
    if p.escrow is not None and not p.escrow.delivered:
        s = p.escrow
        p.escrow = Escrow(s.at, s.count, s.early, s.ahead, s.circle, s.buyers, 1, s.disputed)


def _learn_dispute(p: Profile, record: Record, _body: PaymentDisputed, time: Micros, _m: Moment) -> None:
    """The gap: disputed after the money had gone without a delivery."""
    order, s = record.order, p.escrow
    if s is not None and order is not None and order.released_at and not order.delivered_at:
        left = faded(s.disputed, time - s.at, 30.0)
        p.escrow = Escrow(time, s.count, s.early, s.ahead, s.circle, s.buyers, s.delivered, left + 1.0)


class EscrowFacet:
    """Shares of releases ahead of delivery, of the same buyers among them, and disputes after them."""

    state: ClassVar[str] = "escrow"
    nothing: ClassVar[tuple[float, ...]] = (0.0,) * 6
    features: ClassVar[tuple[str, ...]] = ("escrow_ahead", "escrow_circle", "escrow_disputed")
    prior: ClassVar[Mapping[str, float]] = {"escrow_ahead": 0.03}

    def learns(self) -> Mapping[type, Learner]:
        return {
            PaymentReleased: _learn_release,
            OrderDelivered: _learn_delivery,
            PaymentDisputed: _learn_dispute,
        }

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        s = p.escrow or NONE
        if not s.early and not s.disputed:
            return self.nothing
        return s.count, s.early, s.ahead, s.circle, faded(s.disputed, p.clock - s.at, 30.0), p.orders_30d

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (_count, early, ahead, circle, disputed, orders) = raw
        return ahead * half(early, 2.0), circle * half(early, 4.0), disputed / (disputed + orders + 2.0)


def _say_ahead(case: Case) -> str:
    s = case.state(Escrow, NONE)
    return against(case, f"{s.early} of {s.count} payments left escrow before their order was delivered")


def _say_circle(case: Case) -> str:
    return against(
        case, f"{share(case.state(Escrow, NONE).circle)} of those were confirmed by buyers who did so before"
    )


def _say_disputed(case: Case) -> str:
    return against(case, f"disputes after such releases weigh {share(case.observed)} of a month's orders")


def _say_rebuy(case: Case) -> str:
    return against(case, f"buyers come back within days: {share(case.observed)} of orders")


@dataclass(frozen=True)
class EscrowGaps:
    """Looks for escrow that protects nobody: confirmed at once, by a circle, or emptied before disputes.

    Goods that are picked up are confirmed at once too, but by ever new buyers, who live near: that stays below the
    line.

    Misses payments that never go through escrow.

    Args:
        ahead, circle, disputed, rebuying: Weight of each fact.
    """

    name: ClassVar[str] = "escrow"
    idle_below: ClassVar[Mapping[str, float]] = {"escrow_ahead": 0.1}
    terms: ClassVar[tuple[Term, ...]] = (
        Term("released_ahead", "escrow_ahead", _say_ahead),
        Term("same_buyers", "escrow_circle", _say_circle),
        Term("disputed_after_release", "escrow_disputed", _say_disputed),
        Term("returning_buyers", "rebuy_soon", _say_rebuy),
    )

    ahead: float = 0.8
    circle: float = 2.7
    disputed: float = 4.0
    rebuying: float = 0.8

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f, peers = batch.features, batch.peers
        ahead = rise(above(f["escrow_ahead"], 2.0 * peers["escrow_ahead"]), 0.1, 0.15)
        abroad = rise(f["foreign"], 0.05, 0.15)  # what goes abroad is not picked up
        return (
            self.ahead * ahead * (0.6 + 0.8 * abroad),
            self.circle * ahead * rise(f["escrow_circle"], 0.1, 0.3) * (0.7 + 0.6 * abroad),
            self.disputed * ahead * rise(f["escrow_disputed"], 0.03, 0.1),
            self.rebuying * ahead * f["rebuy_soon"],
        )
