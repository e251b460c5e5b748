"""What the alerts of a replay are worth against the truth."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from bench.data.dataset import Dataset

AFTERMATH = 45
"""Days after its bad time in which an alert about a seller is no false alarm."""
FIRST_ORDERS = 20


class AlertLine(msgspec.Struct, frozen=True):
    """What is read of one line of `--alerts`."""

    seller_id: str
    pattern: str
    event_time: datetime


@dataclass
class Worth:
    """Counts over all alerts of one replay."""

    alerts: int = 0
    by_pattern: Counter[str] = field(default_factory=Counter)
    sellers_alerted: int = 0
    false_alarms: int = 0
    """Alerts about sellers that were honest then, and for `AFTERMATH` days before."""
    honest_seller_days: int = 0
    spells: int = 0
    """Times in which a seller was bad; always is one."""
    spells_alerted: int = 0
    early: float | None = None
    """Share of the bad sellers with orders that were alerted within their first `FIRST_ORDERS`."""
    early_of_busy: float | None = None
    """The same, of those that had so many."""

    @property
    def false_alarm_rate(self) -> float | None:
        """False alarms per 1,000 honest sellers and day."""
        return 1_000 * self.false_alarms / self.honest_seller_days if self.honest_seller_days else None


class Calendar:
    """Which seller was bad, or had been shortly before, on which day from the first order to the last."""

    def __init__(self, dataset: Dataset) -> None:
        ordered = dataset.orders()["event_time"].dt.date()
        self._first: date = ordered[0]
        days = self._column(ordered[-1]) + 1
        self._row = {seller: row for row, seller in enumerate(dataset.sellers())}
        self._tainted: npt.NDArray[np.bool_] = np.zeros((len(self._row), days), np.bool_)
        self.spells = [bad for bad in dataset.truth if bad.what == "seller" and bad.id in self._row]
        for bad in self.spells:
            since = self._column(bad.since) if bad.since else 0
            until = self._column(bad.until) + AFTERMATH if bad.until else days
            self._tainted[self._row[bad.id], max(since, 0) : max(until, 0)] = True

    def honest_seller_days(self) -> int:
        return int(self._tainted.size - np.count_nonzero(self._tainted))

    def is_false_alarm(self, alert: AlertLine) -> bool:
        day = min(max(self._column(alert.event_time.date()), 0), self._tainted.shape[1] - 1)
        return not self._tainted[self._row[alert.seller_id], day]

    def _column(self, day: date) -> int:
        return (day - self._first).days


def weigh(alerts: Path, dataset: Dataset) -> Worth:
    """Counts over the lines of `alerts`, held against the truth of `dataset`."""
    calendar = Calendar(dataset)
    worth = Worth(honest_seller_days=calendar.honest_seller_days(), spells=len(calendar.spells))
    times: dict[str, list[datetime]] = {}
    for alert in read_alerts(alerts):
        worth.alerts += 1
        worth.by_pattern[alert.pattern] += 1
        worth.false_alarms += calendar.is_false_alarm(alert)
        times.setdefault(alert.seller_id, []).append(alert.event_time)
    worth.sellers_alerted = len(times)
    worth.spells_alerted = sum(_within(times.get(bad.id, []), bad.since, bad.until) for bad in calendar.spells)
    always_bad = {bad.id for bad in calendar.spells if bad.since is None}
    if always_bad:
        first = {seller: min(of_seller) for seller, of_seller in times.items()}
        worth.early, worth.early_of_busy = _early(dataset.orders(), always_bad, first)
    return worth


def read_alerts(path: Path) -> Iterator[AlertLine]:
    decode = msgspec.json.Decoder(AlertLine).decode
    with path.open("rb") as lines:
        for line in lines:
            yield decode(line)


def _within(times: list[datetime], since: date | None, until: date | None) -> bool:
    return any((since or date.min) <= time.date() < (until or date.max) for time in times)


def _early(
    orders: pl.DataFrame, sellers: set[str], first_alert: dict[str, datetime]
) -> tuple[float | None, float | None]:
    """Shares of `sellers` alerted by order `FIRST_ORDERS`: of all, of those that had so many."""
    found: list[bool] = []
    busy: list[bool] = []
    for (seller,), own in orders.group_by("seller_id", maintain_order=True):
        if seller not in sellers:
            continue
        is_busy = own.height >= FIRST_ORDERS
        limit = own["event_time"][FIRST_ORDERS - 1].replace(tzinfo=UTC) if is_busy else None
        alert = first_alert.get(str(seller))
        early = alert is not None and (limit is None or alert <= limit)
        found.append(early)
        busy += [early] * is_busy
    return _mean(found), _mean(busy)


def _mean(flags: list[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None
