"""Builds the database anew from the topics; what only people have told the console stays."""

import time
import uuid
from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from console.store.changing import queue_changed, retire_versions
from console.store.database import Database
from console.store.feed.applying import apply
from console.store.feed.consuming import Topics, places_of
from console.store.feed.positions import drop_lease, read_positions, take_lease
from console.store.feed.running import RENEW_SECONDS, clock
from console.store.schema import FED, given, verdicts
from streams.errors import UnavailableError
from streams.settings import Settings

POLL_MS = 1_000
PATIENCE_SECONDS = 60.0
"""So long nothing may come although something must."""


class Progress(NamedTuple):
    """How far a rebuild is."""

    read: int
    records: int
    """All that the topics held when it began."""


def rebuild(settings: Settings, database: Database, told: Callable[[Progress], None] = lambda _: None) -> int:
    """Empties what follows from the topics and reads them again up to where they end now; records read.

    A console that runs meanwhile shows what is there already, and goes on from the end. A rebuild that is broken off
    is gone on with by the next console that runs, or begun anew by the next rebuild.

    Raises:
        UnavailableError: Kafka or the database does not answer; nothing is lost, repeat it.
    """
    holder = uuid.uuid4().hex
    places = places_of(settings)
    with Topics(settings) as topics:
        with database.writing() as connection:
            take_lease(connection, holder, clock(), force=True)
            empty(connection)
        with database.reading() as connection:
            topics.begin(read_positions(connection, places))
        try:
            return _read(database, topics, holder, told)
        finally:
            with database.writing() as connection:
                drop_lease(connection, holder)


def empty(connection: Connection) -> None:
    """Deletes every row that follows from the topics; verdicts that were given here count on, old pages no more."""
    retire_versions(connection)
    for table in FED:
        connection.execute(delete(table))
    columns = ("event_id", "seller_id", "alert_id", "verdict", "event_time", "analyst", "until", "reason")
    kept = select(
        given.c.event_id,
        given.c.seller_id,
        given.c.alert_id,
        given.c.verdict,
        given.c.given_at,
        given.c.analyst,
        given.c.until,
        given.c.reason,
    )
    connection.execute(insert(verdicts).from_select(columns, kept))
    queue_changed(connection)


def _read(database: Database, topics: Topics, holder: str, told: Callable[[Progress], None]) -> int:
    begins, ends = dict(topics.begins), topics.ends()
    records = sum(max(end - begins[place], 0) for place, end in ends.items())
    read, renewed, heard = 0, time.monotonic(), time.monotonic()
    while any(reached < ends[place] for place, reached in topics.reached().items()):
        told(Progress(min(read, records), records))
        parts = topics.poll(POLL_MS)
        now = time.monotonic()
        if parts:
            apply(database, parts, clock())
            heard, read = now, read + sum(len(part.records) for part in parts)
        elif now - heard > PATIENCE_SECONDS:
            raise UnavailableError(f"Kafka has sent nothing for {PATIENCE_SECONDS:.0f} s; repeat the command")
        if now - renewed > RENEW_SECONDS:
            with database.writing() as connection:
                take_lease(connection, holder, clock(), force=True)
            renewed = now
    told(Progress(records, records))
    return read
