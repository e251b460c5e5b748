"""A marketplace as it happens: a past that is there at once, then a present that runs fast."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from detectors.events import SECOND
from simulator.marketplace import START, Marketplace, simulate
from simulator.times import micros

WARM_UP = timedelta(days=21)


class LiveEvent(NamedTuple):
    due: float
    """Seconds after the warm-up's end at which to send it; 0 for all of the past."""
    topic: str
    key: str
    body: bytes


def rebased(market: Marketplace, warm_up: timedelta, now: datetime) -> Marketplace:
    """The same marketplace, moved in time so that its first `warm_up` ends at `now`."""
    shift = micros(now) - market.world.start - warm_up // timedelta(microseconds=1)
    return replace(market, world=replace(market.world, shift=shift))


def live(
    seed: int, sellers: int, speed: float, *, now: datetime, days: int = 60, warm_up: timedelta = WARM_UP
) -> tuple[Marketplace, Iterator[LiveEvent]]:
    """The rebased marketplace (for its truth) and its events, each with when to send it.

    Events after the warm-up carry the simulated time, which runs `speed` times faster than a clock: to end a
    show of `seconds` without event times in the future, give a `now` that lies `seconds * speed` in the past.
    """
    market = rebased(simulate(seed, sellers, days, START), warm_up, now)
    begin = market.world.start + warm_up // timedelta(microseconds=1)
    events = (
        LiveEvent(max(0.0, (event.at - begin) / SECOND / speed), event.topic, event.key, event.body)
        for event in market.timed()
    )
    return market, events
