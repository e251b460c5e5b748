"""How far each partition is in the database, and who reads."""

import hashlib
from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection, or_, select, update

from console.store.schema import leases, positions
from console.store.writing import put
from detectors.events import SECOND, Micros

FEED: Final = "feed"
LEASE: Final[Micros] = 30 * SECOND
"""A reader that has not renewed its lease for so long is taken to be gone."""


class MovedError(Exception):
    """The database is not where we took it to be: another process reads, or it was restored from a copy."""


class Position(NamedTuple):
    """The next offset that is not in the database yet, and the hash of the record before it."""

    offset: int
    anchor: bytes | None


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


def anchor_of(value: bytes | None) -> bytes:
    """What tells a record from another one at its offset."""
    return hashlib.blake2b(value or b"", digest_size=16).digest()


def read_positions(connection: Connection, places: Iterable[Place]) -> dict[Place, Position]:
    """Where each partition is to be read on; 0 of one that is new."""
    rows = connection.execute(select(positions)).all()
    stored = {Place(row.topic, row.partition): Position(row.position, row.anchor) for row in rows}
    return {place: stored.get(place, Position(0, None)) for place in places}


def move(connection: Connection, place: Place, base: int, to: Position) -> None:
    """Moves a position, as a part of the transaction that writes what lies between.

    Raises:
        MovedError: It is not at `base`: nothing of the transaction may stay.
    """
    of_place = {"topic": place.topic, "partition": place.partition}
    put(connection, positions, [{**of_place, "position": 0}])
    moved = connection.execute(
        update(positions)
        .where(positions.c.topic == place.topic, positions.c.partition == place.partition)
        .where(positions.c.position == base)
        .values(position=to.offset, anchor=to.anchor)
    )
    if moved.rowcount != 1:
        raise MovedError(f"{place.topic}/{place.partition} is not at {base}")


def take_lease(connection: Connection, holder: str, now: Micros, *, force: bool = False) -> bool:
    """Whether `holder` is the one that reads; positions make it safe, the lease only saves double work.

    Args:
        force: Take it whoever has it.
    """
    put(connection, leases, [{"name": FEED, "holder": holder, "until": 0}])
    free = or_(leases.c.holder == holder, leases.c.until < now, leases.c.until > now + 2 * LEASE)
    ours = update(leases).where(leases.c.name == FEED).values(holder=holder, until=now + LEASE)
    return connection.execute(ours if force else ours.where(free)).rowcount == 1


def drop_lease(connection: Connection, holder: str) -> None:
    """Lets another process read at once."""
    connection.execute(update(leases).where(leases.c.name == FEED, leases.c.holder == holder).values(until=0))
