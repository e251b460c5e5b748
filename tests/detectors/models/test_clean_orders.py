"""How long an order waits until no label means that it was good, and what happens when too many wait."""

from itertools import repeat

import pytest

from detectors.events import DAY, Micros
from detectors.models.clean_orders import CleanOrders, order_key
from detectors.models.risk_snapshot import Held


def waiting(*delays: float, capacity: int = 100) -> CleanOrders:
    """One order of the first moment, and labels that took so many days."""
    queue = CleanOrders(capacity)
    queue.hold(held(0))
    for days in delays:
        queue.note_delay(days)
    return queue


def held(number: int, logged_at: Micros = 0) -> Held:
    return Held(order_key(f"order-{number}"), logged_at, 8, b"\x00", -1.0)


def days_waited(queue: CleanOrders) -> float:
    """To a tenth of a day."""
    tenths = next(tenth for tenth in range(600) if list(queue.clean(tenth * DAY // 10)))
    return tenths / 10


@pytest.mark.parametrize(
    ("delays", "days"),
    [
        ([7.0], 7.6),
        ([*repeat(2.0, 100), *repeat(10.0, 10)], 10.6),  # nineteen of twenty are not enough
        ([*repeat(2.0, 100), *repeat(10.0, 4)], 2.6),
        ([0.0], 1.1),
        ([90.0], 44.1),
    ],
)
def test_an_order_waits_for_half_a_day_longer_than_nearly_all_labels_took(delays: list[float], days: float) -> None:
    assert days_waited(waiting(*delays)) == days


def test_how_long_labels_take_is_told_by_the_last_two_hundred() -> None:
    assert days_waited(waiting(*repeat(10.0, 15), *repeat(2.0, 180))) == 10.6
    assert days_waited(waiting(*repeat(10.0, 15), *repeat(2.0, 280))) == 2.6


def test_an_order_that_has_waited_exactly_as_long_as_labels_take_still_waits() -> None:
    queue = waiting(7.0)
    assert list(queue.clean(15 * DAY // 2)) == []
    assert len(list(queue.clean(15 * DAY // 2 + 1))) == 1


def test_a_queue_that_has_emptied_takes_more_orders_again_step_by_step() -> None:
    queue = waiting(7.0, capacity=8)
    for number in range(1, 200):
        queue.hold(held(number))
    full = queue.level
    assert full >= 3

    levels = []
    for _ in range(full + 1):
        list(queue.clean(9 * DAY))
        levels.append(queue.level)
    assert levels == [*range(full - 1, -1, -1), 0]
    assert len(queue) == 0


def test_a_half_full_queue_takes_no_more_than_before() -> None:
    queue = waiting(7.0, capacity=8)
    for number in range(1, 200):
        queue.hold(held(number, DAY))
    full = queue.level
    list(queue.clean(2 * DAY))

    assert len(queue) >= 2
    assert queue.level == full
