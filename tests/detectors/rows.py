"""Training rows for tests: fields that a test does not mention are filled in."""

import random
from collections.abc import Iterator
from typing import Literal

from detectors.events import SECOND, Source
from detectors.models.training import TrainingRow

FEATURES = ("count", "spread", "equal", "gaps", "rebuy")


def row(
    number: int,
    *,
    seller: str = "seller-1",
    cohort: str = "consumer|toys|3",
    features: tuple[float, ...] = (0.2, 0.4, 0.1, 0.5, 0.1),
    suspicious: bool = False,
    label: Literal["bad", "good"] | None = None,
    label_source: Literal["dispute", "verdict"] | None = None,
    logged_at: int | None = None,
) -> TrainingRow:
    return TrainingRow(
        source=Source("sellerwatch.events", 0, number),
        event_id=f"event-{number}",
        order_id=f"order-{number}",
        seller_id=seller,
        cohort=cohort,
        event_time=number * SECOND,
        logged_at=number * SECOND if logged_at is None else logged_at,
        features=features,
        suspicious=suspicious,
        label=label,
        label_source=label_source,
    )


def honest_features(random_: random.Random) -> tuple[float, ...]:
    """Varied amounts, irregular gaps, few returning buyers; one seller in ten has one price."""
    one_price = random_.random() < 0.1
    return (
        random_.betavariate(2, 6),
        random_.betavariate(1, 12) if one_price else random_.betavariate(4, 5),
        random_.betavariate(6, 2) if one_price else random_.betavariate(1, 8),
        random_.betavariate(5, 5),
        random_.betavariate(1, 7),
    )


def illicit_features(random_: random.Random) -> tuple[float, ...]:
    """Small and repeated: equal amounts, even gaps, a fixed pool of buyers who come again."""
    return (
        random_.betavariate(4, 4),
        random_.betavariate(1, 15),
        random_.betavariate(8, 2),
        random_.betavariate(2, 8),
        random_.betavariate(7, 3),
    )


def traffic(
    seed: int, rows: int, *, sellers: int = 200, illicit: float = 0.0, protected: bool = True
) -> Iterator[TrainingRow]:
    """Rows of sellers in 6 cohorts, of whom a share is illicit (`bad-...`) and flagged as suspicious."""
    random_ = random.Random(seed)
    for number in range(rows):
        seller = random_.randrange(sellers)
        bad = seller < sellers * illicit
        yield row(
            number,
            seller=f"{'bad' if bad else 'good'}-{seller}",
            cohort=f"consumer|{('toys', 'books', 'tools')[seller % 3]}|{2 + seller % 2}",
            features=illicit_features(random_) if bad else honest_features(random_),
            suspicious=bad and protected,
        )
