"""Reviews that were not earned: bursts of praise, reviews without orders, the same people for several sellers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import ClassVar

from detectors.batch import Batch, Column, Matrix, above, half, rise
from detectors.events import DAY, Micros, Record, ReviewLeft
from detectors.patterns.base import Case, Term, against, share
from detectors.patterns.reviewers import NONE as NOBODY
from detectors.patterns.reviewers import PRAISE
from detectors.profiles.facet_states import ReviewCircle, Reviews
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile
from detectors.profiles.running import faded

MEMORY = 20
"""Reviews that a running share remembers."""
DOUBT = 3
"""Ordinary reviews that every seller is taken to have had."""
ANYHOW = 2.0
"""Reviews that praise a day, which may come without a reason."""
LATELY = 7.0
"""Days in which a burst fades: a seller's next order may take some."""
NONE = Reviews(0)


def _is_stranger(record: Record) -> bool:
    """Whether the reviewer has praised other sellers, and is not known to have bought of this one."""
    return not _has_bought(record) and any(seen.kind == "reviewer" and seen.sellers for seen in record.seen)


def _has_bought(record: Record) -> bool:
    return any(seen.kind == "buyer" and seen.own for seen in record.seen)


def _names_no_order(record: Record, body: ReviewLeft) -> bool:
    """Whether it names no order and its author is no customer, or an order that somebody else placed.

    An order that is not known may be older.
    """
    if body.order_id is None:
        return not _has_bought(record)
    return record.order is not None and record.order.buyer not in ("", body.buyer_id)


def _learn_review(p: Profile, record: Record, body: ReviewLeft, time: Micros, _m: Moment) -> None:
    """Only praise can be what a seller bought: bad words of strangers speak against nobody but them."""
    before = p.reviews or Reviews(time)
    days = (time - before.at) / DAY
    count = before.count + 1
    rate = 1.0 / min(count + DOUBT, MEMORY)
    praises = body.rating >= PRAISE
    orderless = praises and _names_no_order(record, body)
    stranger = orderless and _is_stranger(record)
    day, month = before.day * exp(-days) + praises, before.month * exp(days / -30.0) + praises
    expected = (max(month - day, 0.0) + p.orders_30d) / 30.0
    p.reviews = Reviews(
        time,
        count,
        day,
        month,
        before.orderless + (orderless - before.orderless) * rate,
        before.praise + ((body.rating == 5) - before.praise) * rate,
        before.strangers + (stranger - before.strangers) * rate,
        max(faded(before.excess, time - before.at, LATELY), day - 3.0 * expected - ANYHOW),
    )


class ReviewsFacet:
    """How reviews come, how many praise, whether anything was bought."""

    state: ClassVar[str] = "reviews"
    nothing: ClassVar[tuple[float, ...]] = (0.0,) * 5
    features: ClassVar[tuple[str, ...]] = ("review_burst", "review_orderless", "review_praise", "reviewers_shared")
    prior: ClassVar[Mapping[str, float]] = {"review_burst": 0.05, "review_orderless": 0.02, "review_praise": 0.4}

    def learns(self) -> Mapping[type, Learner]:
        return {ReviewLeft: _learn_review}

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        s = p.reviews or NONE
        return s.count, faded(s.excess, p.clock - s.at, LATELY), s.orderless, s.praise, s.strangers

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (count, excess, orderless, praise, strangers) = raw
        return (
            half(excess, 6.0),
            orderless,
            praise * half(count, 4.0),
            strangers,
        )


def _say_burst(case: Case) -> str:
    excess = case.state(Reviews, NONE).excess
    return f"within a day, about {excess:.0f} more reviews that praise than three times what orders bring"


def _say_orderless(case: Case) -> str:
    return against(case, f"{share(case.observed)} of reviews praise, by people of whom no order is known here")


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
