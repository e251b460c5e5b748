"""Reads `sellerwatch.rejected`: from the newest back, from the oldest on, or one; in constant memory."""

import base64
import heapq
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, Final

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from msgspec import Struct

from detectors.events import decode_record
from streams import names
from streams.errors import InvalidEventError, UnavailableError
from streams.reading import reader
from streams.refused.rejected import Rejected
from streams.settings import Settings
from streams.upstream import check_place, parse

WINDOW: Final = 500
"""Records that are read at a time on the way back."""
ID: Final = re.compile(r"(\d{1,5})/(\d{1,18})")
REPLAYED: Final = "sellerwatch-replayed"
"""Header of an event that was sent back: the refused one, `sellerwatch.rejected/3/17`."""
decode_rejected: Final = msgspec.json.Decoder(Rejected).decode


class Refused(Struct, frozen=True):
    """One refused event."""

    partition: int
    offset: int
    at: float
    """When it was refused, in seconds since the epoch."""
    key: bytes | None
    told: Rejected

    @property
    def id(self) -> str:
        """Its place among the refused, `3/17`."""
        return f"{self.partition}/{self.offset}"

    @property
    def came_from(self) -> str:
        """Where it stood when it was refused, `orders/2/99`."""
        return f"{self.told.topic}/{self.told.partition}/{self.told.offset}"

    @property
    def original(self) -> bytes:
        return base64.b64decode(self.told.original)

    @property
    def cut(self) -> bool:
        """Whether only its beginning is kept."""
        return "; kept: the first " in self.told.detail

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """Those that are part of the event: of a CloudEvent in binary mode."""
        return [(name, text.encode()) for name, text in self.told.headers.items() if name.startswith("ce_")]

    def place(self) -> tuple[str, int]:
        """Topic and partition that it is to go back to; of a record of the log, where its event came from."""
        if self.told.topic != names.EVENTS:
            return self.told.topic, self.told.partition
        try:
            source = decode_record(self.original).source
        except (msgspec.DecodeError, UnicodeDecodeError):
            return names.EVENTS, self.told.partition
        return source.topic, source.partition


Bounds = Mapping[int, tuple[int, int]]
"""Of each partition: the first offset that is kept, and the one after the last."""


class RefusedTopic:
    """The topic, for as long as a `with` block of `reading` lasts."""

    def __init__(self, consumer: KafkaConsumer) -> None:
        self._consumer = consumer

    def bounds(self) -> Bounds:
        """What there is now."""
        places = [TopicPartition(names.REJECTED, p) for p in self._consumer.partitions_for_topic(names.REJECTED) or ()]
        begins, ends = self._consumer.beginning_offsets(places), self._consumer.end_offsets(places)
        return {place.partition: (begins[place], ends[place]) for place in sorted(places)}

    def get(self, partition: int, offset: int, bounds: Bounds) -> Refused | None:
        """The one at a place; `None` where there is none."""
        begin, end = bounds.get(partition, (0, 0))
        if not begin <= offset < end:
            return None
        return next((one for one in self._between(partition, offset, end) if one.offset == offset), None)

    def oldest_first(self, bounds: Bounds) -> Iterator[Refused]:
        """All within the bounds, each partition in order."""
        for partition, (begin, end) in bounds.items():
            yield from self._between(partition, begin, end)

    def newest_first(self, bounds: Bounds) -> Iterator[Refused]:
        """All within the bounds, by the time of their refusal."""
        backwards = [self._back(partition, begin, end) for partition, (begin, end) in bounds.items()]
        yield from heapq.merge(*backwards, key=lambda one: one.at, reverse=True)

    def _back(self, partition: int, begin: int, end: int) -> Iterator[Refused]:
        while end > begin:
            start = max(begin, end - WINDOW)
            yield from reversed(list(self._between(partition, start, end)))
            end = start

    def _between(self, partition: int, start: int, stop: int) -> Iterator[Refused]:
        place, at = TopicPartition(names.REJECTED, partition), start
        while at < stop:
            self._consumer.assign([place])  # somebody else may have read meanwhile
            self._consumer.seek(place, at)
            records = self._consumer.poll(timeout_ms=5_000, max_records=WINDOW).get(place, [])
            if not records and self._consumer.position(place) <= at:
                raise UnavailableError(f"Kafka gives no records of {names.REJECTED}/{partition} from {at} on")
            at = max(self._consumer.position(place), records[-1].offset + 1 if records else 0)
            yield from (one for record in records if record.offset < stop and (one := _read(record)) is not None)


def _read(record: Any) -> Refused | None:
    """A refused event; what somebody else has put into the topic is passed over."""
    try:
        told = decode_rejected(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return Refused(record.partition, record.offset, record.timestamp / 1000, record.key, told)


@contextmanager
def reading(settings: Settings) -> Iterator[RefusedTopic]:
    """The topic of refused events.

    Raises:
        UnavailableError: Kafka does not answer.
    """
    try:
        with closing(reader(settings, max_poll_records=WINDOW)) as consumer:
            yield RefusedTopic(consumer)
    except KafkaError as error:
        brokers = ", ".join(settings.kafka_brokers)
        raise UnavailableError(f"Kafka does not answer at {brokers}: {error!r}; see `sellerwatch doctor`") from None


def parse_id(text: str) -> tuple[int, int] | None:
    """Partition and offset of an id; `None` where it is none."""
    match = ID.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else None


def why_refused_again(value: bytes, headers: list[tuple[str, bytes]], topic: str) -> InvalidEventError | None:
    """Why intake would refuse an event, by the code that it runs; `None`: it would take it."""
    try:
        check_place(parse(value, headers), topic)
    except InvalidEventError as error:
        return error
    return None
