"""What sellers share: values of their own and of their buyers, with how much each says."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, func, select

from console.store.queries.riskiest import riskiest
from console.store.queries.sellers import Seller
from console.store.schema import links
from console.store.writing import AnyRow, in_parts
from detectors.events import Micros
from detectors.sightings import OWN_VALUES, hub_damping

MOST: Final = 2_000


class Shared(Struct, frozen=True):
    """One value that two sellers share."""

    one: str
    other: str
    kind: str
    value: str
    """Keyed hash."""
    role: str
    """How the other one touched it: `seller`, as its own, or `buyer`, through one of its buyers."""
    sellers: int
    """How many share it."""
    strength: float
    """How sure it is that both are one, 0..1."""
    found_at: Micros


class Tied(Struct, frozen=True):
    """A seller, and with how many others it shares something."""

    seller: Seller
    others: int


def shared_by(connection: Connection, seller_ids: Iterable[str]) -> list[Shared]:
    """All that some sellers share with others."""
    found: list[Shared] = []
    for some in in_parts(sorted(seller_ids)):
        rows = connection.execute(select(links).where(links.c.seller_id.in_(some)).limit(MOST))
        found += [
            Shared(
                row.seller_id,
                row.other,
                row.kind,
                row.value,
                row.role,
                row.sellers,
                _strength(row),
                row.found_at,
            )
            for row in rows
        ]
    return found


def tied(connection: Connection, most: int = 200) -> list[Tied]:
    """The riskiest sellers among those that share something, banned ones aside."""
    risky = riskiest(connection, most)
    number = func.count(links.c.other.distinct()).label("number")
    ids = [seller.seller_id for seller in risky]
    query = select(links.c.seller_id, number).where(links.c.seller_id.in_(ids)).group_by(links.c.seller_id)
    others = {row.seller_id: row.number for row in connection.execute(query)}
    return [Tied(seller, others[seller.seller_id]) for seller in risky if seller.seller_id in others]


def _strength(row: AnyRow) -> float:
    """That a buyer of one comes by a value of the other says nothing; see `OWN_VALUES`."""
    if row.role != "seller" or row.own_role != "seller":
        return 0.0
    return OWN_VALUES.get(row.kind, 0.0) * hub_damping(row.sellers)
