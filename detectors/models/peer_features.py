"""What the shared models look at, and what is usual before they have learned anything."""

from typing import Final

from detectors.events import HOUR, Micros
from detectors.models.cohorts import CohortLearner
from detectors.patterns.facets import FACET_PRIOR
from detectors.patterns.features import FEATURES

TREE_FEATURES: Final = (
    "near_repeat",
    "amount_spread",
    "pace",
    "burst_day",
    "gap_regular",
    "rebuy",
    "rebuy_soon",
    "new_buyers",
    "pool_shared",
    "foreign",
    "risky_method",
    "amount_high",
)
"""Features of a seller against its peers; labels are left to the patterns, or they would count twice."""

PRIOR: Final = dict.fromkeys(FEATURES, 0.01) | {
    "near_repeat": 0.3,
    "small_amount": 0.5,
    "amount_spread": 0.4,
    "experience": 0.6,
    "pace": 0.1,
    "burst_day": 0.05,
    "burst_hour": 0.05,
    "gap_regular": 0.2,
    "rebuy": 0.1,
    "rebuy_soon": 0.05,
    "rebuy_irregular": 0.3,
    "new_buyers": 0.5,
    "foreign": 0.2,
    "failed_payments": 0.03,
    "refunds": 0.02,
    "cancels": 0.02,
    "account_new": 0.2,
    "unverified": 0.3,
    "links": 0.05,
    "amount_high": 0.1,
    "buyer_amount_high": 0.1,
    "buyer_pace": 0.05,
    **FACET_PRIOR,
}
"""Peer norms until there are learned ones: risk is rare among honest sellers."""


def new_learner(*, publish_every: Micros = HOUR) -> CohortLearner:
    """A learner that has seen nothing."""
    return CohortLearner(FEATURES, tree_features=TREE_FEATURES, prior=PRIOR, publish_every=publish_every)
