"""Fills a database by itself: many sellers, many alerts, and one seller with as much as is kept of one.

In SQL that SQLite and PostgreSQL share, so that a million sellers take a minute; numbers that look random are those of
a multiplication modulo a prime. The rows are like those of the feed, which a test compares.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from sqlalchemy import Connection, text

from console.store.database import Database
from console.store.feed.keeping import KEPT
from console.store.schema import decisions, links, listings, occurrences, orders
from detectors.assessment import Reason
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
Told = Callable[[str], None]
_REASON: Final = msgspec.json.encode([Reason("small_orders", "12 of 14 orders are small", 0.8, 0.1, 0.2, 0.6)]).decode()
_FIRST: Final = "SELECT CAST(0 AS bigint)"
_NUMBERS: Final = f"WITH RECURSIVE n(i) AS ({_FIRST} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {{count}}) "


def seed(database: Database, *, alerts: int, of_sellers: int, told: Told = lambda _: None) -> None:
    """Writes so many alerts on so many sellers; the same numbers give the same rows."""
    for name, statement in _statements(alerts, of_sellers).items():
        told(f"{name} ...")
        with database.writing() as connection:
            connection.execute(text(statement.replace(":", r"\:")))
    with database.writing() as connection:
        _analyze(connection)


def _analyze(connection: Connection) -> None:
    connection.exec_driver_sql("ANALYZE")


def _some(spread: int, below: int) -> str:
    """A number below a bound that looks random beside `i`."""
    return f"((i * {spread} + 12345) % 1000003 % {below})"


def _time(spread: int) -> str:
    """A moment of the last ninety days; no two rows near each other have the same."""
    return f"({NOW} - {_some(spread, 90 * 24)} * {HOUR} - i % 3600 * 1000000)"


def _id(prefix: str, number: str, digits: int = 7) -> str:
    """An id with leading zeros."""
    return f"'{prefix}' || substr(cast({10**digits} + {number} AS text), 2)"


def _pick(number: str, *values: str | None) -> str:
    cases = "".join(f" WHEN {n} THEN {_quoted(value)}" for n, value in enumerate(values))
    return f"CASE {number} % {len(values)}{cases} END"


def _quoted(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def _of(count: int) -> str:
    """The seller of row `i`; what is beyond them is the large one's."""
    return f"CASE WHEN i < {count} THEN {_id('seller-', 'i')} ELSE '{LARGE}' END"


def _insert(table: str, count: int, values: dict[str, str], source: str = "n") -> str:
    columns, given = ", ".join(values), ", ".join(values.values())
    return f"INSERT INTO {table} ({columns}) " + _NUMBERS.format(count=count) + f"SELECT {given} FROM {source}"


