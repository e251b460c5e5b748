"""Compares what the system left behind with what it should have been; each check says what is wrong."""

import base64
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain, product
from typing import Any, TypeVar

import msgspec
from kafka import TopicPartition

from detectors.events import OrderPlaced, Record, Source
from detectors.models.training import decode_row
from streams import names
from streams.errors import InvalidEventError
from streams.intake import log_partition
from streams.privacy import Pseudonyms, pseudonymise
from streams.reading import Held, read_partition, reader
from streams.refused.rejected import Rejected
from streams.upstream import Event, parse
from tests.chaos.reference import Expected, fold_partition, learn
from tests.e2e.system import System

decode_rejected = msgspec.json.Decoder(Rejected).decode
Place = tuple[str, int, int]
T = TypeVar("T")


@dataclass
class Findings:
    """What one check found; without problems it has passed."""

    title: str
    checked: int = 0
    problems: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def expect_equal(self, what: str, found: Mapping[Any, Any], expected: Mapping[Any, Any]) -> None:
        """Everything that is expected is there with the same bytes, and nothing else is."""
        self.checked += len(expected)
        for key in expected.keys() - found.keys():
            self.problems.append(f"{what} {key} is missing")
        for key in found.keys() - expected.keys():
            self.problems.append(f"{what} {key} should not be there")
        for key in expected.keys() & found.keys():
            if expected[key] != found[key]:
                self.problems.append(f"{what} {key} differs: {found[key]!r:.300} is not {expected[key]!r:.300}")


class Checker:
    """Reads everything once; each check compares one side of it."""

    def __init__(self, system: System, received: Mapping[str, Mapping[str, Any]]) -> None:
        self._system, self._received = system, received
        self._settings = system.settings()
        lines: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
        for record in system.records(names.EVENTS):
            lines[record.partition].append((record.offset, record.value))
        self.log_records = sum(map(len, lines.values()))
        self.expected = {p: fold_partition(p, lines[p], self._settings) for p in range(system.partitions)}

    def run(self) -> list[Findings]:
        """All checks."""
        checks = (
            self.state,
            self.decisions,
            self.alerts,
            self.audit,
            self.webhook,
            self.training,
            self.models,
            self.log,
        )
        return [check() for check in checks]

    def _all(self, of: Callable[[Expected], dict[Any, T]]) -> dict[Any, T]:
        return {key: value for expected in self.expected.values() for key, value in of(expected).items()}

    # -- what watch made of the log -----------------------------------------------------------------

    def state(self) -> Findings:
        found = Findings("profiles, kept rows, marks and positions in Redis are the fold's")
        ends, positions = self._system.ends(names.EVENTS), self._system.positions()
        found.expect_equal("position", positions, ends)
        for partition, expected in self.expected.items():
            stored = self._system.stored(partition)
            found.expect_equal(f"partition {partition}: profile", stored.profiles, expected.profiles)
            found.expect_equal(f"partition {partition}: row", stored.rows, expected.rows)
            found.expect_equal(f"partition {partition}: events of order", stored.found, expected.found)
            found.expect_equal(f"partition {partition}: mark", stored.sources, expected.sources)
            found.expect_equal(f"partition {partition}: chain", {"head": stored.chain}, {"head": expected.chain})
            found.counts += expected.counts
        return found

    def decisions(self) -> Findings:
        return self._topic(names.DECISIONS, "event_id", self._all(lambda expected: expected.decisions))

    def alerts(self) -> Findings:
        return self._topic(names.ALERTS, "alert_id", self._all(lambda expected: expected.alerts))

    def _topic(self, topic: str, key: str, expected: Mapping[str, set[bytes]]) -> Findings:
        found = Findings(f"{topic} holds the fold's, byte for byte")
        values: dict[str, set[bytes]] = defaultdict(set)
        for record in self._system.records(topic):
            values[json.loads(record.value)[key]].add(record.value)
            found.counts["records"] += 1
        found.expect_equal(key, values, expected)
        forms = sum(map(len, values.values()))
        found.counts["repeats"] = found.counts["records"] - forms
        found.counts["repeated by upstream too late to be known again"] = forms - len(values)
        return found

    def audit(self) -> Findings:
        found = Findings("the audit chain is the fold's, byte for byte and in its order")
        chained: dict[tuple[int, int], bytes] = {}
        for record in self._system.records(names.AUDIT):
            place = record.partition, json.loads(record.value)["seq"]
            if chained.setdefault(place, record.value) != record.value:
                found.problems.append(f"entry {place} has two forms")
            found.counts["records"] += 1
        found.expect_equal("entry", chained, self._all(lambda expected: expected.audit))
        return found

    def webhook(self) -> Findings:
        found = Findings("the receiver got every alert, and no other")
        expected = {name: json.loads(next(iter(forms))) for name, forms in self._all(lambda e: e.alerts).items()}
        found.expect_equal("alert", self._received, expected)
        return found

    def training(self) -> Findings:
        found = Findings("training rows are the fold's, byte for byte")
        values: dict[Source, bytes] = {}
        for record in self._system.records(names.TRAINING):
            row = decode_row(record.value)
            if values.setdefault(row.source, record.value) != record.value:
                found.problems.append(f"row {row.source} has two forms")
            found.counts["records"] += 1
        found.expect_equal("row", values, self._all(lambda expected: expected.training))
        return found

    def models(self) -> Findings:
        found = Findings("models are those of one learner, in every partition")
        rows = ((record.offset, record.value) for record in self._system.records(names.TRAINING))
        published = learn(rows, self._settings)
        for partition, expected in self.expected.items():
            versions: dict[str, bytes] = {}
            for version, snapshot in expected.published:
                if versions.setdefault(version, snapshot) != snapshot:
                    found.problems.append(f"model {version} has two forms")
            found.expect_equal(f"partition {partition}: model", versions, published)
            found.counts["announcements"] += len(expected.published)
        return found

    # -- what intake made of upstream ---------------------------------------------------------------

    def log(self) -> Findings:
        found = Findings("the log holds each accepted event exactly once, whole, with its seller")
        upstream = Upstream.read(self._system, Pseudonyms(self._settings.hashing()))
        fresh = [record for expected in self.expected.values() for record in expected.fresh]
        again = [record for expected in self.expected.values() for record in expected.again]
        check_log(found, upstream, fresh, again, self._system.partitions)
        check_rejected(found, upstream, (decode_rejected(r.value) for r in self._system.records(names.REJECTED)))
        return found


