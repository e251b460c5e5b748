"""Bounds: how much is kept of one seller, and for how long anything is."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, or_, select, text, tuple_

from console.store.database import Database
from console.store.schema import (
    alert_bodies,
    alert_words,
    alerts,
    decisions,
    erased,
    given,
    labels,
    links,
    listings,
    occurrences,
    orders,
    risk_versions,
    sellers,
    verdicts,
)
from detectors.events import Micros

KEPT: Final = {decisions: 1_000, orders: 500, listings: 200, links: 100, occurrences: 300}
"""Rows of one seller, the latest."""
_LATEST: Final = {
    decisions: ("event_time", "event_id"),
    orders: ("placed_at", "order_id"),
    listings: ("logged_at", "listing_id"),
    links: ("found_at", "other", "kind", "value"),
    occurrences: ("event_time", "event_id"),
}
_BY_AGE: Final = (decisions, orders, listings, links, occurrences, sellers, labels, risk_versions)
SLICE: Final = 2_000
"""Rows deleted in one transaction: writers wait for no longer than that takes."""


def trim(connection: Connection, of_sellers: Iterable[str]) -> None:
    """Removes what is beyond the bounds of these sellers."""
    rows = [{"of_seller": seller} for seller in sorted(of_sellers) if seller]
    if rows:
        for statement in _TRIMS:
            connection.execute(statement, rows)


def _trim(table: Table) -> str:
    columns = ", ".join(_LATEST[table])
    falling = ", ".join(f"{name} DESC" for name in _LATEST[table])
    oldest = f"SELECT {columns} FROM {table.name} WHERE seller_id = :of_seller"  # noqa: S608 - names of our own
    oldest += f" ORDER BY {falling} LIMIT 1 OFFSET {KEPT[table] - 1}"
    return f"DELETE FROM {table.name} WHERE seller_id = :of_seller AND ({columns}) < ({oldest})"  # noqa: S608


_TRIMS: Final = [text(_trim(table)) for table in KEPT]


def forget(database: Database, now: Micros, keep: Micros) -> int:
    """Deletes what is older than `keep`, a slice at a time; how many rows.

    An alert stays for as long after it was last raised or judged, and while it is snoozed.
    """
    before = now - keep
    deleted = sum(_delete(database, table, table.c.logged_at < before) for table in _BY_AGE)
    deleted += _delete(database, erased, erased.c.until < before)
    deleted += _delete(database, verdicts, verdicts.c.logged_at < before)
    deleted += _delete(database, given, and_(given.c.given_at < before, given.c.sent_at.is_not(None)))
    return deleted + _forget_alerts(database, before, now)


def _delete(database: Database, table: Table, old: ColumnElement[bool]) -> int:
    key = list(table.primary_key.columns)
    some = select(*key).where(old).limit(SLICE)
    deleted = 0
    while True:
        with database.writing() as connection:
            found = connection.execute(delete(table).where(tuple_(*key).in_(some))).rowcount
        deleted += found
        if found < SLICE:
            return deleted


def _forget_alerts(database: Database, before: Micros, now: Micros) -> int:
    old = and_(
        alerts.c.raised_at < before,
        func.coalesce(alerts.c.changed_at, 0) < before,
        or_(alerts.c.snoozed_until.is_(None), alerts.c.snoozed_until <= now),
    )
    deleted = 0
    while True:
        with database.writing() as connection:
            gone = list(connection.execute(select(alerts.c.alert_id).where(old).limit(SLICE // 4)).scalars())
            connection.execute(delete(alert_words).where(alert_words.c.alert_id.in_(gone)))
            connection.execute(delete(alert_bodies).where(alert_bodies.c.first_id.in_(gone)))
            connection.execute(delete(alerts).where(alerts.c.alert_id.in_(gone)))
        deleted += len(gone)
        if len(gone) < SLICE // 4:
            return deleted
