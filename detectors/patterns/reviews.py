"""Reviews that were not earned: bursts of praise, reviews without orders, the same people for several sellers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import ClassVar

import numpy as np

from detectors.batch import Batch, Column, Matrix, above, half, rise
from detectors.events import DAY, Micros, Record, ReviewLeft
from detectors.patterns.base import Case, Term, against, share
from detectors.patterns.reviewers import NONE as NOBODY
from detectors.patterns.reviewers import PRAISE
from detectors.profiles.facet_states import ReviewCircle, Reviews
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile

MEMORY = 20
"""Reviews that a running share remembers."""
DOUBT = 3
"""Ordinary reviews that every seller is taken to have had."""
NONE = Reviews(0)


def _is_stranger(record: Record) -> bool:
    """Whether the reviewer has praised other sellers, and is not known to have bought of this one."""
    reviewed = any(seen.kind == "reviewer" and seen.sellers for seen in record.seen)
    return reviewed and not any(seen.kind == "buyer" and seen.own for seen in record.seen)


def _names_no_order(record: Record, body: ReviewLeft) -> bool:
    """Whether it names no order, or one that somebody else placed; an order that is not known may be older."""
    placed_by = record.order.buyer if record.order else ""
    return body.order_id is None or (placed_by not in ("", body.buyer_id))


def _learn_review(p: Profile, record: Record, body: ReviewLeft, time: Micros, _m: Moment) -> None:
    """Only praise can be what a seller bought: bad words of strangers speak against nobody but them."""
    before = p.reviews or Reviews(time)
    days = (time - before.at) / DAY
    count = before.count + 1
    rate = 1.0 / min(count + DOUBT, MEMORY)
    praises = body.rating >= PRAISE
    orderless = praises and _names_no_order(record, body)
    stranger = orderless and _is_stranger(record)
    p.reviews = Reviews(
        time,
        count,
        before.day * exp(-days) + praises,
        before.month * exp(days / -30.0) + praises,
        before.orderless + (orderless - before.orderless) * rate,
        before.praise + ((body.rating == 5) - before.praise) * rate,
        before.strangers + (stranger - before.strangers) * rate,
    )


class ReviewsFacet:
    """How reviews come, how many praise, whether anything was bought."""

    state: ClassVar[str] = "reviews"
    nothing: ClassVar[tuple[float, ...]] = (0.0,) * 7
    features: ClassVar[tuple[str, ...]] = ("review_burst", "review_orderless", "review_praise", "reviewers_shared")
    prior: ClassVar[Mapping[str, float]] = {"review_burst": 0.05, "review_orderless": 0.02, "review_praise": 0.4}

    def learns(self) -> Mapping[type, Learner]:
        return {ReviewLeft: _learn_review}

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        s = p.reviews or NONE
        days = (p.clock - s.at) / DAY
        day, month = s.day * exp(-days), s.month * exp(days / -30.0)
        return s.count, day, month, s.orderless, s.praise, p.orders_30d, s.strangers

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (count, day, month, orderless, praise, orders, strangers) = raw
        expected = (np.maximum(month - day, 0.0) + orders) / 30.0
        return (
            half(np.maximum(day - 3.0 * expected - 2.0, 0.0), 6.0),
            orderless,
            praise * half(count, 4.0),
            strangers,
        )


def _say_burst(case: Case) -> str:
    return f"about {case.state(Reviews, NONE).day:.0f} reviews that praise within a day, far more than orders bring"


def _say_orderless(case: Case) -> str:
    return against(case, f"{share(case.observed)} of reviews praise and name no order of the reviewer's")


def _say_praise(case: Case) -> str:
    return against(case, f"{share(case.observed)} of reviews give five stars")


def _say_shared(case: Case) -> str:
    return against(
        case, f"{share(case.observed)} of reviews praise, by people who never bought here and praise other sellers too"
    )


def _say_circle(case: Case) -> str:
    praised = [known.seller_id for known in case.state(ReviewCircle, NOBODY).praised[:2]]
    return against(case, f"{share(case.observed)} of praise by people who praise {' and '.join(praised)} too")


@dataclass(frozen=True)
class ReviewManipulation:
    """Looks for reviews that come without trade behind them.

    A burst alone is what follows a sale some days later; nothing but praise is what a good shop gets. It
    takes reviews that name no order, and counts burst, praise, and reviewers who do so elsewhere with them.
    People who praise the same three sellers raise the score even where they bought of each; without orders they
    are enough, however slowly they come.

    Misses bought reviews that come slowly, each after a real order, by people who praise nobody else.

    Args:
        orderless, burst, praise, reviewers, circle: Weight of each fact.
    """

    name: ClassVar[str] = "reviews"
    idle_below: ClassVar[Mapping[str, float]] = {"review_orderless": 0.15, "review_circle": 0.25}
    terms: ClassVar[tuple[Term, ...]] = (
        Term("reviews_without_orders", "review_orderless", _say_orderless),
        Term("review_burst", "review_burst", _say_burst),
        Term("only_praise", "review_praise", _say_praise),
        Term("shared_reviewers", "reviewers_shared", _say_shared),
        Term("review_circle", "review_circle", _say_circle),
    )

    orderless: float = 1.6
    burst: float = 2.0
    praise: float = 0.8
    reviewers: float = 1.4
    circle: float = 2.0

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f, peers = batch.features, batch.peers
        unearned = rise(above(f["review_orderless"], 2.0 * peers["review_orderless"]), 0.15, 0.25)
        burst = f["review_burst"]
        circle = rise(above(f["review_circle"], 2.0 * peers["review_circle"]), 0.25, 0.2)
        return (
            self.orderless * unearned * (0.3 + burst),
            self.burst * unearned * burst,
            self.praise * unearned * f["review_praise"] * (0.2 + burst),
            self.reviewers * unearned * rise(above(f["reviewers_shared"], 2.0 * peers["reviewers_shared"]), 0.1, 0.3),
            self.circle * circle * (0.4 + unearned),
        )
