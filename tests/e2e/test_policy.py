"""A policy published while two watch workers run: in force from its record on, everywhere, and in every replay."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from detectors.events import PolicyPublished, Record, decode_record
from simulator import simulate
from streams import names
from tests.e2e.system import System

FIRST = "[alerts]\nline = 0.6\n"
SECOND = "[alerts]\nline = 0.65\n\n[patterns.velocity]\nenabled = false\n"


def command(system: System, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **system.environment}
    words = (sys.executable, "-m", "sellerwatch", *words)
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)


def publish(system: System, path: Path, text: str, *words: str) -> "subprocess.CompletedProcess[str]":
    path.write_text(text)
    return command(system, "policy", "publish", str(path), *words)


@pytest.fixture(scope="module")
def running(system: System, tmp_path_factory: pytest.TempPathFactory) -> System:
    """A small marketplace, two watches; one policy published in the middle of it, another later."""
    files = tmp_path_factory.mktemp("policies")
    events = list(simulate(seed=12, sellers=40, days=6).events())
    third = len(events) // 3
    system.start("intake", "watch", "watch2", "learn")
    system.feed(events[:third])
    system.settle(120)
    with ThreadPoolExecutor() as pool:
        feeding = pool.submit(system.feed, events[third : 2 * third], 1_500)
        first = publish(system, files / "first.toml", FIRST, "--author", "ann")
        assert first.returncode == 0, first.stderr
        feeding.result()
    assert "in force already" in publish(system, files / "again.toml", f"# the same\n{FIRST}").stdout
    second = publish(system, files / "second.toml", SECOND)
    assert second.returncode == 0, second.stderr
    system.feed(events[2 * third :])
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
    done = command(running, "replay", str(log), "--decisions", str(out))
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


def test_the_policy_in_force_and_its_history_can_be_shown(running: System) -> None:
    shown = command(running, "policy", "show").stdout
    history = command(running, "policy", "show", "--history").stdout.splitlines()

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
    history = command(running, "policy", "show", "--history").stdout.splitlines()

    won = [result for result in results if result.returncode == 0]
    assert won
    assert all("came first" in result.stderr for result in results if result.returncode != 0)
    assert len(history) == 2 + len(won)
