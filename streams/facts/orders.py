"""What is remembered of an order, for the events that will name it."""

from msgspec import Struct

from detectors.events import KnownOrder, Micros, OrderDelivered, OrderPlaced, PaymentReleased

KEPT_TITLE = 60


class Order(Struct, array_like=True, gc=False):
    """Which seller an order belongs to, who placed it, what was bought, and how far it has come."""

    seller_id: str
    buyer: str | None = None
    placed_at: Micros = 0
    amount_minor: int = 0
    currency: str = ""
    category: str = ""
    title: str = ""
    quantity: int = 0
    country: str = ""
    delivered_at: Micros = 0
    released_at: Micros = 0


def order_of(seller_id: str, body: OrderPlaced, time: Micros) -> Order:
    """What is remembered of an order for the events that will name it."""
    first = body.items[0] if body.items else None
    return Order(
        seller_id,
        body.buyer_id,
        time,
        body.amount_minor,
        body.currency,
        (first.category or "" if first else "")[:KEPT_TITLE],
        (first.title or "" if first else "")[:KEPT_TITLE],
        sum([item.quantity for item in body.items]),
        body.ship_to.country if body.ship_to else "",
    )


def known_order(order: Order) -> KnownOrder:
    """What a later event of the order may carry as its context."""
    return KnownOrder(
        order.placed_at,
        order.amount_minor,
        order.currency,
        order.buyer or "",
        order.category,
        order.title,
        order.quantity,
        order.country,
        order.delivered_at,
        order.released_at,
    )


def follow(order: Order, body: object, time: Micros) -> bool:
    """Notes a delivery or release of the order; whether that was new."""
    if isinstance(body, OrderDelivered) and not order.delivered_at:
        order.delivered_at = time
    elif isinstance(body, PaymentReleased) and not order.released_at:
        order.released_at = time
    else:
        return False
    return True
