"""Sellers that the same people praise: how far a seller's reviewers are those of certain other sellers."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from detectors.batch import Column, Matrix
from detectors.events import Micros, Record, ReviewLeft
from detectors.profiles.facet_states import Praised, ReviewCircle
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile
from detectors.profiles.running import rate_of
from detectors.profiles.sightings import hub_damping

PRAISE: Final = 4
"""Stars from which on a review praises."""
KEPT: Final = 6
KEPT_BYTES: Final = 260
"""Of the ids of the sellers that are remembered."""
NONE: Final = ReviewCircle()


def _learn_review(p: Profile, record: Record, body: ReviewLeft, _time: Micros, _m: Moment) -> None:
    """Each person's first praise counts, less the more sellers that person praises."""
    if body.rating < PRAISE:
        return
    seen = next((seen for seen in record.seen if seen.kind == "reviewer"), None)
    others = {other.seller_id for other in seen.others} if seen else set()
    if (seen and seen.own) or (p.review_circle is None and not others):
        return
    rate = rate_of(p.reviews.count if p.reviews else 1)  # ReviewsFacet has counted this one already
    shares = {known.seller_id: known.share * (1.0 - rate) for known in (p.review_circle or NONE).praised}
    step = rate * hub_damping(seen.sellers) if seen else 0.0
    for other in others:
        shares[other] = shares.get(other, 0.0) + step
    p.review_circle = ReviewCircle(_strongest(shares))


def _strongest(shares: Mapping[str, float]) -> tuple[Praised, ...]:
    room, kept = KEPT_BYTES, []
    for seller, share in sorted(shares.items(), key=lambda known: (-known[1], known[0]))[:KEPT]:
        size = len(seller.encode())
        if size <= room:
            room -= size
            kept.append(Praised(seller, share))
    return tuple(kept)


class ReviewersFacet:
    """Share of late praise by the reviewers of the same two other sellers: that of the second of them.

    With one other seller honest shops have most of their customers in common: the one next door, or one where
    everybody buys.
    """

    state: ClassVar[str] = "review_circle"
    nothing: ClassVar[tuple[float, ...]] = (0.0,)
    features: ClassVar[tuple[str, ...]] = ("review_circle",)
    prior: ClassVar[Mapping[str, float]] = {"review_circle": 0.02}

    def learns(self) -> Mapping[type, Learner]:
        return {ReviewLeft: _learn_review}

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        praised = (p.review_circle or NONE).praised
        return (praised[1].share,) if len(praised) > 1 else self.nothing

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (second,) = raw
        return (second,)
