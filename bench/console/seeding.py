"""Fills a database as the feed would: many sellers, many alerts, and one seller with as much as is kept of one."""

import random
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final

import msgspec

from console.store.database import Database
from console.store.feed.keeping import KEPT
from console.store.raising import take_alerts
from console.store.schema import decisions, links, listings, occurrences, orders, sellers, verdicts
from console.store.settling import settle
from console.store.writing import put
from detectors.alert_policy import SEVERITIES
from detectors.assessment import Reason
from detectors.decision import Alert, Evidence, LinkedSeller, say_time
from detectors.events import DAY, HOUR, Micros

NOW: Final[Micros] = 1_790_000_000_000_000
PATTERNS: Final = ("small_repeat", "velocity", "disputes", "linked_accounts", "listing_language", "parcel", "account")
WORDS: Final = (
    "small",
    "orders",
    "buyers",
    "parcels",
    "never",
    "peers",
    "disputed",
    "device",
    "shares",
    "new",
    "night",
)
LARGE: Final = "seller-0000000"
"""The seller of which as much is kept as may be."""
AT_ONCE: Final = 20_000
Told = Callable[[str], None]


def seed(database: Database, *, alerts: int, of_sellers: int, told: Told = lambda _: None) -> None:
    """Writes so many alerts on so many sellers; the same numbers give the same rows."""
    dice = random.Random(1)
    for table, rows in (
        (sellers, _sellers(dice, of_sellers)),
        (orders, _orders(dice, of_sellers)),
        (decisions, _decisions(dice, of_sellers)),
        (links, _links(dice, of_sellers)),
        (listings, _listings()),
        (occurrences, _occurrences(dice, of_sellers)),
    ):
        told(f"{table.name} ...")
        while some := list(islice(rows, AT_ONCE)):
            with database.writing() as connection:
                put(connection, table, some)
    told("alerts ...")
    raised = _alerts(dice, alerts, of_sellers)
    while part := list(islice(raised, 2_000)):
        with database.writing() as connection:
            take_alerts(connection, part, NOW)
            judged = [row for alert in part if (row := _verdict(dice, alert))]
            put(connection, verdicts, judged)
            settle(connection, {row["seller_id"] for row in judged}, NOW)
    with database.writing() as connection:
        connection.exec_driver_sql("ANALYZE")


def seller_id(number: int) -> str:
    return f"seller-{number:07d}"


