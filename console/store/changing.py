"""Numbers that only grow: of changes to the queue, and of versions of alerts that were ever given out."""

from typing import Final

from sqlalchemy import Connection, func, select

from console.store.schema import alerts, changes
from console.store.writing import put

QUEUE: Final = "queue"
VERSIONS: Final = "versions"


def queue_changed(connection: Connection) -> None:
    """Notes, as a part of the transaction, that alerts came or stand otherwise."""
    put(connection, changes, [{"name": QUEUE, "number": 1}], lambda _: {"number": changes.c.number + 1})


def queue_changes(connection: Connection) -> int:
    """How often the queue has changed; who shows it asks for no more until this has grown."""
    return _number(connection, QUEUE)


def retire_versions(connection: Connection) -> None:
    """Before alerts are emptied: none that is read again gets a version that an open page may still have."""
    last = connection.execute(select(func.max(alerts.c.version))).scalar_one() or 0
    number = max(last, last_retired_version(connection))
    put(connection, changes, [{"name": VERSIONS, "number": number}], ["number"])


def last_retired_version(connection: Connection) -> int:
    """Versions of alerts begin after it; 0 where nothing was ever rebuilt."""
    return _number(connection, VERSIONS)


def _number(connection: Connection, name: str) -> int:
    return connection.execute(select(changes.c.number).where(changes.c.name == name)).scalar_one_or_none() or 0
