"""A group's coordinator that answers with errors, or rebalances again and again: the member comes back, exactly.

On librdkafka's mock of Kafka, whose answers can be chosen.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.errors import InvalidRequestError

from sellerwatch.embedded.kafka import EmbeddedKafka
from sellerwatch.embedded.processes import free_port
from streams import metrics
from streams.app import EXIT_TEMPORARY, consumer_of, run
from streams.kafka import consumer
from tests.kafka.recorder import Recorder, build
from tests.waiting import eventually

FIND_COORDINATOR, HEARTBEAT, SYNC_GROUP = 10, 12, 14
REBALANCE_IN_PROGRESS, GROUP_AUTHORIZATION_FAILED, INVALID_REQUEST = 27, 30, 42
PARTITIONS = 2


@pytest.fixture
def mock() -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka() as cluster:
        cluster.create_topic("orders", PARTITIONS)
        yield cluster


@pytest.fixture
def errors() -> Any:
    """How many errors of the coordinator were counted since the test began."""
    counter = metrics.COORDINATOR_ERRORS.labels(Recorder.name)
    before = counter._value.get()
    return lambda: int(counter._value.get() - before)


@asynccontextmanager
async def load(mock: EmbeddedKafka) -> AsyncIterator[list[int]]:
    """Records come all the while, the same to each partition; how many."""
    sent = [0]

    async def feed() -> None:
        async with AIOKafkaProducer(bootstrap_servers=mock.bootstrap, linger_ms=2) as producer:
            while True:
                for partition in range(PARTITIONS):
                    await producer.send_and_wait("orders", b"%d" % sent[0], partition=partition)
                sent[0] += 1
                await asyncio.sleep(0.01)

    task = asyncio.create_task(feed())
    try:
        yield sent
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def member(mock: EmbeddedKafka) -> AsyncIterator[Recorder]:
    stage, stop = Recorder("orders"), asyncio.Event()
    task = asyncio.create_task(run(build(stage, mock.bootstrap, session_timeout=3), stop))
    try:
        yield stage
    finally:
        stop.set()
        assert await task == 0


async def assert_exact(stage: Recorder, sent: int) -> None:
    """Every record came once, and in order, whatever was fetched again."""
    for partition in range(PARTITIONS):
        await stage.reaches(sent, partition)
        assert stage.offsets(partition)[:sent] == list(range(sent))


async def test_errors_while_it_runs_are_read_and_it_joins_again(mock: EmbeddedKafka, errors: Any) -> None:
    async with load(mock) as sent, member(mock) as stage:
        await stage.has(20)
        claims = stage.claims
        mock.push_errors(SYNC_GROUP, [INVALID_REQUEST] * 3)
        mock.push_errors(HEARTBEAT, [REBALANCE_IN_PROGRESS])
        await eventually(lambda: stage.claims > claims)

        assert errors() == 3
        await assert_exact(stage, sent[0] + 20)


async def test_a_fetch_that_waits_for_the_group_survives_its_error(mock: EmbeddedKafka) -> None:
    async with load(mock), member(mock) as stage:
        await stage.has(1)
        thread: Any = consumer_of(stage.app)._thread
        group = thread._consumer._subscription

        def later(call: Any, *arguments: Any) -> None:
            thread.thread_loop.call_soon_threadsafe(call, *arguments)

        later(group.subscription._begin_reassignment)
        await eventually(lambda: bool(group._assignment_waiters))  # a fetch waits for the new assignment
        later(group.abort_waiters, InvalidRequestError())
        await asyncio.sleep(0.5)
        later(setattr, group.subscription, "_reassignment_in_progress", False)
        later(group._notify_assignment_waiters)

        await stage.has(sum(map(len, stage.values())) + 5)
        assert stage.app.exit_code == 0


async def test_an_error_at_the_first_join_does_not_keep_it_out(mock: EmbeddedKafka, errors: Any) -> None:
    mock.push_errors(SYNC_GROUP, [INVALID_REQUEST])
    async with load(mock) as sent, member(mock) as stage:
        await stage.has(1)

        assert errors() == 1
        await assert_exact(stage, sent[0])


async def test_who_may_not_join_gives_up_and_says_what_is_missing(
    mock: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(consumer, "COORDINATOR_PATIENCE_SECONDS", 2.0)
    mock.push_errors(FIND_COORDINATOR, [GROUP_AUTHORIZATION_FAILED] * 100)
    stage = Recorder("orders")
    app = build(stage, mock.bootstrap, session_timeout=3)

    assert await asyncio.wait_for(run(app, asyncio.Event()), 30) == EXIT_TEMPORARY

    told = capfd.readouterr()
    assert "gave_up" in told.out + told.err
    assert f"READ on the group {app.conf.id}" in told.out + told.err


async def test_who_finds_no_broker_any_more_gives_up_and_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    app = build(Recorder("orders"), f"127.0.0.1:{free_port()}")

    assert await asyncio.wait_for(run(app, asyncio.Event()), 30) == EXIT_TEMPORARY

    told = capfd.readouterr()
    assert "could not start: KafkaConnectionError" in told.out + told.err
    assert "Traceback" not in told.out + told.err


async def test_a_connection_that_breaks_as_the_group_is_left_is_no_crash(
    mock: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def gone(*_: object) -> None:
        raise KeyError("the connection was closed between two looks at it")

    stage, stop = Recorder("orders"), asyncio.Event()
    async with load(mock):
        running = asyncio.create_task(run(build(stage, mock.bootstrap), stop))
        await stage.has(1)
        monkeypatch.setattr(GroupCoordinator, "_maybe_leave_group", gone)
        stop.set()

        assert await asyncio.wait_for(running, 30) == 0

    told = capfd.readouterr()
    assert "group_not_left" in told.out + told.err
    assert "Traceback" not in told.out + told.err


async def test_a_fetch_that_fails_as_nobody_foresaw_ends_the_process_and_leaves_no_half_of_it_behind(
    mock: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise ArithmeticError("what nobody foresaw")

    stage = Recorder("orders")
    async with load(mock):
        running = asyncio.create_task(run(build(stage, mock.bootstrap), asyncio.Event()))
        await stage.has(1)
        monkeypatch.setattr(consumer.ConsumerThread, "_fetch_records", fails)

        assert await asyncio.wait_for(running, 30) == EXIT_TEMPORARY

    told = capfd.readouterr()
    assert "gave_up" in told.out + told.err


async def test_a_partition_that_is_taken_away_during_a_fetch_ends_nothing(
    mock: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with load(mock) as sent, member(mock) as stage:
        await stage.has(1)
        with monkeypatch.context() as rebalancing:
            rebalancing.setattr(SubscriptionState, "is_assigned", lambda *_: False)
            await stage.has(sum(map(len, stage.values())) + 5)

        await assert_exact(stage, sent[0])


@pytest.mark.parametrize("rounds", [5])
async def test_rebalances_within_rebalances_lose_and_repeat_nothing(mock: EmbeddedKafka, rounds: int) -> None:
    async with load(mock) as sent, member(mock) as stage:
        await stage.has(20)
        for _ in range(rounds):
            claims = stage.claims
            mock.push_errors(HEARTBEAT, [REBALANCE_IN_PROGRESS, REBALANCE_IN_PROGRESS])
            await eventually(partial(lambda before: stage.claims > before, claims))
            await stage.has(sum(map(len, stage.values())) + 5)

        await assert_exact(stage, sent[0] + 20)
