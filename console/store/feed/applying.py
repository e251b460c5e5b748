"""One poll of the topics into the database: rows and positions in one transaction."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from console.store.database import Database
from console.store.feed.decision_rows import take_decisions
from console.store.feed.erasing import alerts_left
from console.store.feed.keeping import trim
from console.store.feed.label_rows import decode_labelled, take_labels, take_versions
from console.store.feed.log_rows import take_log
from console.store.feed.positions import Place, Position, anchor_of, move
from console.store.raising import take_alerts
from console.store.settling import settle
from detectors.decision import Alert, Decision
from detectors.events import Micros, decode_record
from streams import names
from streams.upstream import micros_of

log = structlog.get_logger()

TOPICS: Final = (names.EVENTS, names.DECISIONS, names.ALERTS, names.TRAINING)
UNFIT: Final = (DataError, IntegrityError, OverflowError, ValueError)
"""A record that no row can be made of, such as an alert of a severity that a later version knows."""
MILLISECOND: Final[Micros] = 1_000
T = TypeVar("T")
_decode_decision = msgspec.json.Decoder(Decision).decode
_decode_alert = msgspec.json.Decoder(Alert).decode


class Read(NamedTuple):
    """One record of a topic."""

    offset: int
    written: Micros
    """When the broker, or who sent it, says it was written."""
    value: bytes | None


@dataclass(frozen=True)
class Part:
    """Records of one partition, read on from where the database was."""

    place: Place
    base: int
    """The position in the database."""
    records: Sequence[Read]

    @property
    def end(self) -> Position:
        """The position behind them."""
        last = self.records[-1]
        return Position(last.offset + 1, anchor_of(last.value))


def apply(database: Database, parts: Sequence[Part], now: Micros) -> None:
    """Takes parts in, all or nothing; a record that no row can be made of is left out and named in the log.

    Raises:
        MovedError: The database is elsewhere; nothing was written.
        UnavailableError: The database does not answer; nothing was written.
    """
    try:
        with database.writing() as connection:
            _take(connection, parts, now)
    except UNFIT:
        for part in parts:
            for record in part.records:
                _apply_alone(database, part, record, now)


def _apply_alone(database: Database, part: Part, record: Read, now: Micros) -> None:
    before = [each for each in part.records if each.offset < record.offset]
    alone = Part(part.place, before[-1].offset + 1 if before else part.base, [record])
    try:
        with database.writing() as connection:
            _take(connection, [alone], now)
    except UNFIT as error:
        _say(part.place, record, error)
        with database.writing() as connection:
            move(connection, alone.place, alone.base, alone.end)


def _take(connection: Connection, parts: Sequence[Part], now: Micros) -> None:
    for part in parts:
        move(connection, part.place, part.base, part.end)
    log_records = [record for _, record in _decoded(parts, names.EVENTS, decode_record)]
    decided = [(decision, read.written) for read, decision in _decoded(parts, names.DECISIONS, _decode_decision)]
    raised = [alert for _, alert in _decoded(parts, names.ALERTS, _decode_alert)]
    labelled = _decoded(parts, names.TRAINING, decode_labelled)
    take_labels(connection, [(read.offset, row) for read, row in labelled if row])
    take_versions(connection, log_records)
    judged = take_log(connection, log_records)
    take_decisions(connection, decided)
    take_alerts(connection, alerts_left(connection, raised, [micros_of(alert.raised_at) for alert in raised]), now)
    settle(connection, judged, now)
    trim(connection, {r.seller_id for r in log_records} | {decision.seller_id for decision, _ in decided})


def _decoded(parts: Sequence[Part], topic: str, decode: Callable[[bytes], T]) -> Iterator[tuple[Read, T]]:
    for part in parts:
        if part.place.topic != topic:
            continue
        for record in part.records:
            if record.value is None:
                continue
            try:
                yield record, decode(_without_nul(record.value))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                _say(part.place, record, error)


def _without_nul(value: bytes) -> bytes:
    """JSON without the one character that PostgreSQL cannot hold."""
    return value.replace(rb"\u0000", rb"\ufffd") if rb"\u0000" in value else value


def _say(place: Place, record: Read, error: Exception) -> None:
    where: Mapping[str, Any] = {"topic": place.topic, "partition": place.partition, "offset": record.offset}
    cause = getattr(error, "orig", error)  # what SQLAlchemy says beside it holds the values
    mend = "it stays in its topic; `sellerwatch console rebuild` reads it again once it can be read"
    log.error("console_record_left_out", **where, error=type(cause).__name__, mend=mend)
