"""A small marketplace's log in two partitions, and what its fold gives."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from detectors.decision import Alert, Decision, encode_alert, encode_decision
from detectors.events import HOUR, Micros, PolicyPublished, Record, Source, encode_record
from detectors.models.learners import Learners
from sellerwatch.policy.reading import check_policy
from simulator import simulate
from streams import names
from streams.fold import Step
from streams.intake import log_partition
from streams.models.snapshots import ModelShelf
from streams.policy.published import PolicyShelf, pack
from streams.privacy import HashKey, Pseudonyms
from streams.replay import EventReplay, LogReplay
from streams.settings import Settings
from streams.worker import usual_policy
from tests.upstream import line

PARTITIONS = 2
KEY = b"a key for models of tests"
POLICY = "[alerts]\nline = 0.5\n[budget]\nalerts_a_day = 0.1\ndays = 1\nhighest_line = 0.9\n"


@dataclass
class Made:
    """All that a system has on its topics, as lines in the order of each partition."""

    log: list[bytes]
    entries: list[bytes] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    def write(self, directory: Path) -> dict[str, Path]:
        """The four topics as files."""
        lines = {
            "log": self.log,
            "audit": self.entries,
            "alerts": [encode_alert(alert) for alert in self.alerts],
            "decisions": [encode_decision(decision) for decision in self.decisions],
        }
        for name, content in lines.items():
            (directory / f"{name}.jsonl").write_bytes(b"".join(each + b"\n" for each in content))
        return {name: directory / f"{name}.jsonl" for name in lines}


class _Noting(EventReplay):
    """Keeps every record that enters the log."""

    def __init__(self, settings: Settings) -> None:
        shelf, policies = ModelShelf([KEY]), PolicyShelf([KEY], usual_policy(settings))
        hashing = Pseudonyms([HashKey("k1", b"a key for hashes of tests")])
        super().__init__(shelf, policies, hashing, Learners.new(24 * HOUR), KEY, wait=HOUR)
        self.records: list[Record] = []
        fold = self._log.fold

        def noted(records: Sequence[Record]) -> Iterator[Step]:
            self.records += records
            return fold(records)

        self._log.fold = noted  # type: ignore[method-assign]


def made_log(settings: Settings, seed: int = 3) -> list[bytes]:
    """The log: trade, models, verdicts, a ban, acts, and a policy in the middle."""
    replay = _Noting(settings)
    events = list(simulate(seed=seed, sellers=30, days=12).events())
    half = len(events) // 2
    time = json.loads(events[half])["event_time"]
    steps = list(replay.run(events[:half]))
    alert = next(alert for step in steps for effects in step.effects for alert in effects.alerts)
    of, about = {"subject_kind": "alert", "subject": alert.alert_id}, {"seller_id": alert.seller_id, "event_time": time}
    acted = [
        line("act.recorded", event_id="act-1", act="alert.opened", **of, **about),
        line("verdict.given", event_id="verdict-1", alert_id=alert.alert_id, **about),
        line("verdict.snoozed", event_id="snooze-1", **about | {"seller_id": "somebody"}),
        line("seller.banned", event_id="ban-1", seller_id="somebody", event_time=time),
        line("act.recorded", event_id="act-2", event_time=time, act="keys.rotated", role="admin", details={"keys": 2}),
        line("act.recorded", event_id="act-2", event_time=time, act="keys.rotated", role="admin", details={"keys": 2}),
    ]  # fmt: skip
    list(replay.run(acted))
    list(replay.fold([_published(replay.records[-1].logged_at)]))
    list(replay.run(events[half:]))
    return [encode_record(each) for record in replay.records for each in _placed(record)]


def _published(now: Micros) -> Record:
    file = check_policy(Path("policy.toml"), POLICY)
    body = PolicyPublished(file.version, pack(file.document, KEY))
    return Record(0, Source(names.POLICIES, 0, 0), now, "policy/0", now, "", body)


def _placed(record: Record) -> Iterator[Record]:
    """The record in its partition; one for everybody in each."""
    if record.event_id.startswith(("model/", "policy/")):
        for partition in range(PARTITIONS):
            yield msgspec.structs.replace(record, partition=partition)
    else:
        partition = log_partition(record.seller_id or record.event_id, PARTITIONS)
        yield msgspec.structs.replace(record, partition=partition)


def folded(log: Sequence[bytes], settings: Settings, batch: int = 500) -> Made:
    """What the fold gives of a log, whatever the size of its batches."""
    replay, made = LogReplay(ModelShelf([KEY]), PolicyShelf([KEY], usual_policy(settings))), Made(list(log))
    for start in range(0, len(log), batch):
        for step in replay.fold(replay.gather(log[start : start + batch])):
            made.entries += [entry for _, entry in step.entries]
            for effects in step.effects:
                made.alerts += effects.alerts
                made.decisions += effects.decisions
    return made