@dataclass
class Upstream:
    """What upstream sent, as the topics hold it: the truth about what should be in the log."""

    accepted: dict[Place, Event] = field(default_factory=dict)
    refused: dict[Place, bytes] = field(default_factory=dict)
    sellers: dict[str, str] = field(default_factory=dict)
    """Order -> seller."""
    tombstones: int = 0

    @classmethod
    def read(cls, system: System, pseudonyms: Pseudonyms) -> "Upstream":
        upstream = cls()
        with closing(reader(system.settings())) as consumer:
            for topic, partition in product(names.UPSTREAM, range(system.partitions)):
                for record in read_partition(consumer, TopicPartition(topic, partition)):
                    upstream._take((topic, partition, record.offset), record, pseudonyms)
        return upstream

    def _take(self, place: Place, record: Held, pseudonyms: Pseudonyms) -> None:
        if record.tombstone:
            self.tombstones += 1
            return
        try:
            event = parse(record.value, record.headers)
        except InvalidEventError:
            self.refused[place] = record.value
            return
        self.accepted[place] = event.with_body(pseudonymise(event.body, pseudonyms)[0])
        if isinstance(event.body, OrderPlaced) and event.seller_id:
            self.sellers.setdefault(event.body.order_id, event.seller_id)

    def seller(self, event: Event) -> str:
        """Whose event it is: its own word, or that of its order."""
        if event.seller_id is not None:
            return event.seller_id
        return self.sellers[str(getattr(event.body, "order_id", ""))]


def check_log(
    found: Findings, upstream: Upstream, fresh: Iterable[Record], again: Iterable[Record], partitions: int
) -> None:
    """Each accepted event is in the log from where it was sent, or from where it waited for its order.

    As often as upstream sent it; one that was found by its order changes the state once, however often it came.
    """
    sent: dict[str, list[Place]] = defaultdict(list)
    for place, event in upstream.accepted.items():
        sent[event.event_id].append(place)
    applied: Counter[str] = Counter()
    for record, new in chain(((r, True) for r in fresh), ((r, False) for r in again)):
        found.counts["came again by another way"] += not new
        if record.source.part or record.source.topic == names.TRAINING:
            found.counts["links and models"] += 1
            continue
        place = (record.source.topic, record.source.partition, record.source.offset)
        if record.source.topic == names.WAITING:
            found.counts["waited for their order"] += 1
            place = next(iter(sent.get(record.event_id, ())), place)
        applied[record.event_id] += new
        check_record(found, record, upstream.accepted.get(place), upstream, partitions)
    for event_id, places in sent.items():
        found.checked += 1
        times = 1 if upstream.accepted[places[0]].seller_id is None else len(places)
        if applied[event_id] != times:
            found.problems.append(f"event {event_id} sent as {places} was applied {applied[event_id]} times")
        found.counts["sent twice by upstream"] += len(places) - 1


def check_record(found: Findings, record: Record, event: Event | None, upstream: Upstream, partitions: int) -> None:
    """The record says what the event said, for the right seller, in that seller's partition."""
    if event is None:
        found.problems.append(f"nobody sent {record.event_id} from {record.source}")
        return
    seller = upstream.seller(event)
    partition = log_partition(seller or event.event_id, partitions)
    said = (event.event_id, event.event_time, event.body, seller, partition)
    if said != (record.event_id, record.event_time, record.body, record.seller_id, record.partition):
        found.problems.append(f"{record} is not {event} of {seller}")


def check_rejected(found: Findings, upstream: Upstream, rejected: Iterable[Rejected]) -> None:
    """Every refused event is kept with its bytes, and nothing else was refused."""
    kept: dict[Place, bytes] = {}
    for refusal in rejected:
        found.counts[f"refused: {refusal.reason}"] += 1
        if refusal.topic not in names.UPSTREAM:
            continue
        kept[refusal.topic, refusal.partition, refusal.offset] = base64.b64decode(refusal.original)
    found.expect_equal("refused event", kept, upstream.refused)
