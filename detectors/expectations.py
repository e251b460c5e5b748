"""What an operator expects of the marketplace's trade: corridors, categories, lists of sellers.

Parts of the alert policy, kept free of everything else so that patterns and facets can look at them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

from annotated_types import Ge, Gt, Le, Len

from detectors.events import Micros

ANYWHERE = "*"
"""A country of a corridor that stands for all."""
Country = Annotated[str, Len(1, 64)]
Words = Annotated[str, Len(1, 512)]


@dataclass(frozen=True)
class Corridor:
    """Trade from one country to another that deserves a closer look."""

    origin: Country
    """ISO 3166 code as in the events, or `*`."""
    destination: Country
    """ISO 3166 code as in the events, or `*`."""
    risk: Annotated[float, Ge(0.0), Le(1.0)]
    """0 means none, 1 the most."""


@dataclass(frozen=True)
class Expectation:
    """What a parcel of one category is like; what is not given is not checked."""

    lightest_grams: Annotated[int, Ge(0), Le(10**9)] = 0
    heaviest_grams: Annotated[int, Gt(0), Le(10**9)] = 10**9
    cheapest_minor: Annotated[int, Ge(0), Le(10**15)] = 0
    """Declared value in cents of EUR (or about as much in another currency)."""
    dearest_minor: Annotated[int, Gt(0), Le(10**15)] = 10**15
    words: tuple[Words, ...] = ()
    """What is declared names one of these; none: anything goes."""


@dataclass(frozen=True)
class ListedSeller:
    """A seller that is treated in a way of its own until a moment."""

    seller_id: Annotated[str, Len(1, 128)]
    until: Micros
    """From this event time on it is treated as all others."""
    reason: Words


@dataclass(frozen=True)
class Market:
    """All that the operator expects."""

    corridors: tuple[Corridor, ...] = ()
    expectations: Mapping[str, Expectation] = field(default_factory=dict)
    """By category, as it stands in the events."""
    trusted: tuple[ListedSeller, ...] = ()
    """Sellers about whom nobody is alerted."""
    watched: tuple[ListedSeller, ...] = ()
    """Sellers for whom the line lies lower."""

    @cached_property
    def _risks(self) -> Mapping[tuple[str, str], float]:
        return {(c.origin, c.destination): c.risk for c in self.corridors}

    @cached_property
    def _trusted(self) -> Mapping[str, Micros]:
        return {listed.seller_id: listed.until for listed in self.trusted}

    @cached_property
    def _watched(self) -> Mapping[str, Micros]:
        return {listed.seller_id: listed.until for listed in self.watched}

    def corridor_risk(self, origin: str, destination: str) -> float:
        """Risk 0..1 of the closest corridor: both countries, then the origin's, then the destination's; 0: none."""
        risks = self._risks
        if not risks:
            return 0.0
        for corridor in (origin, destination), (origin, ANYWHERE), (ANYWHERE, destination), (ANYWHERE, ANYWHERE):
            if corridor in risks:
                return risks[corridor]
        return 0.0

    def expectation(self, category: str | None) -> Expectation | None:
        """What a parcel of the category is like; `None`: nothing is known of it."""
        return self.expectations.get(category) if category else None

    def trusts(self, seller_id: str, now: Micros) -> bool:
        """Whether the seller stands on the list of trusted ones at this event time."""
        return now < self._trusted.get(seller_id, now)

    def watches(self, seller_id: str, now: Micros) -> bool:
        """Whether the seller stands on the list of watched ones at this event time."""
        return now < self._watched.get(seller_id, now)


NO_EXPECTATIONS = Market()
