"""Where records come from: a system's topics, or dumps of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

import msgspec

from detectors.events import Record, decode_record
from streams import names
from streams.files import read_events
from streams.reading import read_topic
from streams.settings import Settings


class Holdings(Protocol):
    """What a system has said and taken in; each in the order of its topic's partitions."""

    def log(self, seller_id: str | None = None) -> Iterator[bytes]:
        """Lines of the log: of the partition of a seller at least, or of all."""

    def decisions(self, seller_id: str | None = None) -> Iterator[bytes]:
        """Decisions, likewise."""

    def alerts(self) -> Iterator[bytes]:
        """Alerts, all of them."""

    def chain(self, partition: int) -> Iterator[tuple[str, bytes]]:
        """(place, entry) of the audit chain of one partition at least."""


@dataclass(frozen=True)
class Files:
    """Dumps of topics."""

    logs: Sequence[Path]
    of_decisions: Sequence[Path] = field(default_factory=tuple)
    of_alerts: Sequence[Path] = field(default_factory=tuple)
    of_chain: Sequence[Path] = field(default_factory=tuple)

    def log(self, seller_id: str | None = None) -> Iterator[bytes]:  # noqa: ARG002 - a dump holds what it holds
        return _lines(self.logs)

    def decisions(self, seller_id: str | None = None) -> Iterator[bytes]:  # noqa: ARG002
        return _lines(self.of_decisions)

    def alerts(self) -> Iterator[bytes]:
        return _lines(self.of_alerts)

    def chain(self, partition: int) -> Iterator[tuple[str, bytes]]:  # noqa: ARG002
        for path in self.of_chain:
            for number, line in enumerate(read_events(path), start=1):
                yield f"{path}:{number}", line


def _lines(paths: Sequence[Path]) -> Iterator[bytes]:
    for path in paths:
        yield from read_events(path)


@dataclass(frozen=True)
class Topics:
    """The topics themselves, as they are now."""

    settings: Settings

    @cached_property
    def _partitions(self) -> int:
        from streams.topics import read_layout

        return read_layout(self.settings).log

    def _of(self, seller_id: str | None) -> list[int] | None:
        from streams.intake import log_partition

        return None if seller_id is None else [log_partition(seller_id, self._partitions)]

    def log(self, seller_id: str | None = None) -> Iterator[bytes]:
        return self._values(names.EVENTS, self._of(seller_id))

    def decisions(self, seller_id: str | None = None) -> Iterator[bytes]:
        return self._values(names.DECISIONS, self._of(seller_id))

    def alerts(self) -> Iterator[bytes]:
        return self._values(names.ALERTS, None)

    def chain(self, partition: int) -> Iterator[tuple[str, bytes]]:
        for held in read_topic(self.settings, names.AUDIT, [partition]):
            yield f"{names.AUDIT}/{held.partition}@{held.offset}", held.value

    def _values(self, topic: str, partitions: Sequence[int] | None) -> Iterator[bytes]:
        return (held.value for held in read_topic(self.settings, topic, partitions))


def needle(text: str) -> bytes:
    """An id as it stands in our JSON, to pass over lines without it before they are parsed."""
    return msgspec.json.encode(text)


def record_in(line: bytes) -> Record | None:
    """The record of a line of the log; `None` for what is none: watch passes over it as well."""
    try:
        return decode_record(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
