"""Who has which alert open, said by each process of the console to the others."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, delete, insert, or_, select

from console.store.schema import looks
from detectors.events import SECOND, Micros

Look = tuple[str, str]
"""An alert's id, and the name of somebody who has it open."""
COUNTS_FOR: Final[Micros] = 45 * SECOND
"""What a process has said counts for so long: one that was killed is forgotten then."""


def say_looks(connection: Connection, process: str, open_now: Iterable[Look], now: Micros) -> None:
    """Writes what is open in one process, in place of what it said before; what has lost its time goes, too."""
    connection.execute(delete(looks).where(or_(looks.c.process == process, looks.c.until <= now)))
    said = {"process": process, "until": now + COUNTS_FOR}
    rows = [said | {"alert_id": alert_id, "name": name} for alert_id, name in open_now]
    if rows:
        connection.execute(insert(looks), rows)


def looks_elsewhere(connection: Connection, process: str, now: Micros) -> frozenset[Look]:
    """What is open in the other processes."""
    others = (looks.c.process != process) & (looks.c.until > now)
    return frozenset((row.alert_id, row.name) for row in connection.execute(select(looks).where(others)))
