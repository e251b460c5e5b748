"""Times every question of the console, and asks the database how it answers each."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, event

from bench.console.seeding import LARGE, NOW, PATTERNS
from console.store.changing import queue_changes
from console.store.database import Database
from console.store.queries.alert import alert_page, alike
from console.store.queries.evidence import evidence_orders
from console.store.queries.links import cluster
from console.store.queries.listings import listings_of
from console.store.queries.queue import QueueFilter, counts, queue
from console.store.queries.riskiest import riskiest, tied
from console.store.queries.search import find
from console.store.queries.sellers import alerts_of, decisions_of, occurrences_of, scores, seller
from console.store.queries.trade import orders_of, trade
from console.store.schema import metadata
from console.store.states import STATES
from detectors.events import DAY
from detectors.language.lexicon import sample_lexicon
from streams.store.connection import connect

REPEATS: Final = 9
SLOW_MS: Final = 50.0
Question = Callable[[Connection], Any]


class Timed(NamedTuple):
    """One question, how long its answer took (milliseconds), and tables that it read from end to end."""

    name: str
    median_ms: float
    busy_ms: float
    """Of the median's kind, time of the processor alone: what it takes on a machine that does nothing else."""
    scans: list[str]


def questions(connection: Connection) -> dict[str, Question]:
    """Every question, by name."""
    some = queue(connection, QueueFilter(), order="severity", limit=50)
    deep = some
    for _ in range(40):
        deep = queue(connection, QueueFilter(), order="severity", limit=200, after_cursor=deep.next)
    alert_id = some.items[0].alert_id
    page = alert_page(connection, alert_id)
    assert page is not None
    lexicon, rare = sample_lexicon(), QueueFilter(states=("confirmed",), patterns=(PATTERNS[3],), severities=("low",))
    return {
        "queue by severity": lambda c: queue(c, QueueFilter(), order="severity"),
        "queue by newest": lambda c: queue(c, QueueFilter(), order="newest"),
        "queue by oldest": lambda c: queue(c, QueueFilter(), order="oldest"),
        "queue by score": lambda c: queue(c, QueueFilter(), order="score"),
        "queue, page 41": lambda c: queue(c, QueueFilter(), order="severity", after_cursor=deep.next),
        "queue, every state": lambda c: queue(c, QueueFilter(states=STATES), order="newest", limit=200),
        "queue, pattern and severity": lambda c: queue(c, rare, order="score"),
        "queue, of one day": lambda c: queue(c, QueueFilter(since=NOW - 30 * DAY, until=NOW - 29 * DAY)),
        "queue, text in many": lambda c: queue(c, QueueFilter(text="small orders never")),
        "queue, text in few": lambda c: queue(c, QueueFilter(text="order-00012")),
        "queue, text in none": lambda c: queue(c, QueueFilter(text="xylophone")),
        "queue, counts": counts,
        "queue, has it changed": queue_changes,
        "alert": lambda c: alert_page(c, alert_id),
        "alert, similar ones": lambda c: alike(c, page),
        "seller": lambda c: seller(c, LARGE),
        "seller, scores": lambda c: scores(c, LARGE),
        "seller, decisions": lambda c: decisions_of(c, LARGE),
        "seller, decisions of an order": lambda c: decisions_of(c, LARGE, order="order-01000700"),
        "seller, orders": lambda c: orders_of(c, LARGE),
        "seller, trade": lambda c: trade(c, LARGE),
        "seller, listings": lambda c: listings_of(c, LARGE, lexicon, limit=20),
        "seller, alerts": lambda c: alerts_of(c, LARGE),
        "seller, what happened": lambda c: occurrences_of(c, LARGE),
        "sellers by risk": riskiest,
        "sellers by links": tied,
        "alert, its orders": lambda c: evidence_orders(
            c, LARGE, [f"order-{n:08d}" for n in range(1_000_000, 1_000_020)]
        ),
        "search, a seller": lambda c: find(c, "seller-00123"),
        "search, an order": lambda c: find(c, "order-00123456"),
        "search, nothing": lambda c: find(c, "xylophone"),
    }


def timed(database: Database) -> Iterator[Timed]:
    """Asks each question nine times, on a connection that is open."""
    with database.reading() as connection:
        asked = questions(connection)
        for name, question in asked.items():
            with _statements(connection) as found:
                question(connection)
            yield Timed(name, *_milliseconds(lambda question=question: question(connection)), _scans(connection, found))  # type: ignore[misc]
    away = connect("redis://127.0.0.1:1/0")
    steps = {"links, one step": 1, "links, two steps": 2}
    for name, step in steps.items():
        yield Timed(name, *_milliseconds(lambda s=step: asyncio.run(cluster(database, away, "sw", LARGE, steps=s))), [])  # type: ignore[misc]


def _milliseconds(call: Callable[[], Any]) -> tuple[float, float]:
    took, busy = [], []
    for _ in range(REPEATS):
        begun, begun_busy = time.perf_counter(), time.process_time()
        call()
        took.append((time.perf_counter() - begun) * 1_000)
        busy.append((time.process_time() - begun_busy) * 1_000)
    return median(took), median(busy)


@contextmanager
def _statements(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    found: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        found.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(connection, "before_cursor_execute", note)


def _scans(connection: Connection, statements: list[tuple[str, Any]]) -> list[str]:
    """Tables that SQLite reads whole, without an index."""
    if connection.dialect.name != "sqlite":
        return []
    plans = [
        row[3]
        for statement, parameters in statements
        for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    ]
    own = metadata.tables.keys()
    whole = (plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan)
    return sorted({plan for plan in whole if plan.split()[1] in own})
