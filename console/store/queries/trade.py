"""What a seller sells, for how much, how it is paid, and where it goes."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, select

from console.store.queries.paging import MOST, after, cursor, read_cursor
from console.store.schema import orders
from console.store.writing import AnyRow
from detectors.events import DAY, Micros


class OrderItem(Struct, frozen=True):
    """One order, and what became of it."""

    order_id: str
    placed_at: Micros
    amount_minor: int
    currency: str
    buyer: str
    """Keyed hash."""
    title: str | None
    """Of its first item."""
    category: str | None
    quantity: int
    method: str | None
    origin: str | None
    """Country of the parcel."""
    destination: str | None
    payment_failed_at: Micros | None
    cancelled_at: Micros | None
    delivered_at: Micros | None
    released_at: Micros | None
    refunded_at: Micros | None
    disputed_at: Micros | None
    rating: int | None


class OrdersPage(Struct, frozen=True):
    """One page, the latest first."""

    items: list[OrderItem]
    next: str | None


class Amounts(Struct, frozen=True):
    """Orders of one currency."""

    currency: str
    orders: int
    total_minor: int
    least_minor: int
    median_minor: int
    most_minor: int


class Route(Struct, frozen=True):
    """Orders that went one way."""

    origin: str | None
    destination: str | None
    orders: int
    disputed: int


class Day(Struct, frozen=True):
    """Orders placed within one day, UTC."""

    begins: Micros
    orders: int
    disputed: int
    total_minor: dict[str, int]
    """By currency."""


class Trade(Struct, frozen=True):
    """A seller's kept orders, summed up."""

    orders: int
    since: Micros | None
    """When the first of them was placed."""
    buyers: int
    fates: dict[str, int]
    """`delivered`, `released`, `refunded`, `disputed`, `cancelled`, `payment_failed`: orders each has happened to."""
    amounts: list[Amounts]
    """Most orders first."""
    methods: dict[str, int]
    """Most used first; of orders that were paid."""
    routes: list[Route]
    categories: dict[str, int]
    days: list[Day]
    """Those with orders, in order."""


_ORDER: Final = tuple(orders.c[name] for name in OrderItem.__struct_fields__)
_FATES: Final = ("delivered", "released", "refunded", "disputed", "cancelled", "payment_failed")


def orders_of(
    connection: Connection, seller_id: str, *, limit: int = 50, after_cursor: str | None = None
) -> OrdersPage:
    """A seller's orders, the latest first.

    Raises:
        CursorError: The cursor is none of this list.
    """
    limit = min(max(limit, 1), MOST)
    by: list[tuple[Any, bool]] = [(orders.c.placed_at, True), (orders.c.order_id, True)]
    query = select(*_ORDER).where(orders.c.seller_id == seller_id)
    if after_cursor:
        query = query.where(after(by, read_cursor(after_cursor, "orders", [int, str])))
    rows = connection.execute(query.order_by(*[column.desc() for column, _ in by]).limit(limit + 1)).all()
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    return OrdersPage(
        [OrderItem(**row._mapping) for row in page],
        cursor("orders", [last.placed_at, last.order_id]) if last else None,
    )


def trade(connection: Connection, seller_id: str) -> Trade:
    """Sums up a seller's kept orders, 500 at most."""
    rows = connection.execute(select(*_ORDER).where(orders.c.seller_id == seller_id)).all()
    routes: Counter[tuple[str | None, str | None]] = Counter((row.origin, row.destination) for row in rows)
    disputed = Counter((row.origin, row.destination) for row in rows if row.disputed_at is not None)
    by_currency: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        by_currency[row.currency].append(row.amount_minor)
    return Trade(
        len(rows),
        min((row.placed_at for row in rows), default=None),
        len({row.buyer for row in rows}),
        {fate: sum(getattr(row, f"{fate}_at") is not None for row in rows) for fate in _FATES},
        sorted((_amounts(*each) for each in by_currency.items()), key=lambda a: (-a.orders, a.currency)),
        _counted(row.method for row in rows if row.method),
        [Route(*way, count, disputed[way]) for way, count in routes.most_common()],
        _counted(row.category for row in rows if row.category),
        _days(rows),
    )


def _amounts(currency: str, values: list[int]) -> Amounts:
    values.sort()
    return Amounts(currency, len(values), sum(values), values[0], values[len(values) // 2], values[-1])


def _counted(values: Any) -> dict[str, int]:
    return dict(Counter(values).most_common())


def _days(rows: Sequence[AnyRow]) -> list[Day]:
    by_day: dict[Micros, list[AnyRow]] = defaultdict(list)
    for row in rows:
        by_day[row.placed_at // DAY * DAY].append(row)
    days = []
    for begins in sorted(by_day):
        totals: dict[str, int] = defaultdict(int)
        for row in by_day[begins]:
            totals[row.currency] += row.amount_minor
        disputed = sum(row.disputed_at is not None for row in by_day[begins])
        days.append(Day(begins, len(by_day[begins]), disputed, dict(totals)))
    return days
