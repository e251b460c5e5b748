"""What became of a seller's last orders, one by one, and how the order at hand stands against its buyer.

These are the facts that the risk model learns from (`detectors.models.risk_model`); patterns may read them, too.
"""

from collections.abc import Mapping, Sequence
from math import log1p
from struct import Struct as Packed
from typing import ClassVar, Final, NamedTuple

import numpy as np

from detectors.batch import Column, Matrix, half
from detectors.events import DAY, SECOND, Micros, OrderPlaced, PaymentDisputed, Record
from detectors.profiles.facet_states import Outcomes
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile

REMEMBERED: Final = 48
"""Orders, or spans of a busy seller's orders, whose outcome is kept."""
SPAN: Final = 20 * 60
"""Minutes of orders that make one entry when the ring would otherwise forget what labels still tell of."""
REACH: Final = 40 * 24 * 60
"""Minutes that the ring is to look back."""
LATELY: Final[Micros] = 60 * DAY
"""A seller without a dispute for so long is taken to be clean."""
MINUTE: Final = 60 * SECOND
_ENTRY: Final = Packed("<IBBB")
"""Minute of the first order, orders, bad ones, and how far their buyers explain them (255: fully)."""
SIZE: Final = _ENTRY.size

FIRST_DELAY: Final = 7.0
"""Days that labels are taken to need before one has come."""
STAYS: Final = 24.0
"""Days after which half of the bad times are over."""
STARTS: Final = 0.0003
"""Chance of a day that a bad time begins."""
BAD_IN, GOOD_IN = 0.85, 0.12
"""How likely a bad and a good label are within a bad time; they need not add up, labels get lost."""
BAD_OUT, EXPLAINED_OUT, GOOD_OUT = 0.0015, 0.038, 0.995
"""The same outside of one; a bad order that its buyer explains is likelier there."""


class Episode(NamedTuple):
    """Where a seller stands in a time of bad orders, as far as labels tell."""

    belief: float = 0.0
    """0..1, that the seller's orders are bad now."""
    run: float = 0.0
    """Bad orders without a good one between them, up to the last that can have been labelled."""
    age: float = 0.0
    """Days since the first of them."""
    clean: float = 0.0
    """Days since the last good one."""
    gap: float = 0.0
    """Days between that and the first bad one after it."""


NONE: Final = Episode()


