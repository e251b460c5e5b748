"""Numbers, times and names as people read them, for every page the same."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from markupsafe import Markup

from console.store.queries.trade import OrderItem
from detectors.decision import say_time
from detectors.events import DAY, HOUR, SECOND
from detectors.money import say_money

MINUTE: Final = 60 * SECOND
SEVERITIES: Final = ("low", "medium", "high", "critical")
PATTERNS: Final = {
    "small_repeat": "small sales, repeated by a small circle",
    "velocity": "a burst of orders",
    "disputes": "orders that come back disputed",
    "linked_accounts": "a ring of tied accounts",
    "return_after_ban": "a banned seller come back",
    "account": "an account nobody can be held to",
    "takeover": "an account in other hands",
    "payment_mix": "payments that leave no trace",
    "escrow": "money released before delivery",
    "parcel": "parcels that do not fit what was sold",
    "sender": "labels that hide who sends",
    "route": "routes that changed at once",
    "reports": "reports by several people",
    "reviews": "reviews without orders",
    "buyer": "trade that rests on a few buyers",
    "basket": "harmless things that belong together",
    "listing_language": "words of illicit goods",
    "listing_reuse": "pictures and texts of other sellers",
    "off_platform": "contacts that lead off the marketplace",
    "anomaly": "trade unlike that of its peers",
    "intel": "values that others have listed",
}
"""What each pattern has seen, in the words of an analyst; an own rule is called by its name."""
OUTCOMES: Final = {
    "first": "alert raised",
    "escalated": "alert escalated",
    "open_already": "alert open already",
    "other_alert_open": "another alert open",
    "quiet_period": "quiet period",
    "below_line": "below the line",
    "dismissed_by_verdict": "dismissed before",
    "confirmed_by_verdict": "confirmed before",
    "snoozed": "snoozed",
    "trusted_seller": "trusted seller",
    "over_budget": "over the budget",
}


def plain(name: str) -> str:
    """`small_repeat` as words."""
    return name.replace("_", " ").replace(".", " ")


def pattern(name: str) -> str:
    """What a pattern has seen."""
    return PATTERNS.get(name) or plain(name)


def outcome(name: str) -> str:
    return OUTCOMES.get(name) or plain(name)


def severity(number: int) -> str:
    return SEVERITIES[number]


def now() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1_000


def span(micros: int) -> str:
    """`40 s`, `4 min`, `4 h`, `2 d`, `3 y`: the largest unit that gives at least one."""
    for unit, name in ((365 * DAY, "y"), (DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if abs(micros) >= unit:
            return f"{abs(micros) // unit} {name}"
    return f"{abs(micros) // SECOND} s"


def ago(micros: int | None) -> str:
    """How long ago, or in how long."""
    if micros is None:
        return "-"
    apart = now() - micros
    return f"in {span(apart)}" if apart < -SECOND else f"{span(max(apart, 0))} ago"


def day(micros: int) -> str:
    return f"{_datetime(micros):%d %b %Y}"


def minute(micros: int) -> str:
    """`21 Nov 2026 11:32`, UTC."""
    return f"{_datetime(micros):%d %b %Y %H:%M}"


def _datetime(micros: int) -> datetime:
    return datetime.fromtimestamp(micros / SECOND, UTC)


def moment(micros: int | None, shown: Callable[[int | None], str] | None = None) -> Markup:
    """A `<time>` that shows how long ago it was, and on asking when exactly, in UTC."""
    if micros is None:
        return Markup("-")
    exact = say_time(micros // SECOND * SECOND)
    return Markup('<time datetime="{0}" title="{1} UTC">{2}</time>').format(
        exact, minute(micros), (shown or ago)(micros)
    )


def exactly(micros: int | None) -> Markup:
    """A `<time>` that shows the minute."""
    return moment(micros, lambda at: minute(at or 0))


def number(value: float | None) -> str:
    """With separators of thousands, and so many places as tell something."""
    if value is None:
        return "-"
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def score(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.0f} %"


def money(amount_minor: int, currency: str) -> str:
    return say_money(amount_minor, currency)


def fate(order: OrderItem) -> str:
    """What became of an order, the worst first."""
    happened = ("disputed", "refunded", "cancelled", "delivered")
    return next((name for name in happened if getattr(order, f"{name}_at") is not None), "open")


def plural(count: int, one: str, many: str = "") -> str:
    """`1 order`, `3 orders`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "plain": plain,
    "pattern": pattern,
    "outcome": outcome,
    "severity": severity,
    "span": span,
    "ago": moment,
    "at": exactly,
    "day": day,
    "number": number,
    "score": score,
    "percent": percent,
    "money": money,
    "plural": plural,
    "fate": fate,
}
