"""Runs recorded events through the stages' own code, without Kafka, Redis or a clock.

Contract events go through intake's gathering, the fold and the learner; lines of the log go through
the fold alone, and give what the workers gave, byte for byte.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import msgspec

from detectors.alert_policy import Policy
from detectors.cohorts import CohortLearner, snapshot_version
from detectors.events import Micros, ModelPublished, Record, Source, decode_record
from detectors.fold import OrderRow
from detectors.profile import Profile
from streams import names
from streams.errors import InvalidEventError
from streams.fold import PartitionState, Step, fold_step
from streams.gather import Gathering, Incoming
from streams.models import COHORTS, ModelShelf
from streams.privacy import Pseudonyms, pseudonymise
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

    def __init__(self, shelf: ModelShelf, policy: Policy) -> None:
        self.counts = Counts()
        self._shelf = shelf
        self._policy = policy
        self._states: dict[int, PartitionState] = {}
        self._profiles: dict[int, dict[str, Profile]] = {}
        self._rows: dict[int, OrderedDict[str, OrderRow]] = {}
        self._offset = 0

    def run(self, lines: Iterable[bytes]) -> Iterator[Step]:
        """What came of each batch of lines."""
        waiting = iter(lines)
        while batch := list(islice(waiting, BATCH)):
            yield from self.fold([record for line in batch if (record := self._read(line)) is not None])

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
            state = self._states.setdefault(partition, PartitionState(self._shelf.prior))
            profiles = self._profiles.setdefault(partition, {})
            rows = self._rows.setdefault(partition, OrderedDict())
            step = fold_step(state, items, profiles, rows, self._shelf, self._policy)
            self._forget(rows, items[-1][1].logged_at)
            state.found.forget(items[-1][1].logged_at)
            self.counts.failed += len(step.failed)
            self.counts.events += len(items)
            yield step
        self.counts.sellers = sum(map(len, self._profiles.values()))

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
    """

    def __init__(
        self,
        shelf: ModelShelf,
        policy: Policy,
        pseudonyms: Pseudonyms,
        learner: CohortLearner,
        signing_key: bytes,
        *,
        wait: Micros,
    ) -> None:
        self._log = LogReplay(shelf, policy)
        self._pseudonyms = pseudonyms
        self._learner = learner
        self._signing_key = signing_key
        self._wait = wait
        self._entities: dict[str, bytes] = {}
        self._parked: list[Incoming] = []
        self._now: Micros = 0
        self._offsets: dict[str, int] = {}

    @property
    def counts(self) -> Counts:
        """What was met so far."""
        return self._log.counts

    def run(self, lines: Iterable[bytes]) -> Iterator[Step]:
        """What came of each batch of events."""
        waiting = iter(lines)
        while batch := list(islice(waiting, BATCH)):
            records = self._gather(self._retried() + [i for line in batch if (i := self._read(line))])
            for step in self._log.fold(records):
                yield step
                yield from self._learn(step)
        for _ in self._parked:
            self._refuse("order_unknown")

    def _read(self, line: bytes) -> Incoming | None:
        try:
            event = parse(line)
        except InvalidEventError as error:
            self._refuse(error.reason)
            return None
        self._now = max(self._now, event.event_time)
        body, values = pseudonymise(event.body, self._pseudonyms)
        return Incoming(self._source("replay"), self._now, event.with_body(body), values)

    def _source(self, topic: str) -> Source:
        offset = self._offsets[topic] = self._offsets.get(topic, -1) + 1
        return Source(topic, 0, offset)

    def _refuse(self, reason: str) -> None:
        self.counts.rejected[reason] = self.counts.rejected.get(reason, 0) + 1

    def _retried(self) -> list[Incoming]:
        """Events that wait for their order, to be looked at again."""
        parked, self._parked = self._parked, []
        return [Incoming(self._source(WAITING), i.logged_at, i.event, i.values) for i in parked]

    def _gather(self, batch: list[Incoming]) -> list[Record]:
        gathering = Gathering(batch)
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
            for row in effects.rows:
                self._learner.learn_one(row)
                if self._learner.due:
                    yield from self._publish(row.logged_at, row.event_time)

    def _publish(self, logged_at: Micros, event_time: Micros) -> Iterator[Step]:
        snapshot = self._learner.snapshot()
        source = self._source(names.TRAINING)
        version = snapshot_version(source.offset, snapshot)
        body = ModelPublished(COHORTS, version, sign(self._signing_key, snapshot))
        yield from self._log.fold([Record(0, source, logged_at, f"model/{version}", event_time, "", body)])
