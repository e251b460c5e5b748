"""What one policy made of a period: its alerts, and the highest score of each seller."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median
from typing import Final, NamedTuple

from streams.fold import Step

MOST_DAYS: Final = 3_660
Case = tuple[str, str]
"""Seller and pattern: what one alert, with its escalations, is about."""


class Raised(NamedTuple):
    """An alert when it was raised."""

    alert_id: str
    seller_id: str
    pattern: str
    severity: str
    score: float
    day: str
    orders_before: int
    """The seller's orders up to it."""
    orders: tuple[str, ...]
    """Orders that it rests on."""
    reason: str
    """The strongest one, in words."""


@dataclass
class Side:
    """Gathers what came of the steps of one replay."""

    name: str
    version: str
    raised: list[Raised] = field(default_factory=list)
    escalations: int = 0
    highest: dict[str, float] = field(default_factory=dict)
    """The highest score of each seller."""
    outcomes: Counter[str] = field(default_factory=Counter)
    days: set[str] = field(default_factory=set)
    """Days with decisions."""
    patterns: dict[str, str] = field(default_factory=dict)
    """Of each alert and escalation, by its id."""
    latest: dict[Case, str] = field(default_factory=dict)
    """Id of the last alert, or escalation, of each seller and pattern."""
    _orders: Counter[str] = field(default_factory=Counter)
    _placed: dict[str, int] = field(default_factory=dict)
    """Of the events of one step: the seller's orders up to each."""

    def take(self, steps: Iterable[Step]) -> None:
        """Adds what came of some steps."""
        for step in steps:
            for effects in step.effects:
                for decision in effects.decisions:
                    seller = decision.seller_id
                    self.outcomes[decision.outcome] += 1
                    self.days.add(decision.event_time[:10])
                    if decision.seller_score > self.highest.get(seller, -1.0):
                        self.highest[seller] = decision.seller_score
                    if decision.type == "order.placed":
                        self._orders[seller] += 1
                    self._placed[decision.event_id] = self._orders[seller]
                for alert in effects.alerts:
                    self.patterns[alert.alert_id] = alert.pattern
                    self.latest[alert.seller_id, alert.pattern] = alert.alert_id
                    if alert.escalation:
                        self.escalations += 1
                        continue
                    tipping = alert.evidence.events[0] if alert.evidence.events else ""
                    before = self._placed.get(tipping, self._orders[alert.seller_id])
                    raised = Raised(
                        alert.alert_id,
                        alert.seller_id,
                        alert.pattern,
                        alert.severity,
                        alert.score,
                        alert.event_time[:10],
                        before,
                        tuple(alert.evidence.orders),
                        alert.reasons[0].text if alert.reasons else "",
                    )
                    self.raised.append(raised)
                self._placed.clear()

    @property
    def cases(self) -> dict[Case, Raised]:
        """The first alert of each seller and pattern."""
        found: dict[Case, Raised] = {}
        for alert in self.raised:
            found.setdefault((alert.seller_id, alert.pattern), alert)
        return found

    @property
    def sellers(self) -> dict[str, Raised]:
        """The first alert of each seller."""
        found: dict[str, Raised] = {}
        for alert in self.raised:
            found.setdefault(alert.seller_id, alert)
        return found


def calendar(days: Iterable[str]) -> list[str]:
    """All days from the first to the last, without gaps; of a stray clock's period, the days that there are."""
    known = sorted(days)
    if not known:
        return []
    first, last = date.fromisoformat(known[0]), date.fromisoformat(known[-1])
    if (last - first).days > MOST_DAYS:  # one event dated 1970 must not stretch tables and plots over decades
        return list(dict.fromkeys(known))
    return [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]


def a_day(side: Side, days: Sequence[str]) -> list[int]:
    """Alerts raised on each of the days."""
    count = Counter(alert.day for alert in side.raised)
    return [count[day] for day in days]


def middle(values: Sequence[float]) -> float | None:
    """The median; `None` of nothing."""
    return float(median(values)) if values else None
