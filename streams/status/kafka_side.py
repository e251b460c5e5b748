"""What Kafka knows of the system's state; only reads."""

import threading
from contextlib import closing
from typing import Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from msgspec import Struct

from streams import names
from streams.errors import SettingsError, UnavailableError
from streams.reachable import must_be_reachable
from streams.settings import Settings
from streams.status.state import Service
from streams.topics import Layout, client_options

PATIENCE_MS: Final = 3_000
READ_BY: Final = {
    "intake": (*names.UPSTREAM, names.ACTS, names.WAITING),
    "watch": (names.EVENTS,),
    "learn": (names.TRAINING,),
}
"""The topics that each stage reads."""


class KafkaSide(Struct, frozen=True):
    """All that Kafka told."""

    service: Service
    layout: dict[str, int] = {}
    ends: dict[tuple[str, int], int] = {}
    begins: dict[tuple[str, int], int] = {}


class KafkaView:
    """A connection for looks: made when it is first needed, and anew after Kafka was away. Safe to share."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._consumer: KafkaConsumer | None = None

    def look(self) -> KafkaSide:
        """One look; blocks for some seconds at most.

        Raises:
            UnavailableError: No broker answers.
        """
        where = ", ".join(self._settings.kafka_brokers)
        if not self._lock.acquire(timeout=PATIENCE_MS / 1_000):  # the client waits without end for a silent broker
            raise UnavailableError(f"no broker answers at {where}: the look before this one still waits")
        try:
            must_be_reachable(self._settings)
            self._consumer = self._consumer or _connected(self._settings)
            return _looked(self._consumer, self._settings)
        except (KafkaError, OSError, ValueError, UnavailableError) as error:
            self._let_go()
            raise UnavailableError(f"no broker answers at {where}: {error}") from None
        finally:
            self._lock.release()

    def close(self) -> None:
        """Ends the connection, unless a look still waits on it: then it ends with the process."""
        if self._lock.acquire(blocking=False):
            try:
                self._let_go()
            finally:
                self._lock.release()

    def _let_go(self) -> None:
        if self._consumer is not None:
            self._consumer.close(autocommit=False)
        self._consumer = None


def read_kafka(settings: Settings) -> KafkaSide:
    """One look by a connection of its own; see `KafkaView.look`."""
    with closing(KafkaView(settings)) as view:
        return view.look()


def _connected(settings: Settings) -> KafkaConsumer:
    times = {"bootstrap_timeout_ms": PATIENCE_MS, "request_timeout_ms": PATIENCE_MS, "enable_auto_commit": False}
    return KafkaConsumer(**client_options(settings), **times)


def _looked(consumer: KafkaConsumer, settings: Settings) -> KafkaSide:
    layout = {topic: len(consumer.partitions_for_topic(topic) or ()) for topic in consumer.topics()}
    asked = [
        TopicPartition(topic, partition)
        for topics in READ_BY.values()
        for topic in topics
        for partition in range(layout.get(topic, 0))
    ]
    ends, begins = consumer.end_offsets(asked), consumer.beginning_offsets(asked)
    where = ", ".join(settings.kafka_brokers)
    return KafkaSide(
        Service(up=True, text=f"at {where}; {_topics(layout)}"),
        layout,
        {(tp.topic, tp.partition): end for tp, end in ends.items()},
        {(tp.topic, tp.partition): begin for tp, begin in begins.items()},
    )


def _topics(layout: dict[str, int]) -> str:
    try:
        Layout(layout).check()
    except SettingsError as error:
        return str(error)
    return f"topics in order, {layout[names.EVENTS]} partitions"
