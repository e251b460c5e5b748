"""Records of the log as rows of sellers, orders, listings, links and what else happened to them."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, bindparam, case, func, or_, update

from console.store.feed.erasing import ERASED, Erased, erase, erases
from console.store.feed.occurring import occurrence
from console.store.schema import links, listings, occurrences, orders, sellers, verdicts
from console.store.writing import put
from detectors.events import (
    AlertSnoozed,
    LinkFound,
    ListingPublished,
    ListingRemoved,
    Micros,
    OrderCancelled,
    OrderDelivered,
    OrderPlaced,
    PaymentCaptured,
    PaymentDisputed,
    PaymentFailed,
    PaymentRefunded,
    PaymentReleased,
    Place,
    Record,
    ReviewLeft,
    SellerAccount,
    SellerBanned,
    SellerRegistered,
    SellerReinstated,
    ShipmentCreated,
    VerdictGiven,
)
from detectors.profiles.sightings import OWN_VALUES
from streams.upstream import EPOCH, MICROSECOND

DESCRIPTION: Final = 4_000
"""Characters of a listing's description that are kept."""
_HAPPENED: Final[Mapping[type, str]] = {
    OrderCancelled: "cancelled_at",
    OrderDelivered: "delivered_at",
    PaymentReleased: "released_at",
    PaymentRefunded: "refunded_at",
    PaymentDisputed: "disputed_at",
    PaymentFailed: "payment_failed_at",
}
_ORDER: Final = (orders.c.seller_id == bindparam("of_seller"), orders.c.order_id == bindparam("of_order"))


def take_log(connection: Connection, records: Sequence[Record]) -> set[str]:
    """Takes records in, in the order of the log; the sellers on whose alerts somebody has judged."""
    judged: set[str] = set()
    begun = 0
    for number, record in enumerate(records):
        if erases(record):  # what was before it goes, what comes after it stays
            judged |= _take(connection, records[begun:number])
            erase(connection, record)
            begun = number + 1
    return judged | _take(connection, records[begun:])


def _take(connection: Connection, records: Sequence[Record]) -> set[str]:
    of_sellers = [record for record in records if record.seller_id]
    _take_sellers(connection, of_sellers)
    _take_orders(connection, of_sellers)
    _take_listings(connection, of_sellers)
    put(connection, links, [row for record in of_sellers for row in _links(record)], _LINK)
    put(connection, occurrences, [row for record in of_sellers if (row := occurrence(record))])
    judging = [record for record in of_sellers if isinstance(record.body, VerdictGiven | AlertSnoozed)]
    put(connection, verdicts, map(_verdict, judging), ("logged_at",), where=_not_back)
    return {record.seller_id for record in judging}


# -- sellers ----------------------------------------------------------------------------------


def _take_sellers(connection: Connection, records: Sequence[Record]) -> None:
    see_sellers(connection, [(r.seller_id, r.event_time, r.logged_at) for r in records])
    accounts: list[dict[str, Any]] = []
    standings: list[dict[str, Any]] = []
    for record in records:
        body, of_seller = record.body, {"of_seller": record.seller_id}
        if isinstance(body, SellerAccount):
            registered = record.event_time if isinstance(body, SellerRegistered) else None
            said = {"new_country": body.country, "new_verification": body.verification, "new_registered": registered}
            accounts.append(of_seller | said)
        elif isinstance(body, SellerBanned | SellerReinstated):
            status = "banned" if isinstance(body, SellerBanned) else ""
            standings.append(of_seller | {"new_status": status, "new_at": record.event_time})
    if accounts:
        connection.execute(_ACCOUNT, accounts)
    if standings:
        connection.execute(_STANDING, standings)


def see_sellers(connection: Connection, seen: Sequence[tuple[str, Micros, Micros]]) -> None:
    """Notes when sellers were seen: (seller, when it happened, when that was logged)."""
    found: dict[str, dict[str, Any]] = {}
    for seller_id, time, logged_at in seen:
        row = found.setdefault(seller_id, {"first_seen": time, "last_seen": time, "logged_at": logged_at})
        row["first_seen"] = min(row["first_seen"], time)
        row["last_seen"] = max(row["last_seen"], time)
        row["logged_at"] = max(row["logged_at"], logged_at)
    put(connection, sellers, [{"seller_id": s, "status": "", **row} for s, row in found.items()], _seen)


def _seen(new: Any) -> Mapping[str, Any]:
    def beyond(name: str, further: Callable[[Any, Any], Any]) -> Any:
        return case((further(new[name], sellers.c[name]), new[name]), else_=sellers.c[name])

    return {
        "first_seen": beyond("first_seen", lambda one, other: one < other),
        "last_seen": beyond("last_seen", lambda one, other: one > other),
        "logged_at": beyond("logged_at", lambda one, other: one > other),
    }


