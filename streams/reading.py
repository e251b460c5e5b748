"""Reads what a topic holds now, from its beginning to its present end, without a consumer group."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, Final, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from streams.errors import SettingsError, UnavailableError
from streams.settings import Settings
from streams.topics import PATIENCE_MS, client_options, read_layout

SILENT_POLLS = 30
"""So many empty polls of a second each, and the broker is taken to be away."""
FETCH_WAIT_MS: Final = 50
"""How long a broker may wait for more. At the end of one partition the next is held up for as long."""


class Held(NamedTuple):
    """A record that a topic holds."""

    partition: int
    offset: int
    value: bytes
    """Empty in a tombstone, too."""
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()
    tombstone: bool = False


def read_topic(settings: Settings, topic: str, partitions: Sequence[int] | None = None) -> Iterator[Held]:
    """All records of some partitions (`None`: of all) up to where they end now, each partition in order.

    Raises:
        SettingsError: There is no such topic.
        UnavailableError: No broker answers, or none any more.
    """
    known = read_layout(settings).partitions.get(topic)  # a consumer alone waits for ever where no broker answers
    if not known:
        raise SettingsError(f"topic {topic} is missing; make it by `sellerwatch topics create`")
    try:
        with closing(reader(settings)) as consumer:
            for number in sorted(range(known) if partitions is None else partitions):
                yield from read_partition(consumer, TopicPartition(topic, number))
    except KafkaError as error:
        raise UnavailableError(f"Kafka does not answer: {error!r}; see `sellerwatch doctor`") from None


def reader(settings: Settings, **options: Any) -> KafkaConsumer:
    """A consumer without a group, for what lies in topics: of it, what the stages see."""
    return KafkaConsumer(
        **client_options(settings),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        bootstrap_timeout_ms=PATIENCE_MS,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        **options,
    )


def read_partition(consumer: KafkaConsumer, place: TopicPartition) -> Iterator[Held]:
    """All records of one partition up to where it ends now, by a connection that the caller keeps.

    Raises:
        UnavailableError: The broker gives no more of it.
    """
    consumer.assign([place])
    start, end = consumer.beginning_offsets([place])[place], consumer.end_offsets([place])[place]
    consumer.seek(place, start)
    silent = 0
    while (consumer.position(place) or start) < end:  # none while retention has just taken what is next
        records = consumer.poll(timeout_ms=1_000).get(place, [])
        silent = 0 if records else silent + 1
        if silent > SILENT_POLLS:
            raise UnavailableError(f"Kafka gives no more of {place.topic}/{place.partition}; see `sellerwatch doctor`")
        for record in records:
            if record.offset < end:
                yield _held(record)


def _held(record: Any) -> Held:
    value, headers = record.value or b"", record.headers or ()
    return Held(record.partition, record.offset, value, record.key, headers, tombstone=record.value is None)
