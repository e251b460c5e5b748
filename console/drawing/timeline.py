"""Orders along time: when, how large, and what became of them."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from console.drawing.scale import Scale, log_scale
from console.store.queries.trade import OrderItem
from console.words import day, fate, minute
from detectors.events import DAY, Micros

WIDTH: Final = 640.0
HEIGHT: Final = 150.0
LEFT, RIGHT, TOP, BOTTOM = 12.0, 12.0, 14.0, 24.0


class Dot(Struct, frozen=True):
    """One order; `tone` is what became of it."""

    x: float
    y: float
    tone: str
    order: OrderItem
    fate: str


class Mark(Struct, frozen=True):
    """A moment with its name."""

    x: float
    text: str
    anchor: str


class Timeline(Struct, frozen=True):
    """Everything that stands in the drawing."""

    width: float
    height: float
    base: float
    """Height of the axis."""
    dots: list[Dot]
    ticks: list[Mark]
    raised: Mark | None


TONES: Final = {"disputed": "critical", "refunded": "high", "cancelled": "paper", "delivered": "good"}


def timeline(orders: Sequence[OrderItem], raised_at: Micros | None) -> Timeline | None:
    """The drawing; `None` where there are no orders."""
    if not orders:
        return None
    times = [order.placed_at for order in orders] + ([raised_at] if raised_at is not None else [])
    margin = max((max(times) - min(times)) // 25, 60_000_000)
    along = Scale(min(times) - margin, max(times) + margin, WIDTH - LEFT - RIGHT)
    up, logs = log_scale([order.amount_minor for order in orders], HEIGHT - TOP - BOTTOM)
    dots = [
        Dot(LEFT + along.at(order.placed_at), HEIGHT - BOTTOM - up.at(size), TONES.get(became, "low"), order, became)
        for order, size in zip(orders, logs, strict=True)
        for became in [fate(order)]
    ]
    raised = None
    if raised_at is not None:
        x = LEFT + along.at(raised_at)
        raised = Mark(x, "raised", "end" if x > WIDTH / 2 else "start")
    return Timeline(WIDTH, HEIGHT, HEIGHT - BOTTOM, dots, _ticks(along), raised)


def _ticks(along: Scale) -> list[Mark]:
    """Begin, middle and end, named by the minute where they lie within two days."""
    name = day if along.high - along.low > 2 * DAY else minute
    places = ((along.low, "start"), ((along.low + along.high) / 2, "middle"), (along.high, "end"))
    return [Mark(LEFT + along.at(value), name(int(value)), anchor) for value, anchor in places]