def _statements(alerts: int, count: int) -> dict[str, str]:
    score = f"({_some(17, 1000)} * {_some(31, 1000)} / 1000000.0)"
    seen = _time(7919)
    sellers = {
        "seller_id": _id("seller-", "i"),
        "first_seen": f"{seen} - {100 * DAY}",
        "last_seen": seen,
        "registered_at": f"{seen} - {300 * DAY}",
        "country": _pick(_some(13, 1000), "DE", "FR", "NL", "GB", "PL"),
        "verification": _pick(_some(19, 1000), "verified", "none", "pending"),
        "status": "''",
        "score": score,
        "score_at": seen,
        "pattern": _pick(_some(23, 1000), *PATTERNS),
        "logged_at": seen,
    }
    of_orders = {
        "seller_id": _of(count),
        "order_id": _id("order-", "i", 8),
        "placed_at": seen,
        "amount_minor": f"500 + {_some(29, 50_000)}",
        "currency": _pick(_some(37, 1000), "EUR", "EUR", "GBP", "BTC"),
        "buyer": _id("k1:", _some(41, 1_000_000), 22 - 6),
        "title": "'Thing'",
        "category": _pick(_some(43, 1000), "garden", "phones", "health"),
        "quantity": "1",
        "method": _pick(_some(47, 1000), "card", "card", "wallet", "crypto"),
        "origin": _pick(_some(53, 1000), "NL", "DE", None),
        "destination": _pick(_some(59, 1000), "DE", "FR", "US"),
        "delivered_at": f"{seen} + {3 * DAY}",
        "logged_at": seen,
    }
    of_decisions = {
        "seller_id": _of(count),
        "event_time": seen,
        "event_id": _id("event-", "i", 8),
        "type": "'order.placed'",
        "order_id": _id("order-", "i", 8),
        "score": score,
        "seller_score": score,
        "pattern": _pick(_some(23, 1000), *PATTERNS),
        "outcome": "'below_line'",
        "review": "0.0",
        "reasons": f"CASE WHEN {score} > 0.4 THEN {_quoted(_REASON)} END",
        "logged_at": seen,
    }
    happened = {
        "seller_id": _of(count // 10),
        "event_time": seen,
        "event_id": _id("happened-", "i"),
        "type": "'report.filed'",
        "detail": "'counterfeit'",
        "logged_at": seen,
    }
    return {
        "sellers": _insert("sellers", count, sellers),
        "orders": _insert("orders", count + KEPT[orders], of_orders),
        "decisions": _insert("decisions", count + KEPT[decisions], of_decisions),
        "links": _insert("links", count // 5, _link(_id("seller-", "i"), _id("seller-", "i - i % 5 + (i + 1) % 5"))),
        "links of one": _insert("links", KEPT[links] - 2, _link(f"'{LARGE}'", _id("seller-", "i + 9"))),
        "links to one": _insert("links", KEPT[links] - 2, _link(_id("seller-", "i + 9"), f"'{LARGE}'")),
        "listings": _insert("listings", KEPT[listings], _listing()),
        "occurrences": _insert("occurrences", count // 10 + KEPT[occurrences], happened),
        **_of_alerts(alerts, count),
    }


def _link(one: str, other: str) -> dict[str, str]:
    return {
        "seller_id": one,
        "other": other,
        "kind": _pick(_some(61, 1000), "device", "ip", "address", "email"),
        "value": _id("k1:", _some(67, 1_000_000), 16),
        "role": "'seller'",
        "own_role": "'seller'",
        "sellers": "2",
        "found_at": str(NOW),
        "logged_at": str(NOW),
    }


def _listing() -> dict[str, str]:
    return {
        "seller_id": f"'{LARGE}'",
        "listing_id": _id("listing-", "i", 4),
        "published_at": f"{NOW} - i * {HOUR}",
        "title": "'Garden chair, stealth shipping'",
        "description": _quoted("A chair of oak. " * 200 + "Ask for the m3nu."),
        "category": "'garden'",
        "amount_minor": "4900",
        "currency": "'EUR'",
        "logged_at": str(NOW),
    }


def _of_alerts(alerts: int, count: int) -> dict[str, str]:
    """A hundred of the large seller's, the others anybody's; four of ten wait."""
    raised = _time(104_729)
    number = _some(71, min(count, 1_000_003))
    seller = f"CASE WHEN i < 100 THEN '{LARGE}' ELSE {_id('seller-', number)} END"
    score, severity = f"(0.7 + {_some(73, 1000)} * 0.0003)", f"({_some(73, 1000)} / 250)"
    pattern, summary = _pick(_some(79, 1000), *PATTERNS), "'12 of 14 ' || " + _pick(_some(83, 1000), *WORDS)
    alert_id = _id("alr_", "i", 16)
    rows = {
        "alert_id": alert_id,
        "latest_id": alert_id,
        "seller_id": seller,
        "pattern": pattern,
        "severity": severity,
        "score": score,
        "event_time": raised,
        "first_raised_at": raised,
        "raised_at": raised,
        "escalation": "0",
        "summary": summary,
        "state": _pick(_some(89, 1000), "open", "open", "confirmed", "dismissed", "confirmed"),
        "version": "1",
    }
    body = {
        "alert_id": alert_id,
        "first_id": alert_id,
        "escalation": "0",
        "raised_at": raised,
        "body": _body(alert_id, seller, pattern, _pick(severity, "low", "medium", "high", "critical"), score, summary),
    }
    told = [_pick(_some(97 + n, 1000), *WORDS) for n in range(6)]
    named = [alert_id, seller, pattern, "'small_orders'", "'new_buyers'"]
    ordered = [_id("order-", _some(200 + n, count), 8) for n in range(8)]
    words = " UNION ".join(f"SELECT i, {word} AS word FROM n" for word in (*named, *told, *ordered))
    words = f"SELECT {alert_id}, word FROM ({words}) AS told"
    return {
        "alerts": _insert("alerts", alerts, rows),
        "alert bodies": _insert("alert_bodies", alerts, body),
        "alert words": "INSERT INTO alert_words (alert_id, word) " + _NUMBERS.format(count=alerts) + words,
    }


def _body(alert_id: str, seller: str, pattern: str, severity: str, score: str, summary: str) -> str:
    """The alert as JSON, with two reasons."""
    norms = '"observed":0.8,"own_norm":0.1,"peer_norm":0.2'
    reasons = [
        f'{{"code":"{code}","text":"\' || {summary} || \'",{norms},"contribution":\' || ({score} / 2) || \'}}'
        for code in ("small_orders", "new_buyers")
    ]
    named = {"alert_id": alert_id, "seller_id": seller, "pattern": pattern, "severity": severity}
    said = "".join(f'"{name}":"\' || ({value}) || \'",' for name, value in named.items())
    return (
        f"'{{{said}"
        f'"score":\' || {score} || \',"event_time":"2026-09-01T00:00:00Z","raised_at":"2026-09-01T00:00:01Z",'
        f'"reasons":[{",".join(reasons)}],'
        '"evidence":{"events":["event-1"],"orders":["order-1"],"sellers":[]},"versions":{"policy":"p"}}\''
    )
