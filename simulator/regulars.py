"""Buyers who come back at their own pace."""

from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush

from detectors.events import HOUR, Micros
from simulator.buyers import Buyer
from simulator.dice import Dice


def standing_orders(
    dice: Dice,
    buyers: Sequence[Buyer],
    first: Sequence[Micros],
    *,
    every: Micros,
    spread: Micros,
    until: Micros,
) -> Iterator[tuple[Micros, Buyer]]:
    """Each buyer orders at its `first` time and then `every` so often, in order of time.

    Args:
        spread: Standard deviation of an order around its planned time.
    """
    waiting = [(at, number, at) for number, at in enumerate(first)]
    heapify(waiting)
    while waiting:
        at, number, planned = heappop(waiting)
        if at >= until:
            return
        yield at, buyers[number]
        planned += every
        heappush(waiting, (max(at + HOUR, planned + int(dice.normal(0, spread))), number, planned))
