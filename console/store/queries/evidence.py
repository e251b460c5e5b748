"""What an alert rests on: its orders as they are now."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from console.store.queries.trade import _ORDER, OrderItem
from console.store.schema import orders
from console.store.writing import in_parts


def evidence_orders(connection: Connection, seller_id: str, order_ids: Sequence[str]) -> list[OrderItem]:
    """Those of the orders that are kept, oldest first."""
    found = []
    for some in in_parts(order_ids):
        query = select(*_ORDER).where(orders.c.order_id.in_(some), orders.c.seller_id == seller_id)
        found += [OrderItem(**row._mapping) for row in connection.execute(query)]
    return sorted(found, key=lambda order: (order.placed_at, order.order_id))
