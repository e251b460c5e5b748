"""Counts for a transparency report after the Digital Services Act: Regulation (EU) 2022/2065, articles 15, 24, 42."""

from collections.abc import Iterator
from typing import Final

from detectors.events import HOUR
from sellerwatch.report.intervals import interval
from sellerwatch.report.ledger import Ledger
from sellerwatch.report.model import Cell, Column, Period, Section, Table
from sellerwatch.report.prepared import WITHIN

SHOWN: Final = 25
"""Grounds and reasons in a table; the rest is one row."""
_NOTICES: Final = f"""
CREATE TABLE notice AS SELECT n.name AS reason, n.time, (
  SELECT min(h.time) FROM happening h WHERE h.seller = n.seller AND h.time >= n.time
  AND (h.kind = 'banned' OR (h.kind = 'removed' AND n.ref <> 0 AND h.ref = n.ref))
) AS acted FROM (SELECT * FROM happening WHERE kind = 'notice' AND {WITHIN}) n
"""  # noqa: S608 - no values in it
_MEASURES: Final = f"""
CREATE TABLE measure AS SELECT b.name AS ground, b.seller, b.time,
EXISTS (SELECT 1 FROM happening n WHERE n.seller = b.seller AND n.kind = 'notice' AND n.time <= b.time) AS noticed,
(SELECT a.id FROM alert a WHERE a.seller = b.seller AND a.time <= b.time AND a.id = a.first
 ORDER BY a.time DESC LIMIT 1) AS alert,
(SELECT min(r.time) FROM happening r WHERE r.seller = b.seller AND r.kind = 'reinstated' AND r.time >= b.time) AS undone
FROM (SELECT * FROM happening WHERE kind = 'banned' AND {WITHIN}) b
"""  # noqa: S608
TEXT: Final = (
    "A ban is taken as a restriction that a statement of reasons is owed for (article 17). A notice is a report on a "
    "seller (report.filed); it was acted on when the seller was banned or the listing it names was removed afterwards. "
    "A measure is own-initiative when nobody had reported the seller before. Sellerwatch restricts nobody: automated "
    "means detect, people decide."
)
NOT_HERE: Final = "not in Sellerwatch's data; add it"
ASKED: Final = (
    ("15(1)(a)", "orders from authorities: number, time to act", NOT_HERE),
    ("15(1)(b)", "notices by kind, action taken, median time", "table of notices"),
    ("15(1)(b)", "notices of trusted flaggers", NOT_HERE),
    ("15(1)(c)", "own-initiative measures by kind, detection, restriction", "tables of measures and of grounds"),
    ("15(1)(d)", "complaints about decisions", f"reversals are in the summary; complaints: {NOT_HERE}"),
    ("15(1)(e)", "automated means, their accuracy and rate of error", "table of automated means; missed cases"),
    ("24(1)(a)", "out-of-court disputes", NOT_HERE),
    ("24(1)(b)", "suspensions of accounts (article 23)", "bans in the summary"),
    ("24(2)", "average monthly active recipients", NOT_HERE),
    ("24(5)", "statements of reasons to the Commission's database", "`--statements FILE`, to be completed by a person"),
    ("42(2)", "people who moderate, and their languages (very large platforms)", NOT_HERE),
)


def transparency(ledger: Ledger, period: Period) -> Section:
    """Notices, measures, statements of reasons, automated means, and how long things took."""
    within = {"start": period.start, "end": period.end}
    ledger.run(_NOTICES, **within)
    ledger.run(_MEASURES, **within)
    return Section(
        "transparency",
        "Transparency counts (DSA)",
        [TEXT],
        tables=[
            _summary(ledger, within),
            *(make(ledger) for make in (_notices, _measures, _grounds, _accuracy)),
            _asked(),
        ],
    )


def _summary(ledger: Ledger, within: dict[str, int]) -> Table:
    def count(kind: str) -> int:
        return ledger.number(f"SELECT count(*) FROM happening WHERE kind = :kind AND {WITHIN}", kind=kind, **within)  # noqa: S608

    bans, undone = ledger.row("SELECT count(*), count(undone) FROM measure")
    hours = 1.0 / HOUR
    took = [
        ("median time from alert to verdict", "SELECT judged_at - time AS t FROM cases WHERE judged_at IS NOT NULL"),
        ("median time from notice to action", "SELECT acted - time AS t FROM notice WHERE acted IS NOT NULL"),
        (
            "median time from alert to ban",
            "SELECT m.time - a.time AS t FROM measure m JOIN alert a ON a.id = m.alert",
        ),
        ("median time from ban to reinstatement", "SELECT undone - time AS t FROM measure WHERE undone IS NOT NULL"),
    ]
    rows: list[list[Cell]] = [
        ["notices", "15(1)(b)", float(count("notice")), None],
        ["bans of sellers", "15(1)(c), 24(1)(b)", float(bans), None],
        ["bans without a notice before: own initiative", "15(1)(c)", _number(ledger, "NOT noticed"), None],
        ["bans reversed by a reinstatement", "15(1)(d)", float(undone), None],
        ["listings removed, by whomever", "15(1)(c)", float(count("removed")), None],
    ]
    for name, query in took:
        middle = ledger.median("t", query)
        rows.append([name, "15(1)(b), (c)", None, None if middle is None else middle * hours])
    columns = Column("what", "what", "text"), Column("article", "article", "text")
    return Table("summary", "Summary", (*columns, Column("count", "count"), Column("time", "time", "hours")), rows)


