"""Erasing from the console's database: a memory beside Redis, fed from the topics."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from streams.erasure.person import Person
from streams.errors import SellerwatchError
from streams.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection


def erase(settings: Settings, person: Person) -> str:
    """Deletes a person's rows; says what was done, or why it could not be, or nothing where there is no database."""
    place = settings.console_database.get_secret_value()
    if find_spec("sqlalchemy") is None or ("://" not in place and not Path(place).exists()):
        return ""
    from console.store.database import Database

    try:
        database = Database.open(place)
    except SellerwatchError as error:
        return f"the console's database was NOT cleared: {error}; repeat the command where it can be reached"
    try:
        with database.writing() as connection:
            done = _rows_of_seller(connection, person.seller) if person.seller else _rows_of_values(connection, person)
    except SellerwatchError as error:
        return f"the console's database was NOT cleared: {error}; repeat the command where it can be reached"
    finally:
        database.close()
    return f"the console's database: {done:,} rows, which a `sellerwatch console rebuild` leaves out, too"


def _rows_of_seller(connection: "Connection", seller: str) -> int:
    from sqlalchemy import delete, select

    from console.store.schema import alert_bodies, alert_words, alerts, links, metadata

    bodies = select(alert_bodies.c.alert_id).where(
        alert_bodies.c.first_id.in_(select(alerts.c.alert_id).where(alerts.c.seller_id == seller))
    )
    done = connection.execute(delete(alert_words).where(alert_words.c.alert_id.in_(bodies))).rowcount
    done += connection.execute(delete(alert_bodies).where(alert_bodies.c.alert_id.in_(bodies))).rowcount
    done += connection.execute(delete(links).where(links.c.other == seller)).rowcount
    for table in metadata.sorted_tables:
        if "seller_id" in table.c:
            done += connection.execute(delete(table).where(table.c.seller_id == seller)).rowcount
    return done


def _rows_of_values(connection: "Connection", person: Person) -> int:
    from sqlalchemy import delete, update

    from console.store.schema import links, orders

    hashes = person.all_hashes
    done = connection.execute(update(orders).where(orders.c.buyer.in_(hashes)).values(buyer="")).rowcount
    return done + connection.execute(delete(links).where(links.c.value.in_(hashes))).rowcount
