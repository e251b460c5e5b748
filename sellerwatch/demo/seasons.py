"""The marketplace of the demo: a past, then seasons one after the other, for as long as anyone watches."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from simulator import LiveEvent, Marketplace, live

PAST = timedelta(days=8)
"""What the first season has behind it when the show begins: enough to know the sellers by."""
SEASON = timedelta(days=45)
"""Most illicit sellers begin in the first half of a season."""
BEHIND = timedelta(days=365)
"""The market's clock begins so long ago, so that it does not soon run ahead of ours."""


class Season(NamedTuple):
    """One marketplace, with its own sellers."""

    number: int
    begins: datetime
    """Market time at which its present begins."""
    ends: datetime
    market: Marketplace
    events: Iterator[LiveEvent]


class Show(msgspec.Struct, frozen=True):
    """Everything that the marketplace follows from; two processes with equal ones see the same."""

    seed: int
    sellers: int
    speed: float
    begins: datetime

    @classmethod
    def starting_now(cls, seed: int, sellers: int, speed: float) -> "Show":
        """A show whose market time lies in the past, for as long as most people watch."""
        return cls(seed, sellers, speed, datetime.now(UTC).replace(microsecond=0) - BEHIND)

    def season(self, number: int) -> Season:
        """The first season, 0, has a past; each begins when the one before ends."""
        begins = self.begins + number * SEASON - (PAST if number else timedelta(0))
        ends = begins + SEASON - (timedelta(0) if number else PAST)
        market, events = live(
            self.seed + number,
            self.sellers,
            self.speed,
            now=begins,
            days=SEASON.days,
            warm_up=timedelta(0) if number else PAST,
        )
        return Season(number, begins, ends, market, events)
