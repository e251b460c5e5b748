"""The tables that `python -m bench.replays` prints."""

from collections.abc import Mapping, Sequence
from statistics import mean

from bench.replays.alerts import FIRST_ORDERS, Worth
from bench.replays.protocol import Week
from bench.replays.run import Replay

PUBLISHED = (
    "Published on the four weeks after these: logistic regression 0.868, 0.623, 0.297; random forest 0.870, "
    "0.678, 0.299; XGBoost 0.869, 0.687, 0.303 (ROC AUC, average precision, card precision@100)."
)
Results = Mapping[str, tuple[Replay, Worth]]


def report(results: Results, weeks: Sequence[Week]) -> str:
    """All tables, as Markdown."""
    parts = ["## Replays", _replays(results), "## Alerts by pattern", _patterns(results)]
    if weeks:
        parts += ["## Order scores on handbook, by its book's protocol", _weeks(weeks), PUBLISHED]
    return "\n\n".join(parts) + "\n"


def _replays(results: Results) -> str:
    heads = (
        "data",
        "events",
        "events/s",
        "peak MB",
        "alerts",
        "sellers alerted",
        "false alarms per 1,000 honest sellers and day",
        "bad spells alerted",
        f"bad sellers alerted in their first {FIRST_ORDERS} orders",
        f"the same, of those with {FIRST_ORDERS} orders",
    )
    rows = [
        (
            name,
            f"{run.events:,}",
            f"{run.rate:,.0f}",
            f"{run.peak_mb:,.0f}",
            f"{worth.alerts:,}",
            f"{worth.sellers_alerted:,}",
            _number(worth.false_alarm_rate, "{:.3f}"),
            f"{worth.spells_alerted:,} of {worth.spells:,}" if worth.spells else "-",
            _number(worth.early, "{:.1%}"),
            _number(worth.early_of_busy, "{:.1%}"),
        )
        for name, (run, worth) in results.items()
    ]
    return table(heads, rows)


def _patterns(results: Results) -> str:
    patterns = sorted({pattern for _, worth in results.values() for pattern in worth.by_pattern})
    rows = [(name, *(f"{worth.by_pattern[pattern]:,}" for pattern in patterns)) for name, (_, worth) in results.items()]
    return table(("data", *patterns), rows)


def _weeks(weeks: Sequence[Week]) -> str:
    heads = (
        "week from",
        "orders",
        "frauds",
        "unscored",
        "ROC AUC",
        "average precision",
        "card precision@100",
    )
    rows = [
        (f"{week.begins}", f"{week.rows:,}", f"{week.frauds:,}", f"{week.unscored:,}", *_thousandths(week))
        for week in weeks
    ]
    means = [mean(column) for column in zip(*(_scores(week) for week in weeks), strict=True)]
    return table(heads, [*rows, ("mean", "", "", "", *(f"{value:.3f}" for value in means))])


def _scores(week: Week) -> tuple[float, float, float]:
    return week.auc, week.average_precision, week.card_precision


def _thousandths(week: Week) -> list[str]:
    return [f"{value:.3f}" for value in _scores(week)]


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns also line up in a terminal."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    rule = ["-" * max(width, 3) for width in widths]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (heads, rule, *rows)
    )
