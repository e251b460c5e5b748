"""A backtest as one HTML page that stands on its own."""

from collections.abc import Iterable, Sequence
from html import escape

from sellerwatch.backtest.plots import Series, bars, lines
from sellerwatch.backtest.run import Outcome
from sellerwatch.backtest.side import Raised, a_day, calendar
from sellerwatch.backtest.table import by_pattern, known_of, moved, said, totals
from sellerwatch.page import document, table

SHOWN = 200
"""Sellers in each of the two lists."""
CAVEAT = (
    "Verdicts of the period name alerts of the policy that was in force then. Under another policy such a verdict "
    "closes the last alert of the same seller and pattern, where there is one; one on a seller closes whatever stands "
    "open."
)
LEVELS = [0.3 + 0.01 * step for step in range(70)]


def page(outcome: Outcome, title: str) -> str:
    """The whole page."""
    before, after = outcome.before, outcome.after
    days = calendar(before.days | after.days)
    patterns = by_pattern(outcome)
    added, lost = moved(outcome)
    names = [line.pattern for line in patterns]
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{outcome.records:,} records, {len(days):,} days"
        + (f", {days[0]} to {days[-1]}" if days else "")
        + ". Both sides were folded over the same records in one pass.</p>",
        table(
            ["", "present", "new"],
            [[line.name, said(line.before, line.kind), said(line.after, line.kind)] for line in totals(outcome)],
        ),
        "<h2>Alerts a day</h2>",
        lines("Alerts raised a day", days, [Series("present", a_day(before, days)), Series("new", a_day(after, days))]),
        "<h2>By pattern</h2>",
        bars(
            "Sellers alerted by each pattern",
            names,
            [Series("present", [p.before for p in patterns]), Series("new", [p.after for p in patterns])],
        ),
        table(
            ["pattern", "present", "new", "added", "lost", "precision, new"],
            [
                [p.pattern, f"{p.before}", f"{p.after}", f"{p.added}", f"{p.lost}", _precision(p.right)]
                for p in patterns
            ],
        ),
        "<h2>Sellers at or above a score</h2>",
        lines(
            "Sellers whose highest score reaches a level",
            [f"{level:.2f}" for level in LEVELS],
            [Series(side.name, [_at_least(side.highest.values(), level) for level in LEVELS]) for side in outcome[:2]],
        ),
        f"<h2>Sellers that only the new side alerts: {len(added):,}</h2>",
        _sellers(outcome, added),
        f"<h2>Sellers that only the present side alerts: {len(lost):,}</h2>",
        _sellers(outcome, lost),
        f"<p>{CAVEAT}</p>",
    ]
    return document(title, parts)


def _precision(precision: tuple[int, int] | None) -> str:
    if precision is None or not precision[1]:
        return "-"
    return f"{precision[0]} of {precision[1]}"


def _at_least(scores: Iterable[float], level: float) -> int:
    return sum(score >= level for score in scores)


def _sellers(outcome: Outcome, alerts: Sequence[Raised]) -> str:
    rows = [
        [a.seller_id, a.pattern, f"{a.score:.3f}", a.day, f"{a.orders_before}", known_of(outcome, a), a.reason]
        for a in alerts[:SHOWN]
    ]
    more = f"<p>{len(alerts) - SHOWN:,} more are in the JSON.</p>" if len(alerts) > SHOWN else ""
    head = ["seller", "pattern", "score", "day", "orders", "known", "strongest reason"]
    return table(head, rows, texts=(0, 1, 5, 6)) + more
