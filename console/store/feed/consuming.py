"""The topics as the feed reads them: every partition, from where the database is."""

import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Final, Self

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from console.store.feed.applying import MILLISECOND, TOPICS, Part, Read
from console.store.feed.positions import Place, Position, anchor_of
from streams.errors import SettingsError, UnavailableError
from streams.settings import Settings
from streams.topics import PATIENCE_MS, client_options, read_layout

log = structlog.get_logger()

FETCH_WAIT_MS: Final = 50
"""How long a broker waits for something new; the embedded one always waits that long."""
LOOK_MS: Final = 3_000
"""How long the record before a position is waited for."""


def places_of(settings: Settings) -> list[Place]:
    """Every partition of the topics.

    Raises:
        SettingsError: A topic is missing.
        UnavailableError: Kafka does not answer.
    """
    partitions = read_layout(settings).partitions
    if missing := [topic for topic in TOPICS if topic not in partitions]:
        raise SettingsError(f"topics are missing: {', '.join(missing)}; make them by `sellerwatch topics create`")
    return [Place(topic, number) for topic in TOPICS for number in range(partitions[topic])]


class Topics:
    """A consumer without a group: the database alone knows the positions."""

    def __init__(self, settings: Settings) -> None:
        self._stored: dict[Place, int] = {}
        self.begins: Mapping[Place, int] = {}
        """Where each partition is read from."""
        try:
            self._consumer = KafkaConsumer(
                **client_options(settings),
                enable_auto_commit=False,
                auto_offset_reset="earliest",  # what retention or a new topic has taken is read on from there
                isolation_level="read_committed",
                bootstrap_timeout_ms=PATIENCE_MS,
                request_timeout_ms=PATIENCE_MS,
                fetch_max_wait_ms=FETCH_WAIT_MS,
                max_poll_records=2_000,
            )
        except KafkaError as error:
            raise UnavailableError(f"Kafka does not answer: {error!r}; see `sellerwatch doctor`") from None

    def begin(self, stored: Mapping[Place, Position]) -> None:
        """Goes to where the database is; to the beginning of a topic that was made anew."""
        self._stored = {place: position.offset for place, position in stored.items()}
        try:
            partitions = {place: TopicPartition(*place) for place in stored}
            begins = self._consumer.beginning_offsets(list(partitions.values()))
            ends = self._consumer.end_offsets(list(partitions.values()))
            starts = {}
            for place, position in stored.items():
                first, end = begins[partitions[place]], ends[partitions[place]]
                starts[place] = self._start(place, position, first, end)
            self.begins = starts
            self._consumer.assign(list(partitions.values()))
            for place, start in starts.items():
                self._consumer.seek(partitions[place], start)
        except KafkaError as error:
            raise UnavailableError(f"Kafka does not answer: {error!r}; see `sellerwatch doctor`") from None

    def _start(self, place: Place, position: Position, first: int, end: int) -> int:
        known = position.offset
        where = {"topic": place.topic, "partition": place.partition, "position": known}
        if known > end or (first < known <= end and not self._is_same(place, position)):
            log.warning("console_topic_made_anew", **where, end=end, reads_from=first)
            return first
        if known < first:
            if known:
                log.warning("console_records_lost", **where, records=first - known, reads_from=first)
            return first
        return known

    def _is_same(self, place: Place, position: Position) -> bool:
        """Whether the record before the position is the one that was read; true where that cannot be told."""
        if position.anchor is None:
            return True
        partition = TopicPartition(*place)
        self._consumer.assign([partition])
        self._consumer.seek(partition, position.offset - 1)
        for record in self._consumer.poll(timeout_ms=LOOK_MS, max_records=1).get(partition, []):
            return record.offset >= position.offset or anchor_of(record.value) == position.anchor
        return True

    def poll(self, timeout_ms: int) -> list[Part]:
        """What has come, at most 2,000 records; nothing is repeated unless `begin` is called.

        Raises:
            UnavailableError: Kafka does not answer.
        """
        try:
            polled = self._consumer.poll(timeout_ms=timeout_ms)
        except KafkaError as error:
            raise UnavailableError(f"Kafka does not answer: {error!r}; see `sellerwatch doctor`") from None
        parts, now = [], time.time_ns() // 1_000
        for partition, records in polled.items():
            place = Place(partition.topic, partition.partition)
            read = [Read(r.offset, r.timestamp * MILLISECOND if r.timestamp > 0 else now, r.value) for r in records]
            part = Part(place, self._stored[place], read)
            self._stored[place] = part.end.offset
            parts.append(part)
        return parts

    def ends(self, places: Iterable[Place] | None = None) -> dict[Place, int]:
        """Where each partition ends now; default: of all that are read."""
        try:
            found = self._consumer.end_offsets([TopicPartition(*place) for place in places or self._stored])
        except KafkaError as error:
            raise UnavailableError(f"Kafka does not answer: {error!r}; see `sellerwatch doctor`") from None
        except KeyError as error:  # what the client says of a partition that was deleted meanwhile
            raise UnavailableError(f"{error.args[0]} is gone; see `sellerwatch doctor`") from None
        return {Place(tp.topic, tp.partition): end for tp, end in found.items()}

    def reached(self) -> dict[Place, int]:
        """The next offset of each partition; past what brokers keep there for themselves, too."""
        return {place: int(self._consumer.position(TopicPartition(*place))) for place in self._stored}

    def close(self) -> None:
        """Ends the connections."""
        self._consumer.close(autocommit=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
