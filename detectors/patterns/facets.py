"""Facets: how detection grows by signals of its own, each with state, numbers and features.

Every seller has the trade of `detectors.profiles.profile`. What only some events tell (a parcel, a review, a listing's
words) is a facet: a struct of `detectors.profiles.facet_states` that is None in the profile until such an event
came, and costs nothing until then.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, compress
from operator import attrgetter
from struct import Struct
from typing import Any, ClassVar, Final, Protocol

import numpy as np

from detectors.batch import Column, Matrix
from detectors.patterns.account import AccountFacet, TaxIdFacet
from detectors.patterns.basket import BasketFacet, GatheredFacet
from detectors.patterns.buyer import BuyersFacet
from detectors.patterns.escrow import EscrowFacet
from detectors.patterns.intel import IntelFacet
from detectors.patterns.listing_language import WordingFacet
from detectors.patterns.listing_reuse import CopiesFacet
from detectors.patterns.parcel import ParcelsFacet
from detectors.patterns.payment_mix import PaymentMixFacet
from detectors.patterns.prices import PricesFacet
from detectors.patterns.reports import ReportsFacet
from detectors.patterns.reviewers import ReviewersFacet
from detectors.patterns.reviews import ReviewsFacet
from detectors.patterns.rings import RingFacet
from detectors.patterns.route import RoutesFacet
from detectors.patterns.sender import SendersFacet
from detectors.patterns.takeover import TakeoverFacet
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.outcomes import OutcomesFacet
from detectors.profiles.profile import Profile


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
_packers: Final = tuple(Struct(f"<{len(facet.nothing)}d").pack for facet in FACETS)
_no_features: Final = np.concatenate(
    [np.stack(facet.features_of(np.array(facet.nothing).reshape(-1, 1))) for facet in FACETS if facet.features]
)
_ends: Final = tuple(accumulate(len(facet.features) for facet in FACETS))

States = tuple[Any, ...]
"""A seller's structs in the order of FACETS, None for what was never learned."""


def states_of(p: Profile) -> States:
    states: States = _read_states(p)
    return states


def learners(base: Mapping[type, Learner]) -> Mapping[type, tuple[Learner, ...]]:
    """Who learns each type of event, one after another: `base`, then the facets."""
    chains = {kind: (learner,) for kind, learner in base.items()}
    for facet in FACETS:
        for kind, learner in facet.learns().items():
            chains[kind] = (*chains.get(kind, ()), learner)
    return chains


class FacetNumbers:
    """Raw numbers of the scored events of a batch, kept only for sellers that have the facet."""

    def __init__(self) -> None:
        self._found = [_Found(facet.measure, facet.nothing, pack) for facet, pack in zip(FACETS, _packers, strict=True)]

    def take(self, at: int, states: States, p: Profile, m: Moment) -> None:
        """Measures the `at`-th scored event."""
        for found in compress(self._found, states):
            numbers = found.measure(p, m)
            if numbers is not found.nothing:
                found.rows.append(at)
                found.packed.append(found.pack(*numbers))

    def features(self, events: int) -> Matrix:
        """Features of all facets, one line a feature; each event's depend on that event alone."""
        lines = np.empty((len(_no_features), events))
        lines[:] = _no_features
        for facet, end, found in zip(FACETS, _ends, self._found, strict=True):
            if found.rows:
                columns = facet.features_of(found.numbers)
                lines[end - len(columns) : end, found.rows] = columns
        return lines


@dataclass(slots=True)
class _Found:
    """What a facet's sellers gave in one batch."""

    measure: Callable[[Profile, Moment], tuple[float, ...]]
    nothing: tuple[float, ...]
    pack: Callable[..., bytes]
    rows: list[int] = field(default_factory=list)
    packed: list[bytes] = field(default_factory=list)

    @property
    def numbers(self) -> Matrix:
        """One line a number, one column for each of `rows`."""
        return np.frombuffer(b"".join(self.packed), dtype="<f8").reshape(len(self.rows), -1).T