_ACCOUNT: Final = (
    update(sellers)
    .where(sellers.c.seller_id == bindparam("of_seller"))
    .values(
        country=func.coalesce(bindparam("new_country"), sellers.c.country),
        verification=func.coalesce(bindparam("new_verification"), sellers.c.verification),
        registered_at=func.coalesce(bindparam("new_registered"), sellers.c.registered_at),
    )
)
_STANDING: Final = (
    update(sellers)
    .where(sellers.c.seller_id == bindparam("of_seller"))
    .where(or_(sellers.c.status_at.is_(None), sellers.c.status_at <= bindparam("new_at")))
    .values(status=bindparam("new_status"), status_at=bindparam("new_at"))
)


# -- orders -----------------------------------------------------------------------------------


def _take_orders(connection: Connection, records: Sequence[Record]) -> None:
    placed = [(record, record.body) for record in records if isinstance(record.body, OrderPlaced)]
    gone = Erased(connection, (), [body.buyer_id for _, body in placed])
    put(connection, orders, [_order(record, body, gone) for record, body in placed])
    happened: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        values = _what_happened(record)
        if values:
            order_id = getattr(record.body, "order_id", None)
            named = {f"new_{name}": value for name, value in values.items()}
            happened[tuple(values)].append({"of_seller": record.seller_id, "of_order": order_id, **named})
    for names, rows in happened.items():
        changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        connection.execute(update(orders).where(*_ORDER).values(**changed), rows)


def _order(record: Record, body: OrderPlaced, gone: Erased) -> dict[str, Any]:
    first = body.items[0] if body.items else None
    return {
        "seller_id": record.seller_id,
        "order_id": body.order_id,
        "placed_at": record.event_time,
        "amount_minor": body.amount_minor,
        "currency": body.currency,
        "buyer": ERASED if gone.value(body.buyer_id, record.logged_at) else body.buyer_id,
        "title": first and first.title,
        "category": first and first.category,
        "quantity": sum(item.quantity for item in body.items),
        "destination": body.ship_to and body.ship_to.country,
        "logged_at": record.logged_at,
    }


def _what_happened(record: Record) -> dict[str, Any]:
    """What an event changes of its order."""
    body = record.body
    if isinstance(body, PaymentCaptured):
        return {"method": body.method}
    if isinstance(body, ShipmentCreated):
        places = {"origin": _country(body.origin), "destination": _country(body.destination)}
        return {name: country for name, country in places.items() if country}
    if isinstance(body, ReviewLeft) and body.order_id:
        return {"rating": body.rating}
    column = _HAPPENED.get(type(body))
    return {column: record.event_time} if column else {}


def _country(place: Place | None) -> str | None:
    return place.country if place else None


# -- listings, links, verdicts ----------------------------------------------------------------

_LISTING: Final = ("published_at", "removed_at", "title", "description", "category", "amount_minor", "currency")


def _take_listings(connection: Connection, records: Sequence[Record]) -> None:
    """In runs of one kind, so that what was removed and published again is there again."""
    for record in records:
        body = record.body
        if not isinstance(body, ListingPublished | ListingRemoved):
            continue
        row = {"seller_id": record.seller_id, "listing_id": body.listing_id, "logged_at": record.logged_at}
        if isinstance(body, ListingRemoved):
            row |= {"removed_at": record.event_time}
            put(connection, listings, [row], ("removed_at", "logged_at"))
            continue
        row |= {"published_at": record.event_time, "removed_at": None}
        row |= {"title": body.title, "description": body.description and body.description[:DESCRIPTION]}
        row |= {"category": body.category, "amount_minor": body.amount_minor, "currency": body.currency}
        put(connection, listings, [row], (*_LISTING, "logged_at"))


_LINK: Final = ("role", "own_role", "sellers", "found_at", "logged_at")


def _links(record: Record) -> list[dict[str, Any]]:
    """Both sides: what the log tells the other seller, and what the joining one's own record shows."""
    known = {"seller_id": record.seller_id, "found_at": record.event_time, "logged_at": record.logged_at}
    body = record.body
    if isinstance(body, LinkFound):
        if body.through:  # an edge of two others: their own logs have it
            return []
        value = {"other": body.other_seller, "kind": body.kind, "value": body.value, "sellers": body.sellers}
        return [known | value | {"role": body.role, "own_role": body.own_role}]
    return [
        known
        | {"other": other.seller_id, "kind": seen.kind, "value": seen.value, "sellers": seen.sellers + 1}
        | {"role": other.role, "own_role": seen.role}
        for seen in record.seen
        if seen.role == "seller" and seen.kind in OWN_VALUES
        for other in seen.others
        if other.seller_id != record.seller_id
    ]


def _not_back(_: Any) -> ColumnElement[bool]:
    return verdicts.c.logged_at.is_(None)


def _verdict(record: Record) -> dict[str, Any]:
    body: Any = record.body
    snoozed = isinstance(body, AlertSnoozed)
    return {
        "event_id": record.event_id,
        "seller_id": record.seller_id,
        "alert_id": body.alert_id,
        "verdict": "snoozed" if snoozed else body.verdict,
        "event_time": record.event_time,
        "analyst": body.analyst,
        "until": (body.until - EPOCH) // MICROSECOND if snoozed else None,
        "reason": body.reason if snoozed else None,
        "pattern": body.pattern if snoozed else None,
        "logged_at": record.logged_at,
    }
