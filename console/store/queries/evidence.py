"""What an alert rests on: its orders and linked sellers as they are now."""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from sqlalchemy import Connection, select

from console.store.schema import orders, sellers
from console.store.writing import AnyRow, in_parts
from detectors.events import Micros


class EvidenceOrder(Struct, frozen=True):
    """One order, and what became of it."""

    order_id: str
    placed_at: Micros
    amount_minor: int
    currency: str
    title: str | None
    method: str | None
    origin: str | None
    destination: str | None
    fate: str
    """`disputed`, `refunded`, `cancelled`, `delivered`, or `open`."""


class SellerRisk(Struct, frozen=True):
    """How a seller stands now."""

    seller_id: str
    score: float | None = None
    status: str = ""
    """Empty or `banned`."""


def evidence_orders(connection: Connection, seller_id: str, order_ids: Sequence[str]) -> list[EvidenceOrder]:
    """Those of the orders that are kept, oldest first."""
    found: list[AnyRow] = []
    for some in in_parts(order_ids):
        query = select(orders).where(orders.c.order_id.in_(some), orders.c.seller_id == seller_id)
        found += connection.execute(query).all()
    fates = ("disputed", "refunded", "cancelled", "delivered")
    return sorted(
        (
            EvidenceOrder(
                row.order_id,
                row.placed_at,
                row.amount_minor,
                row.currency,
                row.title,
                row.method,
                row.origin,
                row.destination,
                next((fate for fate in fates if getattr(row, f"{fate}_at") is not None), "open"),
            )
            for row in found
        ),
        key=lambda order: (order.placed_at, order.order_id),
    )


def risks(connection: Connection, seller_ids: Iterable[str]) -> dict[str, SellerRisk]:
    """How sellers stand; those that are not known are left out."""
    found: dict[str, SellerRisk] = {}
    for some in in_parts(seller_ids):
        query = select(sellers.c.seller_id, sellers.c.score, sellers.c.status).where(sellers.c.seller_id.in_(some))
        found |= {row.seller_id: SellerRisk(*row) for row in connection.execute(query)}
    return found
