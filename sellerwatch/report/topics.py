"""Decisions, alerts and the log out of Kafka, up to the topics' present ends."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Final

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from sellerwatch.report.reading import Reader
from streams import names
from streams.errors import SettingsError, UnavailableError
from streams.settings import Settings
from streams.topics import PATIENCE_MS, client_options

POLL_MS: Final = 1_000
MOST_SILENT_POLLS: Final = 30


def read_topics(reader: Reader, settings: Settings) -> None:
    """Reads `sellerwatch.decisions`, `sellerwatch.alerts` and `sellerwatch.events` from their beginnings.

    Raises:
        SettingsError: A topic is missing.
        UnavailableError: Kafka does not answer.
    """
    takers = {names.DECISIONS: reader.decision, names.ALERTS: reader.alert, names.EVENTS: reader.log}
    for topic, take in takers.items():
        for value in read_topic(topic, settings):
            _take(reader, take, value)


def _take(reader: Reader, take: Callable[[bytes], None], value: bytes) -> None:
    try:
        take(value)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        reader.unreadable += 1


def read_topic(topic: str, settings: Settings) -> Iterator[bytes]:
    """The values of a topic, each partition in order, up to its present end; one poll is in memory.

    Raises:
        SettingsError: The topic is missing.
        UnavailableError: Kafka does not answer.
    """
    reading = {"enable_auto_commit": False, "auto_offset_reset": "earliest", "fetch_max_wait_ms": 100}
    reading["bootstrap_timeout_ms"] = PATIENCE_MS
    try:
        with closing(KafkaConsumer(**client_options(settings), **reading)) as consumer:
            partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
            if not partitions:
                raise SettingsError(f"topic {topic} is missing; give files, or make it by `sellerwatch topics create`")
            yield from _values(consumer, partitions)
    except KafkaError as error:
        raise UnavailableError(f"Kafka does not answer: {error!r}") from None


def _values(consumer: KafkaConsumer, partitions: list[TopicPartition]) -> Iterator[bytes]:
    consumer.assign(partitions)
    ends = consumer.end_offsets(partitions)
    consumer.seek_to_beginning(*partitions)
    left = {place for place in partitions if consumer.position(place) < ends[place]}
    silent = 0
    while left:
        polled = consumer.poll(timeout_ms=POLL_MS)
        silent = 0 if polled else silent + 1
        if silent > MOST_SILENT_POLLS:
            raise UnavailableError(f"Kafka sends nothing more of {partitions[0].topic}; repeat the command")
        for place, records in polled.items():
            yield from (record.value for record in records if record.value and record.offset < ends[place])
        left = {place for place in left if consumer.position(place) < ends[place]}