def _sellers(dice: random.Random, count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        seen = NOW - dice.randrange(90 * DAY)
        yield {
            "seller_id": seller_id(number),
            "first_seen": seen - dice.randrange(300 * DAY),
            "last_seen": seen,
            "registered_at": seen - 300 * DAY,
            "country": dice.choice(("DE", "FR", "NL", "GB", "PL")),
            "verification": dice.choice(("verified", "none", "pending")),
            "status": "",
            "score": dice.random() ** 4,
            "score_at": seen,
            "pattern": dice.choice(PATTERNS),
            "logged_at": seen,
        }


def _orders(dice: random.Random, count: int) -> Iterator[dict[str, Any]]:
    """One of each seller, and all that may be of the large one."""
    for number in range(count + KEPT[orders]):
        placed = NOW - dice.randrange(90 * DAY)
        yield {
            "seller_id": seller_id(number) if number < count else LARGE,
            "order_id": f"order-{number:08d}",
            "placed_at": placed,
            "amount_minor": dice.randrange(500, 50_000),
            "currency": dice.choice(("EUR", "EUR", "GBP", "BTC")),
            "buyer": f"k1:{dice.randrange(count):022d}",
            "title": "Thing",
            "category": dice.choice(("garden", "phones", "health")),
            "quantity": 1,
            "method": dice.choice(("card", "card", "wallet", "crypto")),
            "origin": dice.choice(("NL", "DE", None)),
            "destination": dice.choice(("DE", "FR", "US")),
            "delivered_at": placed + 3 * DAY,
            "logged_at": placed,
        }


def _decisions(dice: random.Random, count: int) -> Iterator[dict[str, Any]]:
    reason = Reason("small_orders", "12 of 14 orders are small", 0.8, 0.1, 0.2, 0.6)
    reasons = msgspec.json.encode([reason]).decode()
    for number in range(count + KEPT[decisions]):
        time, score = NOW - dice.randrange(90 * DAY), dice.random() ** 4
        yield {
            "seller_id": seller_id(number) if number < count else LARGE,
            "event_time": time,
            "event_id": f"event-{number:08d}",
            "type": "order.placed",
            "order_id": f"order-{number:08d}",
            "score": score,
            "seller_score": score,
            "pattern": dice.choice(PATTERNS),
            "outcome": "below_line",
            "review": 0.0,
            "reasons": reasons if score > 0.4 else None,
            "logged_at": time,
        }


def _links(dice: random.Random, count: int) -> Iterator[dict[str, Any]]:
    """A fifth of the sellers in small rings, and a large one."""
    pairs = [(LARGE, seller_id(number)) for number in range(1, KEPT[links])]
    rings = ((seller_id(n), seller_id(n - n % 5 + k)) for n in range(count // 5) for k in range(5) if n % 5 != k)
    for one, other in (*pairs, *((other, one) for one, other in pairs), *rings):
        kind = dice.choice(("device", "ip", "address", "email"))
        yield {
            "seller_id": one,
            "other": other,
            "kind": kind,
            "value": f"k1:{dice.randrange(count):022d}",
            "role": "seller",
            "own_role": "seller",
            "sellers": 2,
            "found_at": NOW,
            "logged_at": NOW,
        }


def _listings() -> Iterator[dict[str, Any]]:
    for number in range(KEPT[listings]):
        yield {
            "seller_id": LARGE,
            "listing_id": f"listing-{number:04d}",
            "published_at": NOW - number * HOUR,
            "title": "Garden chair, stealth shipping",
            "description": "A chair of oak. " * 200 + "Ask for the m3nu.",
            "category": "garden",
            "amount_minor": 4_900,
            "currency": "EUR",
            "logged_at": NOW,
        }


def _occurrences(dice: random.Random, count: int) -> Iterator[dict[str, Any]]:
    for number in range(count // 10 + KEPT[occurrences]):
        time = NOW - dice.randrange(90 * DAY)
        yield {
            "seller_id": seller_id(number) if number < count // 10 else LARGE,
            "event_time": time,
            "event_id": f"happened-{number}",
            "type": "report.filed",
            "detail": "counterfeit",
            "logged_at": time,
        }


def _alerts(dice: random.Random, count: int, of_sellers: int) -> Iterator[Alert]:
    for number in range(count):
        at = NOW - dice.randrange(90 * DAY)
        seller = LARGE if number < 100 else seller_id(dice.randrange(of_sellers))
        texts = [" ".join(dice.choices(WORDS, k=6)) for _ in range(4)]
        score = 0.7 + 0.3 * dice.random()
        yield Alert(
            alert_id=f"alr_{number:016d}",
            seller_id=seller,
            pattern=dice.choice(PATTERNS),
            severity=SEVERITIES[min(int((score - 0.7) * 40 / 3), 3)],
            score=score,
            event_time=say_time(at - HOUR),
            raised_at=say_time(at),
            reasons=[Reason(f"code_{n}", text, dice.random(), 0.1, 0.2, score / 4) for n, text in enumerate(texts)],
            evidence=Evidence(
                [f"event-{number}"],
                [f"order-{dice.randrange(of_sellers):08d}" for _ in range(8)],
                [LinkedSeller(seller_id(dice.randrange(of_sellers)), "device", 0.6)],
            ),
            versions={"policy": "p", "patterns": "q", "features": "f"},
        )


def _verdict(dice: random.Random, alert: Alert) -> dict[str, Any] | None:
    """Four of ten wait; the others are judged."""
    if dice.random() < 0.4:
        return None
    return {
        "event_id": f"verdict-{alert.alert_id}",
        "seller_id": alert.seller_id,
        "alert_id": alert.alert_id,
        "verdict": dice.choice(("confirmed", "dismissed")),
        "event_time": NOW,
        "analyst": "k1:analyst",
        "logged_at": NOW,
    }
