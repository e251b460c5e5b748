"""A policy published while two watch workers run: in force from its record on, everywhere, and in every replay."""

import json
import subprocess
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from detectors.events import PolicyPublished, Record, decode_record
from simulator import simulate
from streams import names
from tests.e2e.system import System
from tests.waiting import wait_until

FIRST = "[alerts]\nline = 0.6\n"
SECOND = """
[alerts]
line = 0.5

[budget]
alerts_a_day = 2

[patterns.velocity]
enabled = false

[[rules]]
name = "risky_abroad"
when = "risky_method > 0.1 && foreign > peer.foreign"
severity = "low"
say = "crypto or gift cards, sold abroad"
"""


def publish(system: System, path: Path, text: str, *words: str) -> "subprocess.CompletedProcess[str]":
    path.write_text(text)
    return system.command("policy", "publish", str(path), *words)


@pytest.fixture(scope="module")
def running(system: System, tmp_path_factory: pytest.TempPathFactory) -> System:
    """A small marketplace, two watches; one policy published in the middle of it, another later."""
    files = tmp_path_factory.mktemp("policies")
    events = list(simulate(seed=12, sellers=40, days=6).events())
    quarter = len(events) // 4
    system.start("intake", "watch", "watch2", "learn")
    system.feed(events[:quarter])
    system.settle(120)
    with ThreadPoolExecutor() as pool:
        feeding = pool.submit(system.feed, events[quarter : 2 * quarter], 800)
        first = publish(system, files / "first.toml", FIRST, "--author", "ann")
        assert first.returncode == 0, first.stderr
        feeding.result()
    system.feed(events[2 * quarter : 3 * quarter])
    system.settle(120)
    assert "in force already" in publish(system, files / "again.toml", f"# the same\n{FIRST}").stdout
    second = publish(system, files / "second.toml", SECOND)
    assert second.returncode == 0, second.stderr
    system.feed(events[3 * quarter :])
    system.settle(120)
    return system


def by_partition(system: System) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = defaultdict(list)
    for partition, value in system.read(names.EVENTS):
        found[partition].append(decode_record(value))
    return found


def versions(system: System) -> dict[str, set[str]]:
    """Versions of the policy in the decisions on each event."""
    found: dict[str, set[str]] = defaultdict(set)
    for _, value in system.read(names.DECISIONS):
        decision: dict[str, Any] = json.loads(value)
        found[decision["event_id"]].add(decision["versions"]["policy"])
    return found


def test_every_decision_names_the_policy_whose_record_stands_before_it(running: System) -> None:
    decided = versions(running)
    met = set()
    for records in by_partition(running).values():
        in_force = None
        for record in records:
            if isinstance(record.body, PolicyPublished):
                in_force = record.body.version
            for version in decided.get(record.event_id, ()):
                met.add(version)
                if in_force is None:
                    assert version not in {r.body.version for r in records if isinstance(r.body, PolicyPublished)}
                else:
                    assert version == in_force

    assert len(met) == 3, "the settings' policy, and both that were published"
    assert all(len(found) == 1 for found in decided.values())


def test_what_is_published_again_stands_in_the_log_again_and_changes_nothing(running: System) -> None:
    for records in by_partition(running).values():
        published = [record for record in records if isinstance(record.body, PolicyPublished)]
        assert [record.source.offset for record in published] == [0, 0, 1]


def test_a_replay_of_the_log_changes_over_where_the_workers_did(running: System, tmp_path: Path) -> None:
    log, out = tmp_path / "log.jsonl", tmp_path / "decisions.jsonl"
    log.write_bytes(b"".join(value + b"\n" for _, value in running.read(names.EVENTS)))
    done = running.command("replay", str(log), "--decisions", str(out))
    assert done.returncode == 0, done.stderr

    live = {json.loads(value)["event_id"]: value for _, value in running.read(names.DECISIONS)}
    assert {json.loads(value)["event_id"]: value for value in out.read_bytes().splitlines()} == live


def test_a_worker_that_takes_over_decides_by_the_policy_in_force(running: System) -> None:
    running.kill("watch")
    running.kill("watch2")
    running.start("watch3")
    orders = list(simulate(seed=13, sellers=20, days=1).events())
    running.feed(orders)
    running.settle(120)
    last = next(r.body.version for r in reversed(by_partition(running)[0]) if isinstance(r.body, PolicyPublished))
    after = {json.loads(o)["event_id"] for o in orders}
    decided = {event: found for event, found in versions(running).items() if event in after}

    assert decided
    assert set().union(*decided.values()) == {last}


def test_learn_is_told_of_what_the_budget_counts(running: System) -> None:
    told = [json.loads(value) for _, value in running.read(names.TRAINING) if b'"candidate"' in value]
    alerts = {json.loads(value)["alert_id"] for _, value in running.read(names.ALERTS)}

    assert told
    assert {candidate["alerts_a_day"] for candidate in told} == {2.0}
    assert {candidate["episode"] for candidate in told} & alerts
    assert running.metrics("learn")['sellerwatch_events_total{result="applied",stage="learn"}'] > 0


def test_the_policy_in_force_and_its_history_can_be_shown(running: System) -> None:
    shown = running.command("policy", "show").stdout
    history = running.command("policy", "show", "--history").stdout.splitlines()

    assert shown.endswith(SECOND)
    assert [" by ann" in line for line in history] == [True, False]


def test_of_two_that_publish_at_once_each_is_told_how_it_went(running: System, tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        results = list(
            pool.map(
                lambda n: publish(running, tmp_path / f"{n}.toml", f"[alerts]\nline = 0.7{n}\n"),
                range(4),
            )
        )
    history = running.command("policy", "show", "--history").stdout.splitlines()

    won = [result for result in results if result.returncode == 0]
    assert won
    assert all("came first" in result.stderr for result in results if result.returncode != 0)
    assert len(history) == 2 + len(won)


def test_a_worker_that_cannot_read_the_policy_in_force_stands_still(running: System) -> None:
    running.kill("watch3")
    running.environment["SELLERWATCH_MODEL_KEYS"] = "a key that has signed nothing"
    running.start("watch4")

    def stopped() -> bool:
        try:
            samples = running.metrics("watch4").items()
        except OSError:  # it does not listen yet
            return False
        return sum(value for name, value in samples if name.startswith("sellerwatch_partition_stopped")) == 4

    wait_until(stopped, 60, "all partitions have stopped")
    assert any(line["event"] == "policy_refused" for line in running.log_lines("watch4"))
