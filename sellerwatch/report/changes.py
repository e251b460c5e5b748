"""Before and after: what changed with bans, with published policies, and with models that came or came back."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from detectors.events import DAY, Micros
from sellerwatch.report.intervals import rate_ratio
from sellerwatch.report.ledger import Ledger
from sellerwatch.report.model import Cell, Column, Period, Section, Table, day
from sellerwatch.report.prepared import WITHIN

WINDOW: Final = 28 * DAY
"""What is compared reaches so far before and after."""
SHOWN: Final = 10
"""Changes, latest first; and categories and methods of each."""
_PUBLISHED: Final = f"""
SELECT kind, name, min(time) FROM happening WHERE kind = 'policy' AND {WITHIN} GROUP BY name ORDER BY 3 DESC
"""  # noqa: S608 - no values in it
_MODELS: Final = """
SELECT name, time, lag(ref) OVER (PARTITION BY ref ORDER BY time) IS NULL AS newly, EXISTS (
  SELECT 1 FROM happening e WHERE e.kind = 'model' AND e.name = h.name AND e.time < h.time
) AS again FROM happening h WHERE kind = 'model' AND time < :end
"""
_BANS: Final = f"""
CREATE TABLE ban AS SELECT seller, min(time) AS time FROM happening
WHERE kind = 'banned' AND seller <> '' AND {WITHIN} GROUP BY seller
"""  # noqa: S608
_OF_BANNED: Final = """
SELECT t.name, sum(t.time < b.time), sum(t.time >= b.time) FROM {source} t JOIN ban b ON b.seller = t.seller
WHERE t.time >= b.time - :window AND t.time < b.time + :window AND t.time < :last {further} GROUP BY t.name
"""


class Change(NamedTuple):
    """Something that came into force at a moment."""

    what: str
    at: Micros


class Count(NamedTuple):
    """How often a thing happened before and after."""

    about: str
    name: str
    before: int
    after: int


def changes(ledger: Ledger, period: Period) -> list[Section]:
    """Before and after bans, and before and after changes of policy and models."""
    first, last = ledger.row(
        "SELECT min(t), max(t) FROM (SELECT min(time) AS t FROM decision UNION ALL SELECT max(time) FROM decision "
        "UNION ALL SELECT min(time) FROM trade UNION ALL SELECT max(time) FROM trade)"
    )
    span = Period(first or period.start, (last or period.start) + 1)
    return [_bans(ledger, period, span), _changes(ledger, period, span)]


def _bans(ledger: Ledger, period: Period, span: Period) -> Section:
    ledger.run(_BANS, start=period.start, end=period.end)
    ledger.run("CREATE INDEX ban_of ON ban (seller)")
    banned, before, after = ledger.row(
        "SELECT count(*), sum(min(:window, time - :first)), sum(max(min(:window, :last - time), 0)) FROM ban",
        window=WINDOW, first=span.start, last=span.end,
    )  # fmt: skip
    counts = list(_counts_of_banned(ledger, span)) if banned else []
    text = (
        f"Of the {banned:,} sellers that were banned in the period: what they did in the {WINDOW // DAY} days before "
        "their ban and after it, as far as the data reach. Rates are a seller and day. Trade that goes on after a ban "
        "is trade that the ban has not stopped."
    )
    return Section(
        "bans", "Before and after bans", [text], tables=[_table("after_ban", counts, before or 0, after or 0)]
    )


def _counts_of_banned(ledger: Ledger, span: Period) -> Iterator[Count]:
    sources = (
        ("alerts by pattern", "(SELECT seller, time, pattern AS name FROM alert WHERE id = first)", ""),
        ("orders", "(SELECT seller, time, 'all' AS name FROM trade WHERE kind = 'order')", ""),
        ("orders by category", "trade", "AND t.kind = 'order'"),
        ("payments by method", "trade", "AND t.kind = 'payment'"),
    )
    for about, source, further in sources:
        query = _OF_BANNED.format(source=source, further=further)
        rows = ledger.rows(query, window=WINDOW, last=span.end)
        found = [Count(about, name or "none given", *counts) for name, *counts in rows]
        yield from _most(found)


def _most(found: list[Count]) -> list[Count]:
    return sorted(found, key=lambda count: (-count.before - count.after, count.name))[:SHOWN]


def _changes(ledger: Ledger, period: Period, span: Period) -> Section:
    found, regular = _found(ledger, period)
    tables = [_compared(ledger, number, change, span) for number, change in enumerate(found[:SHOWN], start=1)]
    what = (
        f"The whole market in the {WINDOW // DAY} days before and after each published policy, and each model that "
        "came into force for the first time or was put back into force. Whole days (UTC); the day of the change is "
        "left out. A difference is not yet an effect: seasons and other changes are in it too."
    )
    text = [what, f"Besides there were {regular:,} regular publications of models."]
    if len(found) > SHOWN:
        text.append(f"Shown are the latest {SHOWN} of {len(found):,} changes.")
    return Section("changes", "Before and after changes of policy and models", text, tables=tables)


def _found(ledger: Ledger, period: Period) -> tuple[list[Change], int]:
    """The changes of the period, latest first, and how many models were published in the usual course."""
    policies = ledger.rows(_PUBLISHED, start=period.start, end=period.end)
    found = [Change(f"policy {name}", at) for _, name, at in policies]
    regular = 0
    for name, at, newly, again in ledger.rows(_MODELS, end=period.end):
        if at < period.start:
            continue
        if newly:
            found.append(Change(f"model {name}, for the first time", at))
        elif again:
            found.append(Change(f"model {name}, put back into force", at))
        else:
            regular += 1
    return sorted(found, key=lambda change: (-change.at, change.what)), regular


def _compared(ledger: Ledger, number: int, change: Change, span: Period) -> Table:
    at, reach = change.at // DAY, WINDOW // DAY
    first, last = max(at - reach, -(-span.start // DAY)), min(at + reach, span.end // DAY - 1)
    before, after = max(at - first, 0), max(last - at, 0)
    query = """SELECT what, name, sum(n * (day < :at)), sum(n * (day > :at)) FROM daily
               WHERE day BETWEEN :first AND :last GROUP BY 1, 2"""
    counts: dict[str, list[Count]] = {}
    for what, name, was, now in ledger.rows(query, at=at, first=first, last=last):
        counts.setdefault(what, []).append(Count(_ABOUT[what], name or "none given", was, now))
    rows = [count for what in _ABOUT for count in _most(counts.get(what, []))]
    return _table(f"change_{number}", rows, before * DAY, after * DAY, f"{change.what}, {day(change.at)}")


_ABOUT: Final = {
    "alert": "alerts by pattern",
    "banned": "bans",
    "decision": "decisions by type",
    "order": "orders by category",
    "payment": "payments by method",
}


def _table(key: str, counts: Sequence[Count], before: Micros, after: Micros, caption: str = "") -> Table:
    columns = [Column("about", "what", "text"), Column("name", "", "text")]
    columns += [Column("before", "before"), Column("after", "after")]
    columns += [Column("rate_before", "a day, before", "number"), Column("rate_after", "a day, after", "number")]
    columns += [Column("ratio", "times as often", "number"), Column("low", "95 %, from", "number")]
    columns.append(Column("high", "to", "number"))
    rows: list[list[Cell]] = []
    for count in counts:
        ratio = rate_ratio(count.before, before, count.after, after)
        rates = [DAY * n / time if time else None for n, time in ((count.before, before), (count.after, after))]
        rows.append([*count, *rates, *(ratio or (None, None, None))])
    days = f"{before / DAY:,.0f} days before, {after / DAY:,.0f} after, all sellers together"
    return Table(key, caption or "Banned sellers", tuple(columns), rows, days)
