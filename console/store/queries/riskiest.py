"""The sellers with the highest scores, and those of them that share something with others."""

from msgspec import Struct
from sqlalchemy import Connection, func, select

from console.store.queries.sellers import _SELLER, Seller
from console.store.schema import links, sellers


class Tied(Struct, frozen=True):
    """A seller, and with how many others it shares something."""

    seller: Seller
    others: int


def riskiest(connection: Connection, most: int = 100) -> list[Seller]:
    """Those that are not banned, the highest score first."""
    query = select(*_SELLER).where(sellers.c.status == "", sellers.c.score.is_not(None))
    rows = connection.execute(query.order_by(sellers.c.score.desc(), sellers.c.seller_id.desc()).limit(most))
    return [Seller(**row._mapping) for row in rows]


def tied(connection: Connection, most: int = 200) -> list[Tied]:
    """Those of the riskiest sellers that share something."""
    risky = riskiest(connection, most)
    number = func.count(links.c.other.distinct()).label("number")
    ids = [seller.seller_id for seller in risky]
    query = select(links.c.seller_id, number).where(links.c.seller_id.in_(ids)).group_by(links.c.seller_id)
    others = {row.seller_id: row.number for row in connection.execute(query)}
    return [Tied(seller, others[seller.seller_id]) for seller in risky if seller.seller_id in others]
