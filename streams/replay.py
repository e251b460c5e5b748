"""Runs recorded events through the stages' own code, without Kafka, Redis or a clock.

Contract events go through intake's gathering, the fold and the learner; lines of the log go through
the fold alone, and give what the workers gave, byte for byte.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import msgspec

from detectors.budget import LINE, LineKeeper, PublishedLine, encode_line
from detectors.events import Micros, ModelPublished, Record, Source, decode_record
from detectors.fold import KeptText, OrderRow
from detectors.models.learners import Learners, Published
from detectors.models.training import TrainingRow
from detectors.profiles.profile import Profile
from streams import names
from streams.audit.chain import Chain
from streams.errors import InvalidEventError
from streams.facts.gathering import Gathering
from streams.facts.incoming import Incoming
from streams.fold import PartitionState, Step, fold_step
from streams.models.snapshots import ModelShelf
from streams.policy.published import PolicyShelf
from streams.privacy import Pseudonyms, pseudonymise
from streams.screening.facts import Screening
from streams.signing import sign
from streams.upstream import parse

BATCH = 500
WAITING = "replay.waiting"


@dataclass(slots=True)
class Counts:
    """What a replay has met so far."""

    events: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    failed: int = 0
    sellers: int = 0


class LogReplay:
    """Folds lines of `sellerwatch.events`; each partition on its own, as the workers do."""

    def __init__(self, shelf: ModelShelf, policies: PolicyShelf) -> None:
        self.counts = Counts()
        self._shelf = shelf
        self._policies = policies
        self._states: dict[int, PartitionState] = {}
        self._profiles: dict[int, dict[str, Profile]] = {}
        self._rows: dict[int, OrderedDict[str, OrderRow]] = {}
        self._texts: dict[int, dict[str, KeptText]] = {}
        self._offset = 0

    def run(self, lines: Iterable[bytes]) -> Iterator[Step]:
        """What came of each batch of lines."""
        waiting = iter(lines)
        while batch := list(islice(waiting, BATCH)):
            yield from self.fold(self.gather(batch))

    def gather(self, lines: Sequence[bytes]) -> list[Record]:
        """The records that the lines hold; watch passes over what is none, and so does a replay."""
        return [record for line in lines if (record := self._read(line)) is not None]

    def _read(self, line: bytes) -> Record | None:
        """The record; watch passes over what is none, and so does a replay."""
        try:
            return decode_record(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.counts.rejected["not_a_record"] = self.counts.rejected.get("not_a_record", 0) + 1
            return None

    def fold(self, records: Sequence[Record]) -> Iterator[Step]:
        """Folds records of any partitions, each partition's in order."""
        by_partition: dict[int, list[tuple[int, Record]]] = {}
        for record in records:
            by_partition.setdefault(record.partition, []).append((self._offset, record))
            self._offset += 1
        for partition, items in by_partition.items():
            state = self._states.get(partition) or self._begin(partition)
            profiles = self._profiles.setdefault(partition, {})
            rows = self._rows.setdefault(partition, OrderedDict())
            texts = self._texts.setdefault(partition, {})
            step = fold_step(state, items, profiles, rows, self._shelf, self._policies, texts)
            self._forget(rows, items[-1][1].logged_at)
            state.found.forget(items[-1][1].logged_at)
            self.counts.failed += len(step.failed)
            self.counts.events += len(items)
            yield step
        self.counts.sellers = sum(map(len, self._profiles.values()))

    def _begin(self, partition: int) -> PartitionState:
        chain = Chain(partition)
        state = self._states[partition] = PartitionState(self._shelf.prior, self._policies.usual, chain=chain)
        return state

    @staticmethod
    def _forget(rows: OrderedDict[str, OrderRow], now: Micros) -> None:
        """Drops rows whose labels can no longer come; they stand in the order of their logging."""
        while rows and next(iter(rows.values())).expires_at < now:
            rows.popitem(last=False)  # a plain dict would walk over all it has lost before


