"""How a buyer buys, in numbers that fade with event time."""

import math

from msgspec import Struct

from detectors.events import DAY, BuyerHistory, Micros

MEMORY_ORDERS = 80
EPISODE_DAYS = 14
"""A run of bad orders has ended when no label has come for so long."""
HIGH_FROM, HIGH_BY = 1.5, 2.0
"""Deviations from which on an amount counts as high, and how many more make it count fully."""


class BuyerStats(Struct, array_like=True, gc=False):
    """How a buyer buys, in numbers that decay with event time (days 1, 7, 30)."""

    at: Micros = 0
    orders: int = 0
    day: float = 0.0
    week: float = 0.0
    month: float = 0.0
    mean: float = 0.0
    var: float = 0.0
    bad: int = 0
    last_bad: Micros | None = None
    bad_since: Micros | None = None
    logs_30d: float = 0.0
    """Sum of the logs of amounts, fading like `month`."""
    usual: float = 0.0
    distance: float = 0.0
    high_10d: float = 0.0
    orders_10d: float = 0.0
    parts: bytes = b""
    """Orders of parts in the last 30 days, by seller: see `detectors.patterns.parts`."""


def history(stats: BuyerStats, now: Micros) -> BuyerHistory:
    """A buyer's habits as they stand at `now`."""
    age = max(now - stats.at, 0) / DAY
    return BuyerHistory(
        orders=stats.orders,
        orders_1d=round(stats.day * math.exp(-age), 4),
        orders_7d=round(stats.week * math.exp(-age / 7), 4),
        orders_30d=round(stats.month * math.exp(-age / 30), 4),
        log_amount_mean=round(stats.mean, 5),
        log_amount_var=round(stats.var, 5),
        bad_orders=stats.bad,
        last_bad=stats.last_bad,
        bad_since=stats.bad_since,
        log_amount_30d=round(stats.logs_30d / stats.month, 4) if stats.month else 0.0,
        amount_mean=round(stats.usual, 1),
        amount_deviation=round(stats.distance, 1),
        high=round(stats.high_10d * math.exp(-age / 10), 4),
        high_share=round(stats.high_10d / (stats.orders_10d + 0.5 * math.exp(min(age / 10, 50.0))), 4),
    )


def learn_bad(stats: BuyerStats, now: Micros, placed_at: Micros) -> None:
    running = stats.last_bad is not None and now - stats.last_bad < EPISODE_DAYS * DAY
    stats.bad_since = min(stats.bad_since or placed_at, placed_at) if running else placed_at
    stats.bad += 1
    stats.last_bad = max(stats.last_bad or 0, now)


def learn_order(stats: BuyerStats, now: Micros, amount_minor: int) -> None:
    """A norm that fraud cannot move: each amount is clipped before it is learned (docs/detection)."""
    age = max(now - stats.at, 0) / DAY if stats.at else 0.0
    _learn_height(stats, amount_minor, math.exp(-age / 10))
    x = math.log1p(amount_minor)
    keep_30d = math.exp(-age / 30)
    stats.day = stats.day * math.exp(-age) + 1
    stats.week = stats.week * math.exp(-age / 7) + 1
    stats.month = stats.month * keep_30d + 1
    stats.logs_30d = stats.logs_30d * keep_30d + x
    stats.at = max(stats.at, now)
    stats.orders += 1
    if stats.orders == 1:
        stats.mean, stats.var = x, 0.25
        stats.usual, stats.distance = float(amount_minor), 0.4 * amount_minor
        return
    deviation = math.sqrt(stats.var)
    off = min(max(x - stats.mean, -2.5 * deviation), deviation)
    rate = 1 / min(stats.orders, MEMORY_ORDERS)
    stats.mean += rate * off
    stats.var = max((1 - rate) * (stats.var + rate * off * off), 0.01)
    distance = abs(amount_minor - stats.usual)
    stats.distance += (min(distance, 2 * stats.distance + 1) - stats.distance) * rate
    stats.usual += (min(amount_minor, 2 * stats.usual + 100) - stats.usual) * rate


def _learn_height(stats: BuyerStats, amount_minor: int, keep_10d: float) -> None:
    """How often of late the buyer paid far more than usual: judged before the amount is learned."""
    high = 0.0
    if stats.orders:
        above = (amount_minor - stats.usual) / (1.25 * stats.distance + 0.12 * stats.usual + 1.0)
        above *= stats.orders / (stats.orders + 2.0)
        high = min(max((above - HIGH_FROM) / HIGH_BY, 0.0), 1.0)
    stats.high_10d = stats.high_10d * keep_10d + high
    stats.orders_10d = stats.orders_10d * keep_10d + 1
