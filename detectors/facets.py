"""Facets: how detection grows by signals of its own, each with state, numbers and features.

Every seller has the trade of `detectors.profile`. What only some events tell (a parcel, a review, a listing's
words) is a facet: a struct of `detectors.facet_states` that is None in the profile until such an event
came, and costs nothing until then.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from operator import attrgetter
from typing import Any, ClassVar, Final, Protocol

import numpy as np

from detectors.account import AccountFacet, TaxIdFacet
from detectors.basket import BasketFacet, GatheredFacet
from detectors.batch import Column, Matrix
from detectors.buyer import BuyersFacet
from detectors.escrow import EscrowFacet
from detectors.intel import IntelFacet
from detectors.listing_language import WordingFacet
from detectors.listing_reuse import CopiesFacet
from detectors.moment import Learner, Moment
from detectors.outcomes import OutcomesFacet
from detectors.parcel import ParcelsFacet
from detectors.payment_mix import PaymentMixFacet
from detectors.prices import PricesFacet
from detectors.profile import Profile
from detectors.reports import ReportsFacet
from detectors.reviewers import ReviewersFacet
from detectors.reviews import ReviewsFacet
from detectors.rings import RingFacet
from detectors.route import RoutesFacet
from detectors.sender import SendersFacet
from detectors.takeover import TakeoverFacet


class Facet(Protocol):
    """One signal: what teaches it, and what it says."""

    state: ClassVar[str]
    """The field of `Profile` that holds its struct, None until something was learned."""
    nothing: ClassVar[tuple[float, ...]]
    """Raw numbers of a seller without that struct; as many as `measure` gives."""
    features: ClassVar[tuple[str, ...]]
    """Names of what comes of the numbers, 0..1 each."""
    prior: ClassVar[Mapping[str, float]]
    """Peers' norms of the features before any was learned; 0.01 where one is not named."""

    def learns(self) -> Mapping[type, Learner]:
        """Who learns which event, after the trade has; it replaces the struct, never changes it."""
        ...

    def measure(self, p: Profile, m: Moment) -> tuple[float, ...]:
        """Raw numbers of one event after it was learned; only called where the struct is there.

        Gives `nothing` itself, which costs nothing more, where the struct says no more than that.
        """
        ...

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        """Features of a batch, from one line a number; only + - * /, square roots and comparisons."""
        ...


FACETS: Final[tuple[Facet, ...]] = (
    ReviewsFacet(),
    PaymentMixFacet(),
    AccountFacet(),
    ParcelsFacet(),
    SendersFacet(),
    RoutesFacet(),
    EscrowFacet(),
    ReportsFacet(),
    TakeoverFacet(),
    BuyersFacet(),
    BasketFacet(),
    OutcomesFacet(),
    IntelFacet(),
    WordingFacet(),
    CopiesFacet(),
    PricesFacet(),
    RingFacet(),
    ReviewersFacet(),
    GatheredFacet(),
    TaxIdFacet(),
)
"""In the order in which features are listed: new ones go to the end."""

FACET_FEATURES: Final = tuple(name for facet in FACETS for name in facet.features)
FACET_PRIOR: Final = {name: norm for facet in FACETS for name, norm in facet.prior.items()}
NOTHING: Final = (None,) * len(FACETS)
_read_states: Final = attrgetter(*(facet.state for facet in FACETS))
_measures: Final = tuple(facet.measure for facet in FACETS)
_nothing: Final = tuple(facet.nothing for facet in FACETS)
_no_features: Final = np.concatenate(
    [np.stack(facet.features_of(np.array(facet.nothing).reshape(-1, 1))) for facet in FACETS if facet.features]
)
_ends: Final = tuple(accumulate(len(facet.features) for facet in FACETS))

States = tuple[Any, ...]
"""A seller's structs in the order of FACETS, None for what was never learned."""


def states_of(p: Profile) -> States:
    states: States = _read_states(p)
    return states


def learners(base: Mapping[type, Learner]) -> Mapping[type, Learner]:
    """`base` and, after it, what the facets learn from each type of event."""
    chains: dict[type, list[Learner]] = {kind: [learner] for kind, learner in base.items()}
    for facet in FACETS:
        for kind, learner in facet.learns().items():
            chains.setdefault(kind, []).append(learner)
    return {kind: _one_after_another(chain) for kind, chain in chains.items()}


def _one_after_another(chain: list[Learner]) -> Learner:
    if len(chain) == 1:
        return chain[0]
    if len(chain) == 2:
        return _both(*chain)
    first, *others = chain

    def learn(p: Profile, record: Any, body: Any, time: int, m: Moment) -> None:
        first(p, record, body, time, m)
        for other in others:
            other(p, record, body, time, m)

    return learn


def _both(first: Learner, second: Learner) -> Learner:
    def learn(p: Profile, record: Any, body: Any, time: int, m: Moment) -> None:
        first(p, record, body, time, m)
        second(p, record, body, time, m)

    return learn


class FacetNumbers:
    """Raw numbers of the scored events of a batch, kept only for sellers that have the facet."""

    def __init__(self) -> None:
        self._rows: list[list[int]] = [[] for _ in FACETS]
        self._numbers: list[list[float]] = [[] for _ in FACETS]

    def take(self, at: int, states: States, p: Profile, m: Moment) -> None:
        """Measures the `at`-th scored event."""
        for state, measure, nothing, rows, found in zip(
            states, _measures, _nothing, self._rows, self._numbers, strict=False
        ):
            if state is not None:
                numbers = measure(p, m)
                if numbers is not nothing:
                    rows.append(at)
                    found += numbers

    def features(self, events: int) -> Matrix:
        """Features of all facets, one line a feature; each event's depend on that event alone."""
        lines = np.repeat(_no_features, events, axis=1)
        for facet, end, rows, numbers in zip(FACETS, _ends, self._rows, self._numbers, strict=True):
            if rows:
                columns = facet.features_of(np.array(numbers, dtype=np.float64).reshape(len(rows), -1).T)
                lines[end - len(columns) : end, rows] = columns
        return lines
