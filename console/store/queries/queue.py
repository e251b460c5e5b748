"""The queue: alerts by what they are, how they stand and what they say, a page at a time."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, intersect, literal, select

from console.store.queries.paging import MOST, after, cursor, read_cursor
from console.store.schema import alert_words, alerts
from console.store.states import SEVERITY_NAMES, Severity, State
from console.store.words import words_of
from console.store.writing import AnyRow
from detectors.events import Micros

Order = Literal["severity", "newest", "oldest", "score"]
FEW: Final = 2_000
"""When no more alerts have the words that are asked for, those are taken; else alerts are looked through in order."""
MANY: Final = 40_000
"""A word that more alerts have is no help in finding some."""
LAST: Final = "\U0010ffff"


class QueueFilter(Struct, frozen=True):
    """What is asked for; what is left empty asks for nothing."""

    states: tuple[State, ...] = ("open",)
    patterns: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    seller_id: str | None = None
    since: Micros | None = None
    """Raised then or later."""
    until: Micros | None = None
    """Raised before."""
    text: str = ""
    """Beginnings of words, all of which an alert must have: ids, codes, words of its reasons."""


class QueueItem(Struct, frozen=True):
    """One alert with its escalations, as the queue shows it."""

    alert_id: str
    latest_id: str
    """Of its last escalation; the same where there was none."""
    seller_id: str
    pattern: str
    severity: Severity
    score: float
    event_time: Micros
    raised_at: Micros
    """The last time."""
    first_raised_at: Micros
    escalation: int
    """How often it was escalated."""
    summary: str
    """Its strongest reason."""
    state: State
    snoozed_until: Micros | None
    version: int
    """What a verdict must name, so that nobody overwrites another one's."""
    changed_at: Micros | None
    """When somebody judged it last."""
    changed_by: str | None


class QueuePage(Struct, frozen=True):
    """One page."""

    items: list[QueueItem]
    next: str | None
    """Cursor of the page behind it."""


class QueueCount(Struct, frozen=True):
    """How many alerts of one kind there are."""

    state: State
    pattern: str
    severity: Severity
    count: int


COLUMNS: Final = (
    alerts.c.alert_id,
    alerts.c.latest_id,
    alerts.c.seller_id,
    alerts.c.pattern,
    alerts.c.severity,
    alerts.c.score,
    alerts.c.event_time,
    alerts.c.raised_at,
    alerts.c.first_raised_at,
    alerts.c.escalation,
    alerts.c.summary,
    alerts.c.state,
    alerts.c.snoozed_until,
    alerts.c.version,
    alerts.c.changed_at,
    alerts.c.changed_by,
)
_BY: Final[dict[Order, list[tuple[ColumnElement[Any], bool]]]] = {
    "severity": [(alerts.c.severity, True), (alerts.c.score, True), (alerts.c.alert_id, True)],
    "newest": [(alerts.c.raised_at, True), (alerts.c.alert_id, True)],
    "oldest": [(alerts.c.raised_at, False), (alerts.c.alert_id, False)],
    "score": [(alerts.c.score, True), (alerts.c.alert_id, True)],
}
_KINDS: Final[dict[Order, list[type]]] = {
    "severity": [int, float, str],
    "newest": [int, str],
    "oldest": [int, str],
    "score": [float, str],
}


def queue(
    connection: Connection,
    asked: QueueFilter,
    *,
    order: Order = "severity",
    limit: int = 50,
    after_cursor: str | None = None,
) -> QueuePage:
    """One page of alerts.

    Args:
        limit: Rows at most; 200 is the most.
        after_cursor: `next` of the page before.

    Raises:
        CursorError: The cursor is none, or of another order.
    """
    limit = min(max(limit, 1), MOST)
    by = _BY[order]
    wanted = _conditions(connection, asked)
    if after_cursor:
        wanted.append(after(by, read_cursor(after_cursor, order, _KINDS[order])))
    found: list[AnyRow] = []
    for state in dict.fromkeys(asked.states):  # each is one run through one index
        found += connection.execute(_select(state, wanted, by).limit(limit + 1)).all()
    for column, falls in reversed(by):
        found.sort(key=lambda row, name=column.key: getattr(row, str(name)), reverse=falls)  # type: ignore[misc]
    page = found[:limit]
    more = len(found) > limit
    return QueuePage(
        [item_of(row) for row in page],
        cursor(order, [getattr(page[-1], str(column.key)) for column, _ in by]) if more else None,
    )


def counts(connection: Connection) -> list[QueueCount]:
    """How many alerts stand how, by pattern and severity; most first."""
    number = func.count().label("number")
    kinds = (alerts.c.state, alerts.c.pattern, alerts.c.severity)
    rows = connection.execute(select(*kinds, number).group_by(*kinds).order_by(number.desc(), *kinds))
    return [QueueCount(row.state, row.pattern, SEVERITY_NAMES[row.severity], row.number) for row in rows]


def item_of(row: AnyRow) -> QueueItem:
    """A row that has `COLUMNS` as a struct."""
    found = row._mapping  # the documented way to a row's values by their names
    values = {str(column.key): found[column.key] for column in COLUMNS}
    return QueueItem(**values | {"severity": SEVERITY_NAMES[row.severity]})


def _select(state: State, wanted: Sequence[ColumnElement[bool]], by: Sequence[tuple[Any, bool]]) -> Select[Any]:
    ordered = [column.desc() if falls else column.asc() for column, falls in by]
    return select(*COLUMNS).where(alerts.c.state == state, *wanted).order_by(*ordered)


def _conditions(connection: Connection, asked: QueueFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.patterns:
        found.append(alerts.c.pattern.in_(asked.patterns))
    if asked.severities:
        found.append(alerts.c.severity.in_([SEVERITY_NAMES.index(each) for each in asked.severities]))
    if asked.seller_id is not None:
        found.append(alerts.c.seller_id == asked.seller_id)
    if asked.since is not None:
        found.append(alerts.c.raised_at >= asked.since)
    if asked.until is not None:
        found.append(alerts.c.raised_at < asked.until)
    words = words_of(asked.text)
    if asked.text.strip() and not words:
        found.append(false())
    return found + _has_all(connection, words)


def _has_all(connection: Connection, words: Sequence[str]) -> list[ColumnElement[bool]]:
    """That an alert has every word, so that neither a rare word nor many that never meet make a long search."""
    begins = {word: and_(alert_words.c.word >= word, alert_words.c.word < word + LAST) for word in words}
    common = [word for word in words if _number(connection, begins[word], MANY) > MANY]
    others = [select(alert_words.c.alert_id).where(begins[word]) for word in words if word not in common]
    if others:
        together = others[0] if len(others) == 1 else intersect(*others)
        ids = set(connection.execute(together.limit(FEW + 1)).scalars())
        if len(ids) <= FEW:
            return [alerts.c.alert_id.in_(ids), *(_exists(begins[word]) for word in common)]
    return [_exists(begins[word]) for word in words]


def _number(connection: Connection, begins: ColumnElement[bool], most: int) -> int:
    some = select(literal(1)).where(begins).limit(most + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def _exists(begins: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(literal(1)).where(alert_words.c.alert_id == alerts.c.alert_id, begins).exists()
