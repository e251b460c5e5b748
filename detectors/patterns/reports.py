"""Reports, weighed by the record of who files them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from detectors.batch import Batch, Column, Matrix, above, half, rise
from detectors.events import Micros, Record, ReportFiled
from detectors.patterns.base import Case, Term, account, against, share
from detectors.profiles.facet_states import Reports
from detectors.profiles.marks import holds, mark_of
from detectors.profiles.moment import Learner, Moment
from detectors.profiles.profile import Profile
from detectors.profiles.running import faded

NONE: Final = Reports()
REPORTERS: Final = 8
NAMELESS: Final = 0.3
"""What the first report without a reporter weighs."""
MOST_NAMELESS: Final = 3.0
"""To what weight such reports can bring a seller: they may all be one person's."""


def weight_of(record: Record) -> float:
    """0..1: how much a report says, by what is known of its reporter.

    A stranger weighs a third, a buyer of this seller in full. Each seller that the reporter named before and that
    stands banned or confirmed now speaks for the reporter, each other one against.
    """
    body = record.body
    if not isinstance(body, ReportFiled) or not body.reporter_id:
        return NAMELESS
    right, wrong, bought = 0.0, 0.0, 0.35
    for seen in record.seen:
        if seen.kind == "reporter":
            right = float(len([other for other in seen.others if other.status]))
            wrong = max(seen.sellers - right, 0.0) + max(seen.events - seen.sellers - 1.0, 0.0) * 0.5
        elif seen.kind == "buyer":
            bought = 1.0 if seen.own else bought
    return (bought + 2.0 * right) / (1.0 + 2.0 * right + wrong)


def _learn_report(p: Profile, record: Record, body: ReportFiled, time: Micros, _m: Moment) -> None:
    before = p.reports or NONE
    weight, ring, left = weight_of(record), before.reporters, faded(before.weight, time - before.at, 30.0)
    if not body.reporter_id:
        weight *= max(1.0 - left / MOST_NAMELESS, 0.0)
    else:
        mark = mark_of(body.reporter_id)
        if holds(ring, mark):
            weight *= 0.05  # the same person again says little more
        else:
            ring = (ring + mark)[-4 * REPORTERS :]
    p.reports = Reports(
        time,
        before.count + 1,
        left + weight,
        ring,
    )


class ReportsFacet:
    """The month's reports by weight, against orders, and how many people filed them."""

    state: ClassVar[str] = "reports"
    nothing: ClassVar[tuple[float, ...]] = (0.0, 0.0, 0.0)
    features: ClassVar[tuple[str, ...]] = ("report_weight", "report_people", "report_share")
    prior: ClassVar[Mapping[str, float]] = {}

    def learns(self) -> Mapping[type, Learner]:
        return {ReportFiled: _learn_report}

    def measure(self, p: Profile, _m: Moment) -> tuple[float, ...]:
        s = p.reports or NONE
        return faded(s.weight, p.clock - s.at, 30.0), len(s.reporters) / 4.0, p.orders_30d

    def features_of(self, raw: Matrix) -> Sequence[Column]:
        (weight, people, orders) = raw
        return (
            weight / (weight + 2.0 + 0.05 * orders),
            half(above(people, 1.0), 3.0) * half(weight, 0.5),
            weight / (weight + 2.0 + orders),
        )


def _say_weight(case: Case) -> str:
    s = case.state(Reports, NONE)
    return against(case, f"{s.count} report(s), worth {s.weight:.1f} by the record of who filed them")


def _say_people(case: Case) -> str:
    people = len(case.state(Reports, NONE).reporters) // 4
    return against(case, f"filed by {people}{' or more' if people == REPORTERS else ''} different people")


def _say_new(case: Case) -> str:
    return f"the account is {account(case)}"


def _say_disputes(case: Case) -> str:
    return against(case, f"disputes of 30 days weigh {share(case.observed)} against the month's orders")


@dataclass(frozen=True)
class WeighedReports:
    """Looks for sellers that several credible people report.

    A competitor who files twenty reports weighs as one person with a poor record, and reports that name nobody never
    alert by themselves; a buyer of the seller, or someone who was right before, weighs in full. Large shops get a
    report now and then: it is held against orders.

    Misses buyers who have no reason to complain.

    Args:
        weight, people, new, disputes: Weight of each fact.
    """

    name: ClassVar[str] = "reports"
    idle_below: ClassVar[Mapping[str, float]] = {"report_weight": 0.25}
    terms: ClassVar[tuple[Term, ...]] = (
        Term("weighed_reports", "report_weight", _say_weight),
        Term("several_people", "report_people", _say_people),
        Term("young_account", "account_new", _say_new),
        Term("disputes", "disputes_30d", _say_disputes),
    )

    weight: float = 1.6
    people: float = 1.6
    new: float = 0.6
    disputes: float = 1.0

    def weigh(self, batch: Batch) -> Sequence[Column]:
        f, peers = batch.features, batch.peers
        weight = rise(above(f["report_weight"], 2.0 * peers["report_weight"]), 0.25, 0.25)
        return (
            self.weight * weight,
            self.people * weight * f["report_people"],
            self.new * weight * f["account_new"],
            self.disputes * weight * rise(f["disputes_30d"], 0.02, 0.1),
        )