def _learn_order(p: Profile, _record: Record, _body: OrderPlaced, time: Micros, m: Moment) -> None:
    before = p.outcomes
    explained = int(255.0 * min(max((m.buyer_deviation - 1.0) * 0.5, 0.0), 1.0))
    minute = max(time // MINUTE, 0) & 0xFFFFFFFF
    if before is None:
        p.outcomes = Outcomes(_ENTRY.pack(minute, 1, 0, explained))
        return
    ring = before.ring
    if len(ring) == REMEMBERED * SIZE and _joins(ring, minute):
        start, orders, bad, mean = _ENTRY.unpack_from(ring, len(ring) - SIZE)
        entry = _ENTRY.pack(start, min(orders + 1, 255), bad, (mean * orders + explained) // (orders + 1))
        ring = ring[:-SIZE] + entry
    else:
        ring = ring[SIZE - SIZE * REMEMBERED :] + _ENTRY.pack(minute, 1, 0, explained)
    p.outcomes = Outcomes(ring, before.delay, before.spread)


def _joins(ring: bytes, minute: int) -> bool:
    """Whether an order becomes part of the last entry, lest the ring looks back too short a time."""
    if minute - int.from_bytes(ring[:4], "little") >= REACH:
        return False
    return minute - int.from_bytes(ring[-SIZE : 4 - SIZE], "little") < SPAN


def _learn_dispute(p: Profile, _record: Record, _body: PaymentDisputed, time: Micros, m: Moment) -> None:
    before = p.outcomes
    if before is None or not m.order_time:
        return
    days = min(max(time - m.order_time, 0) / DAY, 120.0)
    off = days - before.delay
    ring = _marked(before.ring, max(m.order_time // MINUTE, 0))
    p.outcomes = Outcomes(ring, before.delay + off * 0.1, before.spread + (abs(off) - before.spread) * 0.1)


def _marked(ring: bytes, minute: int) -> bytes:
    """The ring with one more bad order in the entry of that minute."""
    for at in range(len(ring) - SIZE, -1, -SIZE):
        start, orders, bad, explained = _ENTRY.unpack_from(ring, at)
        if start <= minute and bad < orders:
            return ring[:at] + _ENTRY.pack(start, orders, bad + 1, explained) + ring[at + SIZE :]
        if start < minute:
            break
    return ring


def episode_of(state: Outcomes, now: Micros) -> Episode:
    """Goes through the orders that can have been labelled by now: a hidden Markov filter of two states."""
    minute = now / MINUTE
    known = minute - (state.delay + 1.5 * state.spread) * 1_440.0
    belief, last, first_bad, last_good, run = 0.003, 0, 0, 0, 0.0
    for start, orders, bad, explained in _ENTRY.iter_unpack(state.ring):
        if start > known:
            break
        if last:
            days = (start - last) / 1_440.0  # `_later`, without a call: this loop is most of what a facet may cost
            belief = belief / (1.0 + days / STAYS) + (1.0 - belief) * min(STARTS * days, 0.5)
        last = start
        if not bad and orders == 1:
            run, last_good = 0.0, start
            belief = GOOD_IN * belief / (GOOD_IN * belief + GOOD_OUT * (1.0 - belief))
            continue
        blamed = 1.0 - explained / 255.0
        belief = _labelled(belief, bad, orders - bad, blamed)
        if 2 * bad < orders:
            run, last_good = 0.0, start
        elif blamed > 0.4:
            first_bad = first_bad if run else start
            run += bad * blamed
    if not last:
        return NONE
    return Episode(
        _later(belief, (minute - last) / 1_440.0),
        run,
        (minute - first_bad) / 1_440.0 if run else 0.0,
        (minute - last_good) / 1_440.0 if last_good else 40.0,
        ((first_bad - last_good) / 1_440.0 if last_good else 5.0) if run else 0.0,
    )


def _later(belief: float, days: float) -> float:
    """The belief some days on, when nothing was told."""
    return belief / (1.0 + days / STAYS) + (1.0 - belief) * min(STARTS * days, 0.5)


def _labelled(belief: float, bad: int, good: int, blamed: float) -> float:
    """The belief after some labels; of many at once, five of each kind say it all."""
    inside, outside = belief, 1.0 - belief
    for _ in range(min(bad, 5)):
        inside *= BAD_IN
        outside *= BAD_OUT + EXPLAINED_OUT * (1.0 - blamed)
    for _ in range(min(good, 5)):
        inside *= GOOD_IN
        outside *= GOOD_OUT
    return inside / (inside + outside)


class OutcomesFacet:
    """Outcomes of the seller's orders; the order at hand against its buyer's and its seller's own."""

    state: ClassVar[str] = "outcomes"
    nothing: ClassVar[tuple[float, ...]] = (0.0,) * 20
    features: ClassVar[tuple[str, ...]] = (
        "order_amount",
        "order_hour",
        "amount_offset",
        "buyer_offset",
        "buyer_deviation",
        "buyer_ratio",
        "buyer_high",
        "buyer_high_share",
        "buyer_day",
        "buyer_experience",
        "buyer_gap",
        "buyer_spread",
        "buyer_bad_since",
        "dispute_recent",
        "dispute_count",
        "episode_belief",
        "episode_run",
        "episode_age",
        "episode_clean",
        "episode_gap",
    )
    prior: ClassVar[Mapping[str, float]] = {
        "order_amount": 0.3,
        "order_hour": 0.5,
        "amount_offset": 0.5,
        "buyer_offset": 0.5,
        "buyer_deviation": 0.5,
        "buyer_ratio": 0.4,
        "buyer_day": 0.2,
        "buyer_experience": 0.2,
        "buyer_gap": 0.5,
        "buyer_spread": 0.4,
    }

    def learns(self) -> Mapping[type, Learner]:
        return {OrderPlaced: _learn_order, PaymentDisputed: _learn_dispute}

    def measure(self, p: Profile, m: Moment) -> tuple[float, ...]:
        clock = p.clock
        episode, recent, count = NONE, 0.0, 0.0
        if p.disputes and p.outcomes is not None and (since := clock - p.last_dispute) < LATELY:
            episode = episode_of(p.outcomes, clock)
            recent, count = 7.0 / (7.0 + since / DAY), p.disputes_7d
        b = m.buyer
        if b is None:
            habits: tuple[float, ...] = (0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 12.0, 0.5, -1.0)
        else:
            habits = (
                m.log_minor - b.log_amount_30d if b.orders else 0.0,
                m.buyer_deviation,
                m.buyer_ratio,
                b.high,
                b.high_share,
                b.orders_1d,
                b.orders,
                log1p(max(clock - m.buyer_seen, 0) / SECOND),
                b.log_amount_var,
                (clock - b.bad_since) / DAY if b.bad_since else -1.0,
            )
        return (m.level, (clock % DAY) / DAY, m.amount_offset, *habits, recent, count, *episode)

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (level, hour, offset, buyer_offset, deviation, ratio, high, high_share) = raw[:8]
        (day, orders, gap, var, bad_since, recent, count, belief, run, age, clean, before) = raw[8:]
        return (
            np.minimum(level / 12.0, 1.0),
            hour,
            _signed(offset, 0.7),
            _signed(buyer_offset, 0.7),
            _signed(deviation, 2.5),
            half(ratio, 1.5),
            half(high, 1.0),
            np.minimum(high_share, 1.0),
            half(day, 2.0),
            half(orders, 20.0),
            half(np.maximum(gap - 2.0, 0.0), 6.0),
            half(np.sqrt(np.maximum(var, 0.0)), 0.5),
            np.where(bad_since >= 0.0, 14.0 / (14.0 + np.maximum(bad_since, 0.0)), 0.0),
            recent,
            half(count, 2.0),
            belief,
            half(run, 2.0),
            np.minimum(age / 40.0, 1.0),
            np.minimum(clean / 40.0, 1.0),
            np.minimum(np.maximum(before, 0.0) / 10.0, 1.0),
        )


def _signed(values: Column, middle: float) -> Column:
    """0.5 for 0, 0.75 at `middle`, 0.25 at minus that."""
    return 0.5 + 0.5 * values / (np.abs(values) + middle)
