"""Orders with what follows them: parcels, deliveries, releases; a test says what is odd about them."""

from typing import Any

from detectors.events import KnownOrder, OrderDelivered, Place, ShipmentCreated, Sighting
from tests.builders import Market, order_placed, sighted

HOME = Place("DE", address="k:home")


def known(**fields: Any) -> KnownOrder:
    """An order as intake remembers it."""
    given: dict[str, Any] = {
        "placed_at": 1,
        "amount_minor": 3_900,
        "currency": "EUR",
        "buyer": "k:buyer",
        "category": "garden",
        "title": "Herb seeds, green",
        "quantity": 1,
        "country": "DE",
    }
    return KnownOrder(**(given | fields))


def ships(market: Market, count: int, *seen: Sighting, days: float = 0.4, order: KnownOrder | None = None,
          **parcel: Any) -> Market:  # fmt: skip
    """So many orders of ever new buyers, each with its parcel and delivery."""
    given: dict[str, Any] = {
        "origin": HOME,
        "declared_contents": "herb seeds",
        "declared_value_minor": 3_900,
        "weight_grams": 300,
    }
    for number in range(count):
        amount = 2_000 + 700 * (number % 9)
        body = order_placed(amount_minor=amount)
        market.happens(body, days=days)
        context = order or known(amount_minor=amount)
        fields = given | {"declared_value_minor": context.amount_minor} | parcel
        fields = {name: value(number) if callable(value) else value for name, value in fields.items()}
        market.happens(ShipmentCreated(f"parcel-{number}", body.order_id, **fields), *seen, order=context)
        market.happens(OrderDelivered(body.order_id))
    market.happens(order_placed())
    return market


def own_address(**fields: Any) -> Sighting:
    return sighted("address", role="seller", value="k:home", **fields)