class EventReplay:
    """Takes contract events all the way: gathers, folds, learns.

    The log has one partition, a record enters it at its event time (never earlier than the one before
    it), and models are published where the learner says so, before the next batch.

    Args:
        wait: How long, in event time, an event waits for the order that tells its seller.
        screening: Lists that sellers' names are compared with.
    """

    def __init__(
        self,
        shelf: ModelShelf,
        policies: PolicyShelf,
        pseudonyms: Pseudonyms,
        learners: Learners,
        signing_key: bytes,
        *,
        wait: Micros,
        screening: Screening | None = None,
    ) -> None:
        self._log = LogReplay(shelf, policies)
        self._pseudonyms = pseudonyms
        self._learners = learners
        self._signing_key = signing_key
        self._wait = wait
        self._screening = screening
        self._entities: dict[str, bytes] = {}
        self._parked: list[Incoming] = []
        self._now: Micros = 0
        self._offsets: dict[str, int] = {}
        self._line = LineKeeper()

    @property
    def counts(self) -> Counts:
        """What was met so far."""
        return self._log.counts

    def run(self, lines: Iterable[bytes]) -> Iterator[Step]:
        """What came of each batch of events."""
        waiting = iter(lines)
        while batch := list(islice(waiting, BATCH)):
            yield from self.fold(self.gather(batch))
        for _ in self._parked:
            self._refuse("order_unknown")

    def gather(self, lines: Sequence[bytes]) -> list[Record]:
        """The records that intake makes of the lines, and of what has waited."""
        return self._gather(self._retried() + [i for line in lines if (i := self._read(line))])

    def fold(self, records: Sequence[Record]) -> Iterator[Step]:
        """Folds and learns records; what this or another replay has gathered."""
        for step in self._log.fold(records):
            yield step
            yield from self._learn(step)

    def _read(self, line: bytes) -> Incoming | None:
        try:
            event = parse(line)
        except InvalidEventError as error:
            self._refuse(error.reason)
            return None
        self._now = max(self._now, event.event_time)
        screened = self._screening.of(event.body, event.event_time) if self._screening else ()
        body, values = pseudonymise(event.body, self._pseudonyms)
        return Incoming(self._source("replay"), self._now, event.with_body(body), values, screened=screened)

    def _source(self, topic: str) -> Source:
        offset = self._offsets[topic] = self._offsets.get(topic, -1) + 1
        return Source(topic, 0, offset)

    def _refuse(self, reason: str) -> None:
        self.counts.rejected[reason] = self.counts.rejected.get(reason, 0) + 1

    def _retried(self) -> list[Incoming]:
        """Events that wait for their order, to be looked at again."""
        parked, self._parked = self._parked, []
        return [Incoming(self._source(WAITING), i.logged_at, i.event, i.values, screened=i.screened) for i in parked]

    def _gather(self, batch: list[Incoming]) -> list[Record]:
        gathering = Gathering(batch, shared=self._pseudonyms.shared if self._pseudonyms.exchanging else None)
        find = self._entities.get
        gathering.take_first({key: find(key) for key in gathering.first_keys()})
        gathering.take_second({key: find(key) for key in gathering.second_keys()})
        gathering.take_third({key: find(key) for key in gathering.third_keys()})
        self._entities.update(gathering.changes())
        for incoming in gathering.waiting():
            if incoming.source.topic == WAITING and self._now - incoming.logged_at > self._wait:
                self._refuse("order_unknown")
            else:
                self._parked.append(incoming)
        return [msgspec.structs.replace(record, partition=0) for record in gathering.records()]

    def _learn(self, step: Step) -> Iterator[Step]:
        for effects in step.effects:
            for candidate in effects.candidates:
                if self._line.learn_one(candidate):
                    yield from self._publish_line(candidate.logged_at)
            for row in effects.rows:
                source = self._source(names.TRAINING)
                for due in self._learners.learn_one(row, source.offset):
                    yield from self._publish(due, source.offset, row)

    def _publish(self, due: Published, offset: int, row: TrainingRow) -> Iterator[Step]:
        source = Source(names.TRAINING, 0, offset, due.part)
        body = ModelPublished(due.model, due.version, sign(self._signing_key, due.publication))
        record = Record(0, source, row.logged_at, f"model/{due.version}", row.event_time, "", body)
        yield from self._log.fold([record])

    def _publish_line(self, logged_at: Micros) -> Iterator[Step]:
        source, line = self._source(names.TRAINING), self._line.line
        version = f"{LINE}-{source.offset}-{line:.6f}"
        body = ModelPublished(LINE, version, sign(self._signing_key, encode_line(PublishedLine(line))))
        yield from self._log.fold([Record(0, source, logged_at, f"model/{version}", logged_at, "", body)])
