"""Training rows of orders whose labels come a week late, for tests of what learns from them."""

import random
from collections.abc import Iterator
from typing import Literal

from msgspec import structs

from detectors.events import DAY, SECOND, Micros, Source
from detectors.models.training import TrainingRow

FEATURES = ("amount", "hour", "noise", "quiet")
DELAY: Micros = 7 * DAY
STEP: Micros = 600 * SECOND


def order(number: int, features: tuple[float, ...], **fields: object) -> TrainingRow:
    """An unlabelled row, every ten minutes."""
    at = number * STEP
    given: dict[str, object] = {
        "source": Source("sellerwatch.events", 0, number),
        "event_id": f"event-{number}",
        "order_id": f"order-{number}",
        "seller_id": f"seller-{number % 97}",
        "cohort": "consumer|toys|3",
        "event_time": at,
        "logged_at": at,
        "features": features,
        "suspicious": False,
    }
    return TrainingRow(**(given | fields))  # type: ignore[arg-type]


def chance(features: tuple[float, ...]) -> float:
    """How likely such an order is bad: large ones at night."""
    amount, hour, _, _ = features
    return 0.6 if amount > 0.8 and hour < 0.25 else 0.15 if amount > 0.8 else 0.005


def traffic(seed: int, orders: int, *, first: int = 0) -> Iterator[TrainingRow]:
    """Orders as they come, and disputes of the bad ones a week after each."""
    draw = random.Random(seed)
    disputes: list[TrainingRow] = []
    for number in range(first, first + orders):
        features = (draw.random(), draw.random(), draw.random(), 0.0)
        row = order(number, features)
        while disputes and disputes[0].logged_at <= row.logged_at:
            yield disputes.pop(0)
        yield row
        if draw.random() < chance(features):
            disputes.append(labelled(row, "bad"))


def labelled(row: TrainingRow, label: Literal["bad", "good"], *, days: float = 7.0) -> TrainingRow:
    """What a dispute makes of the row of its order."""
    logged_at = row.event_time + int(days * DAY)
    return structs.replace(row, logged_at=logged_at, label=label, label_source="dispute")
