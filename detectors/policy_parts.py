"""Parts of the alert policy beside its thresholds: cohorts' lines, the budget of alerts, the review below the line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Len, Lt

CHANCES = 1 << 32
"""A hash of the event id is taken as a number below this: equally likely everywhere."""


@dataclass(frozen=True)
class CohortLine:
    """A line of its own for some cohorts of peers."""

    line: Annotated[float, Gt(0.0), Lt(1.0)]
    """Seller scores at or above this become alerts."""
    buyers: Literal["consumer", "business", "any"] = "any"
    """Who usually buys from these sellers."""
    category: Annotated[str, Len(0, 512)] = ""
    """What these sellers usually sell, as it stands in the events; empty: anything."""

    def holds(self, cohort: str) -> bool:
        """Whether a cohort `buyers|category|price band` is one of these."""
        parts = cohort.split("|")
        return self.buyers in ("any", parts[0]) and (not self.category or self.category in parts[1:2])


@dataclass(frozen=True)
class Budget:
    """How many alerts people can look at."""

    alerts_a_day: Annotated[float, Gt(0.0), Le(1_000_000.0)]
    """The line rises until the last days would have brought so many a day."""
    days: Annotated[int, Ge(1), Le(60)] = 7
    """So many days back are looked at."""
    highest_line: Annotated[float, Gt(0.0), Lt(1.0)] = 0.94
    """The line never rises above this: what is that clear is alerted, whatever the budget."""


@dataclass(frozen=True)
class Stratum:
    """A share of what stays below the line that people look at all the same."""

    above: Annotated[float, Ge(0.0), Lt(1.0)]
    """Seller scores from here on, up to the next stratum."""
    share: Annotated[float, Gt(0.0), Le(1.0)]
    """Of the decisions, by the hash of the event id."""


REVIEW: tuple[Stratum, ...] = (Stratum(0.0, 0.0002), Stratum(0.3, 0.005), Stratum(0.5, 0.05))


def share_of(strata: Sequence[Stratum], score: float) -> float:
    """The share of the stratum that a score lies in; 0 below the first."""
    found = 0.0
    for stratum in strata:
        if score < stratum.above:
            break
        found = stratum.share
    return found


def chosen(chance: int, share: float) -> bool:
    """Whether an event whose hash gave `chance` (0 .. `CHANCES` - 1) belongs to a sample of this share."""
    return chance < share * CHANCES
