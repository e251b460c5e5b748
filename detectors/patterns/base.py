"""What a pattern is: named terms of evidence, and a sentence for each."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from msgspec import Struct

from detectors.batch import Batch, Column
from detectors.events import SECOND, Micros
from detectors.profiles.profile import Link, Profile

S = TypeVar("S")


class Row(Struct, gc=False):
    """One scored event: what its reasons tell, as the profile was at that moment."""

    index: int
    """Position in the batch of records."""
    profile: Profile
    """To keep its alerts; everything else of it has moved on."""
    time: int
    number: int
    """Orders of the seller so far."""
    currency: str
    """Of the usual price."""
    recent: tuple[str, ...]
    links: tuple[Link, ...]
    cohort: str
    sampled: bool
    """Whether the order may become a training row."""
    is_order: bool = True
    states: tuple[Any, ...] = ()
    """Of the facets, as they were."""
    chance: int = 0
    """By the event id, 0 .. 2**32 - 1: whether the event is chosen for review; see `detectors.policy_parts`."""
    plain: str = ""
    """What the event's texts say, folded, where it is to be kept."""
    proven: bool = False
    """Whether the seller has traded for long without a complaint."""


class Raw(NamedTuple):
    """Counts that sentences need, as they were."""

    orders: int
    near: int
    prices: int
    usual_amount: int
    days: int = 0
    """Since the account was opened, or first seen."""
    unverified: float = 0.5
    """As in `Profile`."""

    @classmethod
    def of(cls, numbers: Sequence[float]) -> "Raw":
        """Of the raw numbers in their order: all but the last are counts."""
        orders, near, prices, usual_amount, days = map(int, numbers[:-1])
        return cls(orders, near, prices, usual_amount, days, numbers[-1])


class Case(NamedTuple):
    """One term of one event, about to be put into words."""

    observed: float
    own: float | None
    peer: float
    row: Row
    raw: Raw

    def state(self, kind: type[S], nothing: S) -> S:
        """What a facet remembered of the seller, by the type of its struct; `nothing` where it has none."""
        return next((state for state in self.row.states if type(state) is kind), nothing)


class Term(NamedTuple):
    """One kind of evidence, with the feature whose norms a reason states."""

    code: str
    feature: str
    say: Callable[[Case], str]


class Pattern(Protocol):
    """One behaviour that is looked for.

    A pattern may have `idle_below`, features with a level each: where none of them is above its level in any event
    of a batch, the pattern has no evidence at all, and is not asked.
    """

    @property
    def name(self) -> str:
        """How alerts and decisions call it."""
        ...

    @property
    def terms(self) -> tuple[Term, ...]:
        """In the order of the columns of `weigh`."""
        ...

    def weigh(self, batch: Batch) -> Sequence[Column]:
        """Evidence of each term, 0 and more, for every event of the batch; changes nothing."""
        ...


def account(case: Case) -> str:
    """`known for 12 days, not verified, after 3 orders`."""
    raw = case.raw
    identity = "verified" if not raw.unverified else "identity not known" if raw.unverified == 0.5 else "not verified"
    return f"known for {raw.days} day(s), {identity}, after {raw.orders} order(s)"


def share(value: float) -> str:
    """`37 %`; small shares keep a digit."""
    percent = 100.0 * value
    return f"{percent:.0f} %" if percent >= 9.5 or percent == 0.0 else f"{percent:.1f} %"


def on_day(time: Micros) -> str:
    """` on 2026-03-02`; nothing where the time is not known."""
    return f" on {datetime.fromtimestamp(time // SECOND, UTC):%Y-%m-%d}" if time else ""


def of_ten(value: float) -> str:
    return f"{value * 10.0:.0f} of 10"


def against(case: Case, what: str) -> str:
    """`what`, then the seller's own and its peers' usual share."""
    own = "" if case.own is None else f"own norm {share(case.own)}, "
    return f"{what} ({own}peers {share(case.peer)})"
