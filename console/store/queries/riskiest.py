"""The sellers with the highest scores."""

from sqlalchemy import Connection, select

from console.store.queries.sellers import _SELLER, Seller
from console.store.schema import sellers


def riskiest(connection: Connection, most: int = 100) -> list[Seller]:
    """Those that are not banned, the highest score first."""
    query = select(*_SELLER).where(sellers.c.status == "", sellers.c.score.is_not(None))
    rows = connection.execute(query.order_by(sellers.c.score.desc(), sellers.c.seller_id.desc()).limit(most))
    return [Seller(**row._mapping) for row in rows]
