"""The numbers of a backtest: what stands in its table, its HTML and its JSON."""

from collections import Counter
from typing import Any, NamedTuple

from sellerwatch.backtest.cases import Precision
from sellerwatch.backtest.run import Outcome
from sellerwatch.backtest.side import Raised, Side, a_day, calendar, middle


class Line(NamedTuple):
    """One measure on both sides; `None`: it is not known."""

    name: str
    before: float | str | None
    after: float | str | None
    kind: str = "count"
    """`count`, `share`, `number` or `text`."""


class PatternLine(NamedTuple):
    """Sellers alerted by one pattern."""

    pattern: str
    before: int
    after: int
    added: int
    lost: int
    right: Precision | None
    """Of the alerts on the new side, by the best source there is: truth, else verdicts."""


def totals(outcome: Outcome) -> list[Line]:
    """Both sides in numbers."""
    before, after, cases = outcome.before, outcome.after, outcome.cases
    days = calendar(before.days | after.days)

    def both(name: str, measure: Any, kind: str = "count") -> Line:
        return Line(name, measure(before), measure(after), kind)

    lines = [
        both("policy", lambda side: side.version, "text"),
        both("alerts raised", lambda side: len(side.raised)),
        both("escalations", lambda side: side.escalations),
        both("sellers alerted", lambda side: len(side.sellers)),
        both("alerts a day, mean", lambda side: len(side.raised) / max(len(days), 1), "number"),
        both("alerts a day, most", lambda side: max(a_day(side, days), default=0)),
    ]
    if cases.truth is not None:
        lines += [
            both("precision by the truth", lambda side: _share(cases.by_truth(side.sellers.values())), "share"),
            both("illicit sellers found", lambda side: _share(cases.found(side.sellers)), "share"),
            both("orders before an illicit seller's alert, median", lambda side: _orders(outcome, side), "number"),
        ]
    lines += [
        both("alerts judged by verdicts", lambda side: cases.by_verdicts(side.raised).judged),
        both("precision by verdicts", lambda side: _share(cases.by_verdicts(side.raised)), "share"),
        both("alerts that rest on a disputed order", lambda side: _share(cases.by_disputes(side.raised)), "share"),
    ]
    return lines


def _share(precision: Precision | None) -> float | None:
    return precision.share if precision is not None else None


def _orders(outcome: Outcome, side: Side) -> float | None:
    truth = outcome.cases.truth or {}
    return middle([alert.orders_before for alert in side.sellers.values() if truth.get(alert.seller_id)])


def by_pattern(outcome: Outcome) -> list[PatternLine]:
    """Sellers alerted by each pattern: on both sides, added and lost."""
    before, after = outcome.before.cases, outcome.after.cases
    counts = [Counter(pattern for _, pattern in cases) for cases in (before, after)]
    added = Counter(pattern for _, pattern in after.keys() - before.keys())
    lost = Counter(pattern for _, pattern in before.keys() - after.keys())
    lines = []
    for pattern in sorted(set(counts[0]) | set(counts[1])):
        alerts = [alert for (_, name), alert in after.items() if name == pattern]
        right = outcome.cases.by_truth(alerts) or outcome.cases.by_verdicts(alerts)
        lines.append(PatternLine(pattern, counts[0][pattern], counts[1][pattern], added[pattern], lost[pattern], right))
    return lines


def moved(outcome: Outcome) -> tuple[list[Raised], list[Raised]]:
    """First alerts of sellers that only the new side alerts, and of those that only the present one does."""
    before, after = outcome.before.sellers, outcome.after.sellers
    added = [alert for seller, alert in after.items() if seller not in before]
    lost = [alert for seller, alert in before.items() if seller not in after]
    return sorted(added, key=_strongest), sorted(lost, key=_strongest)


def _strongest(alert: Raised) -> tuple[float, str]:
    return -alert.score, alert.seller_id


def known_of(outcome: Outcome, alert: Raised) -> str:
    """What is known afterwards of an alert's seller."""
    cases = outcome.cases
    if cases.truth is not None and alert.seller_id in cases.truth:
        return "illicit" if cases.truth[alert.seller_id] else "honest"
    if alert.seller_id in cases.verdicts:
        return "confirmed" if cases.verdicts[alert.seller_id] else "dismissed"
    return "disputed" if any(order in cases.disputed for order in alert.orders) else "-"


def said(value: float | str | None, kind: str) -> str:
    """A measure as people read it."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if kind == "share":
        return f"{100.0 * value:.1f} %"
    return f"{value:.1f}" if kind == "number" else f"{value:,.0f}"


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Everything, for programs."""
    added, lost = moved(outcome)
    return {
        "records": outcome.records,
        "totals": [line._asdict() for line in totals(outcome)],
        "patterns": [
            {**line._asdict(), "right": line.right._asdict() if line.right else None} for line in by_pattern(outcome)
        ],
        "added": [{**alert._asdict(), "known": known_of(outcome, alert)} for alert in added],
        "lost": [{**alert._asdict(), "known": known_of(outcome, alert)} for alert in lost],
    }
