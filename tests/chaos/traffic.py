"""What upstream sends in a chaos run: a made-up marketplace, with the mishaps of a real pipeline."""

import heapq
import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count, islice
from typing import NamedTuple

from kafka import KafkaProducer
from kafka.errors import KafkaError

from simulator.marketplace import simulate
from streams.topics import RECONNECT_MS

LATE_ORDERS = 0.03
"""Orders that come after their payments; many of those name no seller and have to wait."""
REPEATED = 0.01
"""Events that upstream sends a second time."""
BROKEN = 0.002
"""Stays below the share of refusals at which a partition is stopped."""
TOMBSTONES = 0.001


class Sent(NamedTuple):
    """One record of an upstream topic."""

    topic: str
    key: bytes
    value: bytes | None


def traffic(seed: int, sellers: int, events: int) -> Iterator[Sent]:
    """The first `events` of a marketplace, some late, twice, or unreadable."""
    dice, order = random.Random(seed), count()
    waiting: list[tuple[int, int, Sent]] = []
    for number, event in enumerate(islice(_events(seed, sellers), events)):
        while waiting and waiting[0][0] <= number:
            yield heapq.heappop(waiting)[2]
        fate = dice.random()
        if fate < LATE_ORDERS and b'"order.placed"' in (event.value or b""):
            heapq.heappush(waiting, (number + dice.randrange(50, 1_500), next(order), event))
            continue
        yield event
        if fate > 1 - REPEATED:
            heapq.heappush(waiting, (number + dice.randrange(1, 100), next(order), event))
        if dice.random() < BROKEN:
            yield event._replace(value=_broken(dice, event.value or b""))
        if dice.random() < TOMBSTONES:
            yield event._replace(value=None)
    while waiting:
        yield heapq.heappop(waiting)[2]


def _events(seed: int, sellers: int) -> Iterator[Sent]:
    market = simulate(seed, sellers, days=2_000)
    return (Sent(topic, key.encode(), body) for topic, key, body in market.events_with_topic())


def _broken(dice: random.Random, value: bytes) -> bytes:
    event = json.loads(value)
    kinds = (
        lambda: value[: len(value) // 2],
        lambda: b"\xff" + value,
        lambda: json.dumps(event | {"type": "order.exploded"}).encode(),
        lambda: json.dumps(event | {"event_time": "yesterday"}).encode(),
        lambda: json.dumps(event | {"event_id": 7}).encode(),
        lambda: b"",
    )
    return dice.choice(kinds)()


class Feed(threading.Thread):
    """Sends traffic at a steady rate, whatever the broker does."""

    def __init__(self, bootstrap: str, records: Iterator[Sent], rate: float) -> None:
        super().__init__(daemon=True, name="feed")
        self.sent = 0
        self.failed: BaseException | None = None
        self._brokers, self._records, self._rate = bootstrap, records, rate

    def run(self) -> None:
        try:
            self._run()
        except BaseException as error:
            self.failed = error

    def _run(self) -> None:
        options = {"acks": "all", "linger_ms": 5, "delivery_timeout_ms": 300_000, "max_block_ms": 300_000}
        options |= {"reconnect_backoff_max_ms": RECONNECT_MS}
        with closing(KafkaProducer(bootstrap_servers=self._brokers, **options)) as producer:
            started, futures = time.monotonic(), []
            for record in self._records:
                futures.append(producer.send(record.topic, key=record.key, value=record.value))
                self.sent += 1
                if self.sent % 20 == 0:
                    time.sleep(max(started + self.sent / self._rate - time.monotonic(), 0))
            producer.flush(timeout=300)
            if any(isinstance(future.exception, KafkaError) for future in futures):
                raise RuntimeError("the feed could not send everything: the run says nothing")
