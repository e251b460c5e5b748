"""Made-up upstream traffic, sent as fast as Kafka takes it or when it is due."""

import itertools
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from confluent_kafka import Producer

from simulator.marketplace import simulate

SELLERS, DAYS = 1_000, 60
ILLICIT_SHARE = 0.2
"""More than on a real marketplace: there must be alerts enough to tell their delay."""


class Event(NamedTuple):
    """An event on its way to an upstream topic."""

    topic: str
    key: bytes
    body: bytes


def make_up(seed: int, count: int) -> list[Event]:
    """The first `count` events of a marketplace, in order of time."""
    market = simulate(seed, SELLERS, DAYS, illicit_share=ILLICIT_SHARE)
    first = itertools.islice(market.events_with_topic(), count)
    events = [Event(topic, key.encode(), body) for topic, key, body in first]
    if len(events) < count:
        raise ValueError(f"{SELLERS} sellers make only {len(events)} events in {DAYS} days, not {count}")
    return events


class Sender:
    """Sends with librdkafka: it takes next to nothing of the CPU that is measured beside it."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = Producer(
            {"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 5, "partitioner": "murmur2_random"}
        )

    def send(self, events: Iterable[Event]) -> None:
        """Sends events as fast as Kafka takes them; returns when it has all."""
        for event in events:
            self._produce(event)
        self._finish()

    def send_when_due(self, events: Sequence[Event], due: Sequence[float]) -> None:
        """Sends each event when it is due, by `time.perf_counter`, or as soon after as may be."""
        for event, at in zip(events, due, strict=True):
            if (early := at - time.perf_counter()) > 0:
                time.sleep(early)
            self._produce(event)
        self._finish()

    def place(self, topic: str, partition: int, value: bytes) -> None:
        """Sends one record to a partition of choice."""
        self._producer.produce(topic, value, partition=partition)
        self._finish()

    def _produce(self, event: Event) -> None:
        """Waits for room in librdkafka's queue while Kafka takes nothing."""
        while True:
            try:
                self._producer.produce(event.topic, event.body, event.key)
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def _finish(self) -> None:
        left = self._producer.flush(60)
        if left:
            raise TimeoutError(f"Kafka has not taken {left} records within a minute")
