"""The alerts that were delivered, against the truth that the simulator knows."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from sellerwatch.receiver import ReceivedAlert
from simulator import Truth

SHOWN = 50
"""Alerts that are kept for looking at."""


@dataclass(frozen=True)
class Judged:
    """An alert, and whether it was right."""

    alert: dict[str, Any]
    escalated: bool
    true: bool
    kind: str
    """What the seller really is."""
    at: float
    """Seconds after the demo's start at which it was verified."""


class Suspect(NamedTuple):
    """A seller that is illicit."""

    kind: str
    since: datetime
    found: bool


class Scoreboard:
    """Counts true and false alerts, and the illicit sellers found so far."""

    def __init__(self) -> None:
        self.latest: deque[Judged] = deque(maxlen=SHOWN)
        self.true = self.false = 0
        self.first_true: float | None = None
        self.found: set[str] = set()
        self._kinds: dict[str, str] = {}
        self._since: dict[str, datetime] = {}
        self._opened_for_it: set[str] = set()

    def learn(self, truths: Iterable[bytes]) -> None:
        """Takes in what a season's sellers really are."""
        for truth in (msgspec.json.decode(line, type=Truth) for line in truths):
            self._kinds[truth.seller_id] = truth.kind
            if truth.illicit and truth.since:
                self._since[truth.seller_id] = datetime.fromisoformat(truth.since)
                if truth.group:
                    self._opened_for_it.add(truth.seller_id)

    def judge(self, received: ReceivedAlert, at: float) -> Judged:
        """Counts a verified alert.

        It is true when its seller had turned illicit by the event it is about. Accounts of a ring, or of
        somebody who was banned, are illicit from the day they are opened.
        """
        alert = received.alert
        seller = alert["seller_id"]
        since = self._since.get(seller)
        turned = since is not None and datetime.fromisoformat(alert["event_time"]) >= since
        true = turned or seller in self._opened_for_it
        judged = Judged(alert, received.type == "alert.escalated", true, self._kinds.get(seller, "unknown"), at)
        self.latest.appendleft(judged)
        self.true += true
        self.false += not true
        if true:
            self.found.add(seller)
            self.first_true = at if self.first_true is None else self.first_true
        return judged

    @property
    def alerts(self) -> int:
        return self.true + self.false

    @property
    def precision(self) -> float | None:
        """Share of the alerts that were true; `None` before the first."""
        return self.true / self.alerts if self.alerts else None

    def active(self, market_time: datetime) -> int:
        """How many sellers had turned illicit by then, or were found before."""
        return len(self.suspects(market_time))

    def suspects(self, market_time: datetime) -> list[Suspect]:
        """Those sellers, the latest first."""
        turned = [
            Suspect(self._kinds[seller], since, seller in self.found)
            for seller, since in self._since.items()
            if since <= market_time or seller in self.found
        ]
        return sorted(turned, key=attrgetter("since"), reverse=True)
