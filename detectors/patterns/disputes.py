"""Orders that turned out bad: disputes of the last day, week and month, and their episodes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from detectors.batch import Batch, Column, above, rise
from detectors.patterns.base import Case, Term, against, share


def _say_episode(case: Case) -> str:
    return against(case, f"of the orders old enough to be judged, {share(case.observed)} of the last were bad")


def _say_week(case: Case) -> str:
    return against(case, f"disputes of 7 days weigh {share(case.observed)} against the week's orders")


def _say_month(case: Case) -> str:
    return against(case, f"disputes of 30 days weigh {share(case.observed)} against the month's orders")


def _say_day(case: Case) -> str:
    return against(case, f"disputes of the last day weigh {share(case.observed)} against the day's orders")


def _say_refunds(case: Case) -> str:
    return against(case, f"refunds of 30 days weigh {share(case.observed)} against the month's orders")


@dataclass(frozen=True)
class Disputes:
    """Looks for sellers whose orders come back as disputed, days after they were placed.

    A compromised or fraudulent seller is bad for weeks, order after order, and labels tell of it about a week
    late, at the beginning and at the end. So runs of bad orders are counted in orders, not in days: the share
    of bad among the last orders that can have been labelled by now.

    Misses what nobody disputes: illicit goods whose buyers are content.

    Args:
        episode, week, month, day, refunds: Weight of each fact.
    """

    name: ClassVar[str] = "disputes"
    terms: ClassVar[tuple[Term, ...]] = (
        Term("bad_episode", "bad_episode", _say_episode),
        Term("disputes_7d", "disputes_7d", _say_week),
        Term("disputes_30d", "disputes_30d", _say_month),
        Term("disputes_1d", "disputes_1d", _say_day),
        Term("refunds", "refunds", _say_refunds),
    )

    episode: float = 3.6
    week: float = 1.2
    month: float = 0.8
    day: float = 0.4
    refunds: float = 0.8

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f, peers = batch.features, batch.peers
        lasting = 1.0 - 0.7 * f["bad_since"]
        return (
            self.episode * rise(f["bad_episode"], 0.42, 0.12) * lasting,
            self.week * above(f["disputes_7d"], peers["disputes_7d"]),
            self.month * above(f["disputes_30d"], peers["disputes_30d"]),
            self.day * f["disputes_1d"],
            self.refunds * above(f["refunds"], 2.0 * peers["refunds"]) * f["refunds"],
        )
