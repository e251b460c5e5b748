"""How fast a fraud that no pattern knows is learned: fifty labels, each a week late."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean

import msgspec

from bench.detection.runs import Scored, scored_events
from bench.replays.report import table
from detectors.events import DAY, HOUR, SECOND, Micros

BEGIN: Micros = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp()) * SECOND
DAYS = 36
FIRST, SECOND_TIME = (25, 26), (34, 35)
"""Days of fraud: when nobody knows it, and when the labels of the first time have come."""
A_DAY = 25
"""Frauds on each of them: fifty labels, and fifty to find."""
DELAY: Micros = 7 * DAY
TOP = 50
SELLERS, BUYERS, ORDERS_A_DAY = 120, 1_500, 500


def measure(_data: Path | None, seeds: Sequence[int]) -> str:
    """Precision among the 50 highest order scores of two days, before any label and after fifty of them."""
    rows = []
    for seed in seeds:
        before, after = _measured(seed)
        rows.append((str(seed), f"{before:.0%}", f"{after:.0%}", f"{100 * (after - before):+.0f}"))
    gains = [float(row[-1]) for row in rows]
    rows.append(("mean", "", "", f"{mean(gains):+.0f}"))
    heads = ("seed", "before the first label", f"after {2 * A_DAY} labels", "points")
    title = f"## A new fraud: precision in the top {TOP}, labels {DELAY // DAY} days late"
    return f"{title}\n\n{table(heads, rows)}\n"


def _measured(seed: int) -> tuple[float, float]:
    market = Market(seed)
    orders = list(scored_events(market.lines()))
    before, after = (
        [order for order in orders if (order.row.event_time - BEGIN) // DAY in days] for days in (FIRST, SECOND_TIME)
    )
    return _precision(before, market.bad), _precision(after, market.bad)


def _precision(orders: list[Scored], bad: set[str]) -> float:
    highest = sorted(orders, key=lambda order: -order.score)[:TOP]
    return sum(order.order_id in bad for order in highest) / TOP


class Market:
    """Honest shops, and from one day on stolen accounts: a little too much, in the early morning, at young shops."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self.bad: set[str] = set()
        self._usual = [self._draw.lognormvariate(8.3, 0.7) for _ in range(BUYERS)]
        self._labels: list[tuple[Micros, str, str]] = []

    def lines(self) -> Iterator[bytes]:
        """Contract events in time order."""
        for day in range(DAYS):
            for time, fraud in sorted(self._times(day)):
                yield from self._labels_until(time)
                yield self._order(time, fraud)

    def _times(self, day: int) -> Iterator[tuple[Micros, bool]]:
        draw, begin = self._draw, BEGIN + day * DAY
        for _ in range(ORDERS_A_DAY):
            hour = draw.gauss(15.0, 5.0) % 24.0
            yield begin + int(hour * HOUR), False
        for _ in range(A_DAY if day in FIRST + SECOND_TIME else 0):
            yield begin + int(draw.uniform(2.0, 5.0) * HOUR), True

    def _order(self, time: Micros, fraud: bool) -> bytes:
        draw = self._draw
        buyer, number = draw.randrange(BUYERS), draw.randrange(10**12)
        usual = self._usual[buyer] * (draw.uniform(1.3, 2.2) if fraud else draw.lognormvariate(0.0, 0.45))
        seller = f"seller-{draw.randrange(SELLERS)}"
        order_id = f"order-{number}"
        if fraud:
            self.bad.add(order_id)
            self._labels.append((time + DELAY, order_id, seller))
        money = {"amount_minor": int(usual), "currency": "EUR"}
        return _line("order.placed", f"e-{number}", time, seller, order_id=order_id, buyer_id=f"buyer-{buyer}", **money)

    def _labels_until(self, time: Micros) -> Iterator[bytes]:
        while self._labels and self._labels[0][0] <= time:
            at, order_id, seller = self._labels.pop(0)
            yield _line("payment.disputed", f"d-{order_id}", at, seller, order_id=order_id)


def _line(kind: str, event_id: str, time: Micros, seller_id: str, **fields: object) -> bytes:
    said = datetime.fromtimestamp(time / SECOND, UTC).isoformat()
    return msgspec.json.encode(
        {"event_id": event_id, "type": kind, "event_time": said, "seller_id": seller_id, **fields}
    )
