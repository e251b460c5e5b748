"""What a worker does not begin with, and what it does not take for granted when it begins."""

import os
import socket
import subprocess
import sys

import pytest

from detectors.events import LinkFound, decode_record
from sellerwatch.embedded.kafka import EmbeddedKafka
from streams import names
from streams.errors import SettingsError
from streams.topics import ALIKE, SINGLE, Layout
from tests.chaos.checks import Checker
from tests.e2e.system import System
from tests.upstream import event
from tests.waiting import wait_until


def worker(system: System, stage: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Runs a worker that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "sellerwatch", "worker", "--stage", stage],
        env={**os.environ, **system.environment, "SELLERWATCH_METRICS_PORT": "0", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_state_of_another_number_of_partitions_is_refused_with_both_numbers(system: System) -> None:
    system.redis().set("{other.layout}partitions", 9)

    refused = worker(system, "watch", SELLERWATCH_NAMESPACE="other")

    assert refused.returncode == 2
    assert f"{system.partitions} partitions" in refused.stderr
    assert "with 9" in refused.stderr


def test_topics_of_different_numbers_of_partitions_are_refused_with_both_numbers() -> None:
    wanted = (*names.UPSTREAM, *ALIKE, names.REJECTED, names.WAITING)
    counts = dict.fromkeys(wanted, 6) | dict.fromkeys(SINGLE, 1)
    Layout(counts).check()

    with pytest.raises(SettingsError, match=r"sellerwatch\.events 6, sellerwatch\.decisions 6, sellerwatch\.alerts 8"):
        Layout(counts | {names.ALERTS: 8}).check()


def test_a_worker_does_not_join_a_group_over_topics_that_do_not_fit_together(system: System) -> None:
    with EmbeddedKafka() as mock:
        for topic in (*names.UPSTREAM, names.REJECTED, names.WAITING, *ALIKE):
            mock.create_topic(topic, 8 if topic == names.ALERTS else 6)
        for topic in SINGLE:
            mock.create_topic(topic, 1)

        kafka = {"SELLERWATCH_KAFKA_BROKERS": mock.bootstrap, "SELLERWATCH_KAFKA_API_VERSION": "0.11"}
        refused = worker(system, "watch", **kafka)

    assert refused.returncode == 2
    assert f"{names.EVENTS} 6" in refused.stderr
    assert f"{names.ALERTS} 8" in refused.stderr


def test_a_redis_that_evicts_keys_is_refused(system: System) -> None:
    client = system.redis()
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        refused = worker(system, "watch")
    finally:
        client.config_set("maxmemory-policy", "noeviction")

    assert refused.returncode == 2
    assert "allkeys-lru" in refused.stderr
    assert "noeviction" in refused.stderr


def test_a_port_that_is_taken_is_named_with_the_setting(system: System) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = [worker(system, stage, SELLERWATCH_METRICS_PORT=port) for stage in ("watch", "dispatch")]

    for each in refused:
        assert each.returncode == 2
        assert f"cannot listen on 127.0.0.1:{port}" in each.stderr
        assert "SELLERWATCH_METRICS_PORT" in each.stderr
        assert "Traceback" not in each.stderr


def orders(count: int, first: int = 0) -> list[dict[str, object]]:
    return [event("order.placed", order_id=f"o-{first + n}", seller_id=f"shop-{n % 7}") for n in range(count)]


def test_what_the_group_has_committed_decides_nothing(system: System) -> None:
    system.start("intake", "watch")
    system.feed(orders(200))
    system.settle(60)
    positions = system.positions()

    for forged in (0, 10_000):
        assert system.terminate("watch") == 0
        system.forge_offsets("sw-watch", names.EVENTS, forged)
        system.feed(orders(50, first=1_000 + forged))
        system.start("watch")
        system.settle(60)
        applied = system.metrics("watch")['sellerwatch_events_total{result="applied",stage="watch"}']
        assert applied == 50, "what was applied before is not applied again, and nothing is left out"

    assert sum(system.positions().values()) == sum(positions.values()) + 100
    assert_exact(system)


def test_a_record_in_the_log_that_cannot_be_read_is_kept_and_its_neighbours_go_on(system: System) -> None:
    system.send(names.EVENTS, b"not a record", b"\xff", None, key=b"shop", partition=1)
    system.feed(orders(50, first=500_000))
    system.settle(60)

    kept = [value for _, value in system.read(names.REJECTED)]
    assert sum(b'"not_a_record"' in value for value in kept) == 2
    assert_exact(system)


def test_a_full_redis_pauses_everything_until_there_is_room(system: System) -> None:
    client = system.redis()
    workers = {name: worker.pid for name, worker in system.workers.items()}
    client.config_set("maxmemory", 1)
    system.feed(orders(200, first=600_000))
    wait_until(lambda: system.metrics("intake")["sellerwatch_redis_up"] == 0, 20, "intake says that it waits for Redis")

    client.config_set("maxmemory", 0)
    system.settle(60)

    assert {name: worker.pid for name, worker in system.workers.items() if worker.poll() is None} == workers
    assert_exact(system)


def test_a_payment_whose_order_never_comes_is_refused_with_the_reason(system: System) -> None:
    assert system.terminate("intake") == 0
    system.environment["SELLERWATCH_WAIT_FOR_ORDER"] = "PT4S"
    system.start("intake")
    system.feed([event("payment.captured", event_id="lonely", order_id="never", seller_id=None)])

    def unknown() -> list[bytes]:
        return [value for _, value in system.read(names.REJECTED) if b'"order_unknown"' in value]

    wait_until(lambda: bool(unknown()), 40, "it is refused", pause=1.0)
    (refused,) = unknown()
    assert b'"topic":"payments"' in refused, "where it first came from"
    assert not any(b'"lonely"' in (value or b"") for _, value in system.read(names.EVENTS))


def test_a_new_hash_key_still_finds_the_links_of_the_old_one(system: System) -> None:
    system.feed([event("seller.registered", seller_id="before-rotation", payout_account="DE89 3704 0044 0532 0130 00")])
    system.settle(60)
    assert system.terminate("intake") == 0
    old = system.environment["SELLERWATCH_HASH_KEYS"]
    system.environment["SELLERWATCH_HASH_KEYS"] = f"k2:another key for hashes of tests,{old}"
    system.start("intake")
    system.feed([event("seller.registered", seller_id="after-rotation", payout_account="DE89370400440532013000")])
    system.settle(60)

    links = [decode_record(value) for _, value in system.read(names.EVENTS) if b'"link.found"' in (value or b"")]
    joined = [(link.seller_id, link.body.other_seller) for link in links if isinstance(link.body, LinkFound)]
    assert ("before-rotation", "after-rotation") in joined


def assert_exact(system: System) -> None:
    checker = Checker(system, {})
    for check in (checker.state, checker.decisions, checker.log):
        found = check()
        assert not found.problems, found.title
        assert found.checked
