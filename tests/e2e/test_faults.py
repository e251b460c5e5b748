"""One fault at a time, under load, on a system that goes on: afterwards all is as if nothing had happened."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from simulator import simulate
from tests.chaos.checks import Checker
from tests.chaos.traffic import Feed, Sent
from tests.e2e.system import System
from tests.waiting import wait_until

LOAD = 1_200
RATE = 400.0


def market() -> Iterator[Sent]:
    sold = simulate(seed=5, sellers=120, days=2_000).events_with_topic()
    return (Sent(topic, key.encode(), body) for topic, key, body in sold)


UPSTREAM = market()


@pytest.fixture(scope="module")
def running(system: System) -> System:
    """Intake, learn and two of watch, all at work."""
    system.environment["SELLERWATCH_ALERT_THRESHOLD"] = "0.3"  # so that there are alerts to compare
    system.start("intake", "watch", "watch2", "learn")
    Feed(system.kafka.bootstrap, islice(UPSTREAM, 300), 3_000.0).run()
    system.settle(120)
    return system


@contextmanager
def load(system: System, events: int = LOAD) -> Iterator[None]:
    """Events come all the while; on leaving, all of them are worked off, exactly."""
    feed = Feed(system.kafka.bootstrap, islice(UPSTREAM, events), RATE)
    feed.start()
    time.sleep(0.5)
    yield
    feed.join(120)
    assert feed.failed is None
    system.settle(120)
    assert_exact(system)


def assert_exact(system: System) -> None:
    checker = Checker(system, {})
    for check in (checker.state, checker.decisions, checker.alerts, checker.training, checker.log):
        found = check()
        assert not found.problems, found.title
        assert found.checked


def ready(system: System, name: str) -> dict[str, bool]:
    try:
        with urlopen(f"http://127.0.0.1:{system.ports[name]}/readyz", timeout=5) as answer:
            return dict(json.load(answer))
    except HTTPError as refused:
        return dict(json.load(refused))


def end_politely(system: System, *names: str) -> None:
    """Asks workers to stop, all at once; each ends with code 0 before an orchestrator would lose its patience."""
    asked, workers = time.monotonic(), [system.workers.pop(name) for name in names]
    for worker in workers:
        worker.terminate()
    assert [worker.wait(15) for worker in workers] == [0] * len(names)
    assert time.monotonic() - asked < 12


def logged(system: System, name: str, what: str) -> int:
    return sum(line["event"] == what for line in system.log_lines(name))


def test_sigterm_under_load_ends_with_code_0(running: System) -> None:
    with load(running):
        end_politely(running, "watch", "intake")
        running.start("watch", "intake")


def test_redis_killed_under_load_pauses_and_loses_nothing(running: System) -> None:
    workers = {name: worker.pid for name, worker in running.workers.items()}
    with load(running):
        running.redis_server.kill()
        wait_until(lambda: not ready(running, "watch")["redis"], 15, "watch says that Redis is away")
        running.redis_server.start()
    wait_until(lambda: ready(running, "watch")["redis"], 15, "watch says that Redis is back")
    assert {name: worker.pid for name, worker in running.workers.items()} == workers, "nobody has ended"


def test_redis_rolled_back_under_load_is_noticed_and_made_good(running: System) -> None:
    with load(running):
        older = running.redis_server.snapshot_aof()
        time.sleep(1.5)
        running.redis_server.restore_aof(older)
    noticed = sum(logged(running, name, "commit_refused") for name in ("watch", "watch2"))
    assert noticed + logged(running, "intake", "redis_rolled_back") > 0


def test_redis_rolled_back_in_silence_is_noticed_without_a_new_event(running: System) -> None:
    older = running.redis_server.snapshot_aof()
    Feed(running.kafka.bootstrap, islice(UPSTREAM, 300), 3_000.0).run()
    running.settle(120)
    running.redis_server.restore_aof(older)
    assert not running.applied()
    running.settle(30)
    assert_exact(running)


def test_a_worker_that_stood_still_for_too_long_changes_nothing_when_it_goes_on(running: System) -> None:
    with load(running, 3_000):
        stopped = running.workers["watch"]
        stopped.send_signal(signal.SIGSTOP)
        wait_until(lambda: len(owned_by(running, "watch2")) == running.partitions, 20, "the other one has taken over")
        stopped.send_signal(signal.SIGCONT)
        wait_until(lambda: 0 < len(owned_by(running, "watch")) < running.partitions, 20, "it has its part again")


def owned_by(system: System, name: str) -> list[tuple[str, int]]:
    """Partitions that a worker has claimed."""
    return list(system.places(name, "sellerwatch_partition_lag"))


def test_the_broker_away_for_a_while_loses_nothing(running: System) -> None:
    workers = {name: worker.pid for name, worker in running.workers.items()}
    with load(running):
        running.broker.kill()
        time.sleep(5)
        running.broker.start()
    assert {name: worker.pid for name, worker in running.workers.items() if worker.poll() is None} == workers


def test_sigterm_while_redis_is_away_ends_with_code_0(running: System) -> None:
    with load(running):
        running.redis_server.kill()
        time.sleep(1)
        end_politely(running, "watch", "intake")
        running.start("watch")  # and one that has not begun yet
        time.sleep(3)
        end_politely(running, "watch")
        running.redis_server.start()
        running.start("watch", "intake")


def test_sigterm_while_the_broker_is_away_ends_with_code_0(running: System) -> None:
    with load(running):
        running.broker.kill()
        time.sleep(1)
        end_politely(running, "watch", "intake")
        for name in ("watch", "intake"):
            lines = (running.logs / f"{name}.log").read_text().splitlines()
            assert "\n".join(line for line in lines if not line.startswith("{") or "Traceback" in line) == ""
        running.broker.start()
        running.start("watch", "intake")


def test_a_rebalance_while_redis_is_away_is_not_held_up(running: System) -> None:
    with load(running):
        wait_until(lambda: 0 < len(assigned_to(running, "watch")) < running.partitions, 40, "both have partitions")
        running.redis_server.kill()
        running.kill("watch2")
        wait_until(lambda: len(assigned_to(running, "watch")) == running.partitions, 20, "watch has all partitions")
        assert not ready(running, "watch")["claimed"]
        running.redis_server.start()
        running.start("watch2")


def assigned_to(system: System, name: str) -> list[tuple[str, int]]:
    """Partitions that a worker is to work on, claimed or not."""
    return list(system.places(name, "sellerwatch_watermark_age_seconds"))
