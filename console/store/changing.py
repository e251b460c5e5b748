"""A number that grows with every change of the queue: who shows it asks for no more until it has grown."""

from typing import Final

from sqlalchemy import Connection, select

from console.store.schema import changes
from console.store.writing import put

QUEUE: Final = "queue"


def queue_changed(connection: Connection) -> None:
    """Notes, as a part of the transaction, that alerts came or stand otherwise."""
    put(connection, changes, [{"name": QUEUE, "number": 1}], lambda _: {"number": changes.c.number + 1})


def queue_changes(connection: Connection) -> int:
    """How often the queue has changed."""
    number = connection.execute(select(changes.c.number).where(changes.c.name == QUEUE)).scalar_one_or_none()
    return number or 0
