"""From an order on Kafka to its decision and to an alert at the webhook, while events come at a steady rate."""

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from confluent_kafka import OFFSET_END, Consumer, TopicPartition

from bench.throughput.ground import PARTITIONS, Ground
from bench.throughput.metering import Speed, meter
from bench.throughput.traffic import Event, Sender
from sellerwatch.receiver import ReceivedAlert, Receiver
from streams import names
from tests.e2e.system import SECRET

STAGES = ("intake", "watch", "learn", "dispatch")
PATIENCE_SECONDS = 600.0
WARM_UP_SECONDS = 10.0
REST_SECONDS = 10.0
"""So long is waited for what is still under way when the last event was sent."""


class Said(msgspec.Struct):
    """What is read of an event and of its decision."""

    event_id: str
    type: str


_said = msgspec.json.Decoder(Said).decode


@dataclass
class Delays:
    """Seconds from when an order was due to be sent until what came of it arrived.

    From when it was due, not from when it was sent: a sender that is held up does not hide it.
    """

    due: Mapping[str, float]
    decisions: list[float] = field(default_factory=list)
    """Until the decision could be read from `sellerwatch.decisions`."""
    alerts: list[float] = field(default_factory=list)
    """Until the webhook's receiver had verified the alert that the order tipped."""

    def decided(self, decision: bytes, now: float) -> None:
        """Takes note of a decision that has just arrived."""
        if (due := self.due.get(_said(decision).event_id)) is not None:
            self.decisions.append(now - due)

    def alerted(self, received: ReceivedAlert, now: float) -> None:
        """Takes note of an alert that has just arrived."""
        if (due := self.due.get(received.alert["evidence"]["events"][0])) is not None:
            self.alerts.append(now - due)


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(-int(-share * len(ordered) // 1) - 1, 0)]


@dataclass(frozen=True)
class Chain:
    """What the whole chain does: at most, and how promptly at half of that."""

    most: Speed
    rate: float
    delays: Delays


def plan(events: Sequence[Event], rate: float, start: float) -> tuple[list[float], dict[str, float]]:
    """When each event is to be sent, and the orders among them whose delays count, after a warm-up."""
    due = [start + number / rate for number in range(len(events))]
    said = [(_said(event.body), at) for event, at in zip(events, due, strict=True) if at >= start + WARM_UP_SECONDS]
    return due, {event.event_id: at for event, at in said if event.type == "order.placed"}


async def run_chain(ground: Ground, filled: int, later: Sequence[Event], share: float = 0.5) -> Chain:
    """Lets all stages work off what is in the topics, then sends `later` at a share of that speed.

    Args:
        filled: Events that are in the upstream topics.
    """
    delays = Delays({})

    def take(received: ReceivedAlert) -> None:
        delays.alerted(received, time.perf_counter())

    async with Receiver(SECRET, on_alert=take) as receiver:
        webhook = {"webhook_url": receiver.url, "webhook_secrets": SECRET, "webhook_allow_private": "true"}
        with ground.workers(*STAGES, **webhook) as (system, pids):
            most = await asyncio.to_thread(
                meter, lambda: ground.through(system, filled), pids, filled, most_seconds=PATIENCE_SECONDS
            )
            rate = most.wall * share
            due, delays.due = plan(later, rate, time.perf_counter() + 1)
            with _Decisions(ground.kafka.bootstrap, delays):
                await asyncio.to_thread(Sender(ground.kafka.bootstrap).send_when_due, later, due)
                await asyncio.sleep(REST_SECONDS)
    return Chain(most, rate, delays)


class _Decisions:
    """Reads decisions in a thread of its own while used in a `with` block."""

    def __init__(self, bootstrap: str, delays: Delays) -> None:
        self._delays = delays
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench", "enable.auto.commit": False})
        self._stopping = False
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> None:
        self._consumer.assign([TopicPartition(names.DECISIONS, p, OFFSET_END) for p in range(PARTITIONS)])
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        self._thread.join()
        self._consumer.close()

    def _read(self) -> None:
        while not self._stopping:
            message = self._consumer.poll(0.2)
            if message is not None and message.error() is None:
                self._delays.decided(message.value(), time.perf_counter())
