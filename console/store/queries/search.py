"""Finds sellers, orders and alerts by their ids, and sellers by a personal value, which is hashed before it is used."""

import asyncio
from collections.abc import Sequence
from typing import Final, Literal, get_args

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, select

from console.store.database import Database
from console.store.queries.queue import LAST, QueueFilter, QueueItem, queue
from console.store.queries.sellers import Seller, standings
from console.store.redis_reading import values_of
from console.store.schema import links, orders, sellers
from console.store.states import STATES
from detectors.events import Micros
from streams.errors import SettingsError
from streams.privacy import Pseudonyms, ip_prefix
from streams.settings import Settings

MOST: Final = 20
LONGEST: Final = 512
PersonalKind = Literal[
    "email", "phone", "ip", "device", "payout_account", "wallet", "instrument", "tax_id", "name", "address", "buyer"
]
KINDS: Final[tuple[PersonalKind, ...]] = get_args(PersonalKind)


class OrderHit(Struct, frozen=True):
    """An order, and whose it is."""

    order_id: str
    seller_id: str
    placed_at: Micros


class Hits(Struct, frozen=True):
    """What a text is an id of, or begins one; then words of alerts."""

    sellers: list[Seller]
    orders: list[OrderHit]
    alerts: list[QueueItem]


class Holder(Struct, frozen=True):
    """A seller that has touched a personal value."""

    seller_id: str
    kind: str
    """What kind of value it was taken for."""
    role: str
    """As its own (`seller`), or through a `buyer`."""
    last_seen: Micros | None
    listed: list[str]
    """Sources of intelligence that list the value."""


class Holders(Struct, frozen=True):
    """Sellers that have touched a personal value."""

    holders: list[Holder]
    """Those who gave it as their own first."""
    redis: bool
    """Whether Redis answered: without it only links and buyers of the log are known."""


def find(connection: Connection, text: str) -> Hits:
    """Sellers, orders and alerts whose id is the text or begins with it, the exact ones first."""
    text = text.strip()[:LONGEST]
    if not text:
        return Hits([], [], [])
    return Hits(_sellers(connection, text), _orders(connection, text), _alerts(connection, text))


def _sellers(connection: Connection, text: str) -> list[Seller]:
    begins = (sellers.c.seller_id >= text) & (sellers.c.seller_id < text + LAST)
    query = select(sellers.c.seller_id).where(begins).order_by(sellers.c.seller_id).limit(MOST)
    found = list(connection.execute(query).scalars())
    known = standings(connection, found)
    return [known[seller] for seller in found]


def _orders(connection: Connection, text: str) -> list[OrderHit]:
    begins = (orders.c.order_id >= text) & (orders.c.order_id < text + LAST)
    query = select(orders.c.order_id, orders.c.seller_id, orders.c.placed_at).where(begins)
    return [OrderHit(*row) for row in connection.execute(query.order_by(orders.c.order_id).limit(MOST))]


def _alerts(connection: Connection, text: str) -> list[QueueItem]:
    return queue(connection, QueueFilter(states=STATES, text=text), order="newest", limit=MOST).items


async def holders(
    database: Database, redis: Redis, settings: Settings, value: str, kind: PersonalKind | None = None
) -> Holders:
    """Sellers that have touched a personal value; it is hashed here, and neither kept nor logged.

    Args:
        kind: What it is; default: every kind is tried.

    Raises:
        SettingsError: There are no hash keys: give the console those that intake has.
        UnavailableError: The database does not answer.
    """
    hashes = hashes_of(settings, value, kind)
    found: dict[tuple[str, str, str], Holder] = {}
    for holder in await asyncio.to_thread(_kept, database, hashes):
        found[holder.seller_id, holder.kind, holder.role] = holder
    answered = True
    try:
        for (of_kind, _), known in (await values_of(redis, settings.namespace, hashes)).items():
            listed = sorted(known.listed)
            for seen in known.sellers:
                holder = Holder(seen.seller_id, of_kind, seen.role, seen.last_seen, listed)
                found[seen.seller_id, of_kind, seen.role] = holder
            if listed and not known.sellers:
                found["", of_kind, ""] = Holder("", of_kind, "", None, listed)
    except (RedisError, OSError):
        answered = False
    own_first = sorted(found.values(), key=lambda holder: (holder.role != "seller", holder.seller_id, holder.kind))
    return Holders(own_first, answered)


def hashes_of(settings: Settings, value: str, kind: PersonalKind | None) -> list[tuple[str, str]]:
    """Kind and keyed hash under each key that is looked up, the one in force first."""
    keys = settings.hashing()
    if not keys:
        raise SettingsError("SELLERWATCH_HASH_KEYS: personal values are looked up by the keys that intake has")
    pseudonyms, text = Pseudonyms(keys), value.strip()[:LONGEST]
    found: list[tuple[str, str]] = []
    for each in (kind,) if kind else KINDS:
        meant: list[tuple[str, str]] = [(each, text)]
        if each == "ip" and (prefix := ip_prefix(text)):
            meant.append(("ip_prefix", prefix))
        for of_kind, said in meant:
            found += [(of_kind, digest) for digest in (pseudonyms.of(of_kind, said), *pseudonyms.former(of_kind, said))]
    return found if text else []


def _kept(database: Database, hashes: Sequence[tuple[str, str]]) -> list[Holder]:
    kinds = {digest: kind for kind, digest in hashes}
    with database.reading() as connection:
        joined = connection.execute(select(links).where(links.c.value.in_(kinds)).limit(10 * MOST)).all()
        query = select(orders.c.seller_id, orders.c.buyer, orders.c.placed_at).where(orders.c.buyer.in_(kinds))
        bought = connection.execute(query.order_by(orders.c.placed_at).limit(10 * MOST)).all()
    found = [Holder(row.seller_id, kinds[row.value], row.own_role, row.found_at, []) for row in joined]
    found += [Holder(row.other, kinds[row.value], row.role, row.found_at, []) for row in joined]
    return found + [Holder(row.seller_id, "buyer", "buyer", row.placed_at, []) for row in bought]