def _number(ledger: Ledger, where: str) -> float:
    return float(ledger.number(f"SELECT count(*) FROM measure WHERE {where}"))  # noqa: S608


def _notices(ledger: Ledger) -> Table:
    rows: list[list[Cell]] = []
    grouped = "SELECT reason, count(*), count(acted) FROM notice GROUP BY reason ORDER BY 2 DESC, 1"
    others = [0, 0]
    for number, (reason, count, acted) in enumerate(ledger.rows(grouped)):
        if number >= SHOWN:
            others[0] += count
            others[1] += acted
            continue
        middle = ledger.median("t", "SELECT acted - time AS t FROM notice WHERE reason = :reason", reason=reason)
        rows.append([reason, count, acted, None if middle is None else middle / HOUR])
    if others[0]:
        rows.append(["other reasons", *others, None])
    columns = Column("reason", "reason", "text"), Column("notices", "notices"), Column("acted", "acted on")
    return Table("notices", "Notices by reason", (*columns, Column("time", "median time to act", "hours")), rows)


def _measures(ledger: Ledger) -> Table:
    names = {(0, 0): "own initiative, found without an alert", (0, 1): "own initiative, after an alert"}
    names |= {(1, 0): "after a notice, without an alert", (1, 1): "after a notice and an alert"}
    query = "SELECT noticed, alert IS NOT NULL, count(*) FROM measure GROUP BY 1, 2"
    found = {(noticed, alerted): count for noticed, alerted, count in ledger.rows(query)}
    rows: list[list[Cell]] = [[name, found.get(how, 0)] for how, name in names.items()]
    columns = Column("how", "how", "text"), Column("bans", "bans")
    return Table("measures", "Bans by how they came about", columns, rows)


def _grounds(ledger: Ledger) -> Table:
    query = """SELECT m.ground, coalesce(a.pattern, ''), count(*) FROM measure m LEFT JOIN alert a ON a.id = m.alert
               GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"""
    rows: list[list[Cell]] = []
    others = 0
    for number, (ground, pattern, count) in enumerate(ledger.rows(query)):
        if number < SHOWN:
            rows.append([ground or "no reason given", pattern or "no alert", count])
        else:
            others += count
    if others:
        rows.append(["other grounds", "", others])
    columns = Column("ground", "reason of the ban", "text"), Column("pattern", "pattern of the alert before", "text")
    return Table("grounds", "Statements of reasons by ground", (*columns, Column("bans", "bans")), rows)


def _accuracy(ledger: Ledger) -> Table:
    query = """SELECT pattern, count(*), count(verdict), sum(verdict = 'dismissed') FROM cases GROUP BY pattern
               UNION ALL SELECT 'all', count(*), count(verdict), sum(verdict = 'dismissed') FROM cases
               ORDER BY 2 DESC, 1"""
    rows = [list(_judged(*row)) for row in ledger.rows(query) if row[1]]
    columns = [Column("pattern", "pattern", "text"), Column("alerts", "alerts"), Column("judged", "judged")]
    columns += [Column("dismissed", "dismissed"), Column("error", "rate of error", "share")]
    columns += [Column("low", "95 %, from", "share"), Column("high", "to", "share")]
    note = "Rate of error: of the alerts that people have judged, the share that they dismissed. What is missed: below."
    return Table("automated", "Automated means: alerts and their rate of error", tuple(columns), rows, note)


def _judged(pattern: str, alerts: int, judged: int, dismissed: int | None) -> Iterator[Cell]:
    yield from (pattern, alerts, judged, dismissed or 0)
    yield from interval(dismissed or 0, judged)


def _asked() -> Table:
    columns = Column("article", "article", "text"), Column("asks", "asks for", "text"), Column("here", "here", "text")
    return Table("articles", "What the Regulation asks for, and where it is", columns, [list(row) for row in ASKED])
