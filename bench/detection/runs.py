"""Data sets through the workers' own code, order by order, without files in between."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bench.data.dataset import Dataset
from bench.data.encode import encode
from detectors.alert_policy import Policy
from detectors.effects import Effects
from detectors.events import HOUR, SECOND, Micros
from detectors.models.learners import Learners
from detectors.profiles.order_rows import OrderRow
from streams.models.snapshots import ModelShelf
from streams.policy.published import PolicyShelf
from streams.privacy import HashKey, Pseudonyms
from streams.replay import EventReplay

KEY = b"a bench's own key, of no worth to anybody"
PUBLISH_EVERY: Micros = 4 * HOUR
"""Of event time: a replay of months would otherwise spend its time on snapshots."""


class Scored(NamedTuple):
    """One order as it was judged when it came."""

    order_id: str
    score: float
    row: OrderRow


def scored_orders(dataset: Dataset) -> Iterator[Scored]:
    """Every order of the data set, in the order in which the monitor saw them."""
    return scored_events(encode(dataset))


def scored_events(lines: Iterable[bytes]) -> Iterator[Scored]:
    """Every order of the events."""
    for effects in effects_of(lines):
        for decision in effects.decisions:
            if decision.type == "order.placed" and decision.order_id is not None:
                yield Scored(decision.order_id, decision.score, effects.order_rows[decision.order_id])


def effects_of(lines: Iterable[bytes]) -> Iterator[Effects]:
    """All that comes of the events."""
    replay = EventReplay(
        ModelShelf([KEY]),
        PolicyShelf([KEY], Policy()),
        Pseudonyms([HashKey("bench", KEY)]),
        Learners.new(PUBLISH_EVERY, challenged=False),
        KEY,
        wait=600 * SECOND,
    )
    for step in replay.run(lines):
        yield from step.effects
