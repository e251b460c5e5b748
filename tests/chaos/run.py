"""One chaos run: traffic and faults together, then peace, then the comparison."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError

from streams import names
from tests.chaos.checks import Checker, Findings
from tests.chaos.faults import KINDS, Faults
from tests.chaos.receiver import Webhook
from tests.chaos.traffic import Feed, traffic
from tests.e2e.system import SECRET, System
from tests.services.kafka import RealKafka
from tests.services.redis import RealRedis

PARTITIONS = 6
UPSTREAM_PARTITIONS = 2
OWNED_SECONDS = 60.0
SETTLE_SECONDS = 300.0
EVENTS = {
    "rewound": "rewinds",
    "redis_rolled_back": "rollbacks noticed by intake",
    "coordinator_error": "errors of the group coordinator",
    "claimed": "claims of watch and learn",
    "model_published": "models published",
    "redis_unavailable": "Redis calls repeated",
    "send_failed": "Kafka batches repeated",
    "gave_up": "workers that gave up",
    "stage_failed": "stages that failed",
}
"""Lines of the workers' logs that are counted."""


@dataclass(frozen=True)
class Options:
    """What a run is made of; the seed decides traffic and faults."""

    seed: int
    events: int = 50_000
    sellers: int = 300
    workers: int = 3
    seconds: float = 120.0
    faults: Sequence[str] = KINDS


@dataclass
class Report:
    """What came of a run."""

    options: Options
    findings: list[Findings] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    logged: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    log_records: int = 0
    settled_after: float = 0.0

    @property
    def passed(self) -> bool:
        return all(not found.problems for found in self.findings)


def run(options: Options, folder: Path) -> Report:
    """Runs it all; logs and history are in `folder`."""
    report = Report(options)
    with RealKafka(lasting=True) as kafka, RealRedis() as redis, Webhook(SECRET) as webhook:
        kafka.create_topics(names.UPSTREAM, UPSTREAM_PARTITIONS)
        settings = {"webhook_url": webhook.url, "webhook_secrets": SECRET, "webhook_allow_private": "true"}
        settings |= {"publish_interval": "PT10S", "alert_threshold": "0.4"}  # so that there is more to compare
        with System(kafka, redis, folder, partitions=PARTITIONS, **settings) as system:
            _disturb(system, options, folder, report)
            checker = Checker(system, webhook.alerts)
            report.log_records = checker.log_records
            report.findings += checker.run()
            if not report.passed:
                _dump(system, folder)
    return report


def _disturb(system: System, options: Options, folder: Path, report: Report) -> None:
    workers = [f"watch{n + 1}" for n in range(options.workers)] + ["intake1", "intake2", "learn", "dispatch"]
    processes = Findings("every process ended as it should, and every partition was owned within 60 s")
    report.findings.append(processes)
    system.start(*workers)
    seed = random.Random(options.seed).randrange(2**32)
    feed = Feed(
        system.kafka.bootstrap,
        traffic(options.seed, options.sellers, options.events),
        options.events / (options.seconds * 0.8),
    )
    faults = Faults(system, workers, options.faults, seed, folder / "history.jsonl")
    _await_owners(system, faults, processes)
    feed.start()
    ends = time.monotonic() + options.seconds
    faults.run(until=lambda: time.monotonic() > ends)
    healed = time.monotonic()
    _await_owners(system, faults, processes)
    _settle(system, feed, faults, processes)
    report.settled_after = time.monotonic() - healed
    report.sent, report.faults = feed.sent, faults.counts
    processes.problems += faults.problems
    processes.checked = len(workers)
    for name in workers:
        if (code := system.terminate(name)) != 0:
            processes.problems.append(f"{name} ended with code {code} when all was done")
        report.logged += _logged(system, name)


def _dump(system: System, folder: Path) -> None:
    """Keeps what a person needs to find out what went wrong."""
    for topic in (names.EVENTS, names.DECISIONS, names.ALERTS, names.WAITING, names.TRAINING):
        lines = (b"%d %d %s\n" % (r.partition, r.offset, r.value) for r in system.records(topic))
        (folder / f"{topic}.txt").write_bytes(b"".join(lines))


def _await_owners(system: System, faults: Faults, found: Findings) -> None:
    """Everything runs again: each partition must find an owner, and only one."""
    deadline = time.monotonic() + OWNED_SECONDS
    orphans = _orphans(system)
    while orphans and time.monotonic() < deadline:
        faults.tick()
        time.sleep(1)
        orphans = _orphans(system)
    found.problems += [f"{place} is owned by {owners or 'nobody'}" for place, owners in orphans.items()]
    faults.note("owned", orphans=len(orphans))


def _orphans(system: System) -> dict[tuple[str, int], list[str]]:
    try:
        owned = {place: who for stage in ("intake", "watch", "learn") for place, who in system.owned(stage).items()}
    except (URLError, OSError, KeyError):
        return {("a worker does not answer", 0): []}
    return {place: owners for place, owners in owned.items() if len(owners) != 1}


def _settle(system: System, feed: Feed, faults: Faults, found: Findings) -> None:
    """Until all is sent, taken in, applied and delivered, and has stayed so for a while."""
    deadline, quiet = time.monotonic() + SETTLE_SECONDS, 0
    while quiet < 3 and time.monotonic() < deadline and feed.failed is None:
        faults.tick()
        time.sleep(1)
        done = not feed.is_alive() and system.taken_in() and system.applied() and system.undelivered() == 0
        done = done and system.lag("learn") == 0
        quiet = quiet + 1 if done else 0
    if feed.failed is not None:
        found.problems.append(f"the feed failed: {feed.failed!r}")
    if quiet < 3:
        ends, positions = system.ends(names.EVENTS), system.positions()
        found.problems.append(
            f"not settled after {SETTLE_SECONDS:.0f} s: everything sent: {not feed.is_alive()}, "
            f"taken in: {system.taken_in()}, undelivered: {system.undelivered()}, log {ends}, applied {positions}"
        )
    faults.note("settled", settled=quiet >= 3)


def _logged(system: System, name: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for line in system.log_lines(name):
        event = line["event"]
        if event == "commit_refused":
            counts[f"commits refused: {line['answer']}"] += 1
        elif event in EVENTS:
            counts[EVENTS[event]] += 1
        elif "newer rebalance" in event:
            counts["stale resumptions prevented"] += 1
    return counts
