"""The first section of a report: how much there was, and what became of it."""

from datetime import date, timedelta
from typing import Final

from detectors.events import DAY
from sellerwatch.report.ledger import Ledger
from sellerwatch.report.model import Cell, Chart, Column, Line, Period, Section, Table
from sellerwatch.report.prepared import WITHIN

LONGEST: Final = 800
"""Days that are drawn one by one."""
_EPOCH: Final = date(1970, 1, 1)


def overview(ledger: Ledger, period: Period, unreadable: int) -> Section:
    """Decisions, alerts and sellers of the period, by day, pattern and outcome."""
    within = {"start": period.start, "end": period.end}

    def count(query: str) -> int:
        return ledger.number(query, **within)

    rows: list[list[Cell]] = [
        ["decisions", count(f"SELECT count(*) FROM decision WHERE {WITHIN}")],  # noqa: S608 - no values in it
        ["sellers with decisions", count("SELECT count(*) FROM active")],
        ["alerts raised", count("SELECT count(*) FROM cases")],
        ["escalations of alerts", count(f"SELECT count(*) FROM alert WHERE id <> first AND {WITHIN}")],  # noqa: S608
        ["sellers alerted", count("SELECT count(DISTINCT seller) FROM cases")],
        ["alerts confirmed", count("SELECT count(*) FROM cases WHERE verdict = 'confirmed'")],
        ["alerts dismissed", count("SELECT count(*) FROM cases WHERE verdict = 'dismissed'")],
        ["alerts without a verdict", count("SELECT count(*) FROM cases WHERE verdict IS NULL")],
    ]
    totals = Table("totals", "Totals", (Column("what", "what", "text"), Column("count", "count")), rows)
    warnings = [] if rows[0][1] else ["Nothing was decided in the period: look at --from, --to, and at what was read."]
    if unreadable:
        warnings.append(f"{unreadable:,} lines of the log could not be read and were passed over.")
    text = ["Every decision, alert and event counts once, however often it was told. Later verdicts count, too."]
    outcomes = f"SELECT outcome, count(*) FROM decision WHERE {WITHIN} GROUP BY 1 ORDER BY 2 DESC, 1"  # noqa: S608
    patterns = """SELECT pattern, severity, count(*), count(DISTINCT seller) FROM cases
                  GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"""
    tables = [
        totals,
        Table(
            "patterns",
            "Alerts by pattern and severity",
            (
                Column("pattern", "pattern", "text"),
                Column("severity", "severity", "text"),
                Column("alerts", "alerts"),
                Column("sellers", "sellers"),
            ),
            [list(row) for row in ledger.rows(patterns)],
        ),
        Table(
            "outcomes",
            "Decisions by what the policy made of them",
            (Column("outcome", "outcome", "text"), Column("decisions", "decisions")),
            [list(row) for row in ledger.rows(outcomes, **within)],
        ),
    ]
    return Section("overview", "Overview", text, warnings, _charts(ledger, period), tables)


def _charts(ledger: Ledger, period: Period) -> list[Chart]:
    days = range(period.start // DAY, min(-(-period.end // DAY), period.start // DAY + LONGEST))
    raised = "SELECT day, sum(n) FROM daily WHERE what = 'alert' GROUP BY day"
    wrong = "SELECT time / 86400000000, sum(verdict IS 'dismissed') FROM cases GROUP BY 1"
    found, judged = ({row[0]: row[1] for row in ledger.rows(query)} for query in (raised, wrong))
    labels = [(_EPOCH + timedelta(days=each)).isoformat() for each in days]
    alerts = Line("alerts", [float(found.get(each, 0)) for each in days])
    dismissed = Line("dismissed", [float(judged.get(each, 0)) for each in days])
    patterns = """SELECT pattern, count(*), sum(verdict IS 'dismissed') FROM cases
                  GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 8"""
    by_pattern = list(ledger.rows(patterns))
    drawn = [Chart("lines", "Alerts raised a day", labels, [dismissed, alerts])]
    if by_pattern:
        names, counts, mistaken = zip(*by_pattern, strict=True)
        bars = [Line("dismissed", [float(each) for each in mistaken]), Line("alerts", [float(each) for each in counts])]
        drawn.append(Chart("bars", "Alerts by pattern", list(names), bars))
    return drawn
