"""What one worker that nothing ever disturbs makes of the log."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from detectors.decision import encode_alert, encode_decision
from detectors.events import SECOND, ModelPublished, Record, Source, decode_record
from detectors.fold import KeptText, OrderRow, encode_order_row
from detectors.models.learners import Learners
from detectors.models.training import decode_row, encode_row
from detectors.profiles.profile import Profile, encode_profile
from streams.audit.chain import Chain
from streams.fold import PartitionState, fold_step
from streams.found import Found
from streams.marks import Marks
from streams.models.snapshots import ModelShelf
from streams.policy.published import PolicyShelf
from streams.settings import Settings
from streams.signing import unverified
from streams.worker import usual_policy

BATCH = 500


@dataclass
class Expected:
    """State and effects of one log partition, byte for byte."""

    profiles: dict[str, bytes] = field(default_factory=dict)
    rows: dict[str, bytes] = field(default_factory=dict)
    found: dict[str, bytes] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    decisions: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    """By event id; two where upstream sent an event again after more others than a profile remembers."""
    alerts: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    training: dict[Source, bytes] = field(default_factory=dict)
    fresh: list[Record] = field(default_factory=list)
    """Records that change the state: no repeats."""
    again: list[Record] = field(default_factory=list)
    """Events that came a second time, by another way to their order."""
    audit: dict[tuple[int, int], bytes] = field(default_factory=dict)
    """Entries of the audit chain, by partition and number."""
    chain: bytes | None = None
    """Its head, as it is stored."""
    published: list[tuple[str, bytes]] = field(default_factory=list)
    """(version, snapshot) of every announcement of a model, repeats as well."""
    counts: Counter[str] = field(default_factory=Counter)


def fold_partition(partition: int, lines: Iterable[tuple[int, bytes]], settings: Settings) -> Expected:
    """Folds (offset, line) pairs of one partition, in order."""
    expected = Expected()
    shelf, policies = ModelShelf(settings.signing()), PolicyShelf(settings.signing(), usual_policy(settings))
    state = PartitionState(shelf.prior, policies.usual, chain=Chain(partition))
    marks, found = Marks(), Found()
    profiles: dict[str, Profile] = {}
    rows: dict[str, OrderRow] = {}
    texts: dict[str, KeptText] = {}
    records = [(offset, record) for offset, line in lines if (record := _read(line)) is not None]
    for start in range(0, len(records), BATCH):
        batch = records[start : start + BATCH]
        expected.published += [
            (record.body.version, unverified(record.body.snapshot))
            for _, record in batch
            if isinstance(record.body, ModelPublished)
        ]
        step = fold_step(state, batch, profiles, rows, shelf, policies, texts)
        for _, record in batch:
            if marks.advance(record.source):
                known = record.by_order and not found.take(record)
                (expected.again if known else expected.fresh).append(record)
        expected.sources |= step.sources
        expected.found |= step.found
        expected.counts["repeats"] += step.repeated
        expected.counts["failed records"] += len(step.failed)
        for _, entry in step.entries:
            expected.audit[partition, len(expected.audit)] = entry
        expected.chain = step.chain or expected.chain
        for effects in step.effects:
            expected.counts["repeats of an event id"] += effects.duplicates
            expected.training |= {row.source: encode_row(row) for row in effects.rows}
            for decision in effects.decisions:
                expected.decisions[decision.event_id].add(encode_decision(decision))
            for alert in effects.alerts:
                expected.alerts[alert.alert_id].add(encode_alert(alert))
    expected.profiles = {seller: encode_profile(profile) for seller, profile in profiles.items()}
    expected.rows = {order: encode_order_row(row) for order, row in rows.items()}
    return expected


def _read(line: bytes | None) -> Record | None:
    """A record of the log; `None` for what somebody else has put there."""
    try:
        return decode_record(line or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def learn(rows: Iterable[tuple[int, bytes]], settings: Settings) -> dict[str, bytes]:
    """The models, by version, that one learner publishes from (offset, row) pairs of the training topic."""
    learners = Learners.new(int(settings.publish_interval.total_seconds()) * SECOND)
    marks, published = Marks(), {}
    for offset, line in rows:
        row = decode_row(line)
        if not marks.advance(row.source):
            continue
        for due in learners.learn_one(row, offset):
            published[due.version] = due.publication
    return published
