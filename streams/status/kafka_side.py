"""What Kafka knows of the system's state; only reads."""

from contextlib import closing
from typing import Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from msgspec import Struct

from streams import names
from streams.errors import SettingsError, UnavailableError
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


def read_kafka(settings: Settings) -> KafkaSide:
    """One look; blocks for some seconds at most.

    Raises:
        UnavailableError: No broker answers.
    """
    times = {"bootstrap_timeout_ms": PATIENCE_MS, "request_timeout_ms": PATIENCE_MS, "enable_auto_commit": False}
    where = ", ".join(settings.kafka_brokers)
    try:
        with closing(KafkaConsumer(**client_options(settings), **times)) as consumer:
            layout = {topic: len(consumer.partitions_for_topic(topic) or ()) for topic in consumer.topics()}
            asked = [
                TopicPartition(topic, partition)
                for topics in READ_BY.values()
                for topic in topics
                for partition in range(layout.get(topic, 0))
            ]
            ends, begins = consumer.end_offsets(asked), consumer.beginning_offsets(asked)
    except (KafkaError, OSError, ValueError) as error:
        raise UnavailableError(f"no broker answers at {where}: {error}") from None
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
