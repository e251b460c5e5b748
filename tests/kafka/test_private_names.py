"""Names that other packages do not promise, and that the code relies on: an upgrade without one fails here."""

import inspect
from collections.abc import Callable
from typing import Any

import faust
import hiredis
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.consumer import fetcher, group_coordinator, subscription_state
from aiokafka.errors import OffsetOutOfRangeError
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.consumer import Consumer as FaustConsumer
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import TP, ConsumerMessage
from prometheus_client import CollectorRegistry, Counter
from redis.asyncio import ConnectionPool, SSLConnection
from redis.asyncio.connection import AbstractConnection
from river.anomaly import HalfSpaceTrees

from streams.app import App
from streams.kafka.consumer import Consumer, ConsumerThread
from streams.kafka.poll import Partition
from streams.kafka.producer import Producer
from tests.kafka.recorder import Recorder, build, running
from tests.services.kafka import RealKafka, Topics
from tests.waiting import eventually

HERE = TopicPartition("orders", 0)


def parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def source(thing: Any) -> str:
    """A piece of code without its line breaks."""
    return " ".join(inspect.getsource(thing).split())


@pytest.fixture
def app() -> App:
    return build(Recorder("orders"), "127.0.0.1:1")


# -- Faust: what is overridden is called, and with what we take ----------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs", "name"),
    [
        (ConsumerThread, driver.AIOKafkaConsumerThread, "_fetch_records"),
        (ConsumerThread, driver.AIOKafkaConsumerThread, "_create_worker_consumer"),
        (Consumer, driver.Consumer, "_new_consumer_thread"),
        (Consumer, FaustConsumer, "getmany"),
        (Consumer, FaustConsumer, "on_buffer_full"),
        (Consumer, FaustConsumer, "on_buffer_drop"),
        (Consumer, FaustConsumer, "on_partitions_assigned"),
        (Consumer, FaustConsumer, "on_partitions_revoked"),
        (Consumer, FaustConsumer, "perform_seek"),
        (Consumer, FaustConsumer, "_filter_tps_with_pending_acks"),
        (Consumer, FaustConsumer, "_new_offset"),
        (App, faust.App, "_create_directories"),
        (App, faust.App, "_crash"),
    ],
)
def test_what_is_overridden_takes_what_faust_passes(ours: type, theirs: type, name: str) -> None:
    mine, overridden = getattr(ours, name), getattr(theirs, name)

    assert name in vars(ours)
    assert parameters(mine)[: len(parameters(overridden))] == parameters(overridden)
    assert inspect.iscoroutinefunction(mine) == inspect.iscoroutinefunction(overridden)


def test_faust_calls_what_is_overridden() -> None:
    assert "self._fetch_records," in source(driver.AIOKafkaConsumerThread.getmany)
    assert "self._create_worker_consumer(" in source(driver.AIOKafkaConsumerThread._create_consumer)
    assert "self._new_consumer_thread()" in source(driver.ThreadDelegateConsumer.__init__)
    assert "self._filter_tps_with_pending_acks(" in source(FaustConsumer)
    assert "self._new_offset(tp)" in source(FaustConsumer)
    assert "getmany(timeout=" in source(FaustConsumer._drain_messages)
    assert "self._read_offset.__getitem__" in source(FaustConsumer._drain_messages)
    assert "self._create_directories" in source(faust.App)
    assert "_resume_streams(" in source(Recovery)


def test_one_poll_fits_into_fausts_message(app: App) -> None:
    fields = ["topic", "partition", "offset", "timestamp", "timestamp_type", "headers", "key", "value", "checksum"]
    fields += ["serialized_key_size", "serialized_value_size", "tp", "time_in", "time_out", "time_total"]

    assert parameters(ConsumerMessage.__init__)[1 : 1 + len(fields)] == fields
    assert "generation_id" in parameters(ConsumerMessage.__init__)


def test_what_a_resumption_needs_is_there(app: App) -> None:
    assert parameters(Recovery._resume_streams) == ["self", "generation_id"]
    recovery = app.tables.recovery
    assert type(recovery).__module__ == "streams.kafka.recovery"
    for owner, names in (
        (app, ("rebalancing_count", "consumer_generation_id", "flow_control", "_fetcher", "on_rebalance_end")),
        (app, ("on_rebalance_complete",)),
        (app.tables, ("on_actives_ready", "on_standbys_ready")),
        (recovery, ("completed",)),
        (app.consumer, ("resume_partitions", "resume_flow", "can_resume_flow", "flow_active", "seek_wait")),
    ):
        for name in names:
            assert hasattr(owner, name), name
    assert inspect.iscoroutinefunction(type(app._fetcher).maybe_start)
    assert isinstance(vars(TableManager)["recovery"], property)
    assert parameters(Recovery.__init__)[:3] == ["self", "app", "tables"]


def test_tables_start_with_what_ours_does_without_the_pause() -> None:
    *_, body = inspect.getsource(TableManager.on_start).partition('"""Call when table manager is starting."""')

    told = " ".join(body.split())
    assert told == (
        "await self.sleep(1.0) if not self.should_stop: await self._update_channels() await self.recovery.start()"
    )


def test_the_consumers_read_offsets_are_ours(app: App) -> None:
    """Faust drops what is below its own read offset, and the driver sets it whenever it seeks."""
    offsets: Any = app.consumer._read_offset
    offsets[TP("orders", 0)] = 7

    assert offsets[TP("orders", 0)] is None
    assert "self.consumer._read_offset" in source(driver.AIOKafkaConsumerThread)


def test_the_thread_answers_what_is_asked_of_it() -> None:
    for name in ("getmany", "earliest_offsets", "highwaters", "seek_wait"):
        assert inspect.iscoroutinefunction(getattr(driver.AIOKafkaConsumerThread, name)), name
    assert "_thread" in source(driver.ThreadDelegateConsumer.__init__)
    assert "self._consumer" in source(driver.AIOKafkaConsumerThread)


def test_settings_that_lose_nothing_are_still_fausts() -> None:
    """`build_app` would fail on a setting that is gone; one whose default has changed would go unnoticed."""
    conf = build(Recorder("orders"), "127.0.0.1:1").conf

    assert (conf.stream_wait_empty, conf.web_enabled, conf.topic_allow_declare) == (False, False, False)
    assert conf.consumer_auto_offset_reset == "none"
    assert conf.broker_max_poll_interval == 86_400
    assert conf.producer_acks == -1
    assert "noack" in dir(faust.Stream)


# -- aiokafka ------------------------------------------------------------------------------------------


def test_the_consumers_insides_are_where_they_were() -> None:
    assert "isolation_level=self._isolation_level" in source(AIOKafkaConsumer.start)
    made = source(AIOKafkaConsumer.__init__) + source(AIOKafkaConsumer.start)
    for name in ("self._coordinator = GroupCoordinator(", "self._fetcher = Fetcher(", "self._subscription = "):
        assert name in made, name
    assert parameters(group_coordinator.GroupCoordinator.check_errors) == ["self"]
    assert "self._pending_exception" in source(group_coordinator.GroupCoordinator.check_errors)
    told = source(group_coordinator.GroupCoordinator._push_error_to_user)
    assert "self._subscription.abort_waiters(" in told
    assert "self._pending_exception = exc" in told
    assert isinstance(subscription_state.SubscriptionState.reassignment_in_progress, property)
    assert "self._records[tp] = FetchError(" in source(fetcher.Fetcher._set_error)
    assert "OffsetOutOfRangeError({tp: fetch_offset})" in source(fetcher.Fetcher)
    assert list(OffsetOutOfRangeError({HERE: 5}).args[0]) == [HERE]


def test_what_the_demand_holds_back_is_asked_for_there() -> None:
    planned = source(fetcher.Fetcher._fetch_requests_routine)
    assert "( fetch_requests, reset_requests, timeout, invalid_metadata, resume_futures, ) = self._get" in planned
    assert "self._get_actions_per_node(assignment)" in planned
    assert "other_futs = [self._wait_consume_future, " in planned
    assert parameters(fetcher.Fetcher._get_actions_per_node) == ["self", "assignment"]
    assert parameters(fetcher.Fetcher._notify) == ["self", "future"]
    for kind in (fetcher.FetchResult, fetcher.FetchError):
        assert "self._backoff - lifetime" in source(kind.calculate_backoff)


async def test_a_position_is_valid_once_it_is_set() -> None:
    subscriptions = subscription_state.SubscriptionState()
    subscriptions.assign_from_user([HERE])
    assignment = subscriptions.subscription.assignment
    state = assignment._tp_state[HERE]

    assert assignment.active
    assert not state.has_valid_position
    subscriptions.seek(HERE, 5)
    assert (state.has_valid_position, state.position) == (True, 5)


async def test_what_a_running_consumer_is_made_of_is_what_we_reach_for(kafka: RealKafka, topics: Topics) -> None:
    (topic,) = topics("orders", partitions=1)
    async with running(kafka.bootstrap, topic) as stage:
        consumer: Any = stage.app.consumer
        await eventually(lambda: bool(consumer.claims))  # made when the position is set
        inner = consumer._thread._consumer
        state = inner._subscription.subscription.assignment._tp_state[TopicPartition(topic, 0)]

        assert isinstance(inner, AIOKafkaConsumer)
        assert inner._fetcher._isolation_level == fetcher.READ_COMMITTED
        assert inner._coordinator.check_errors() is None
        assert isinstance(inner._fetcher._records, dict)
        assert (state.has_valid_position, state.position) == (True, 0)
        assert Partition(topic, 0) == TopicPartition(topic, 0) == TP(topic, 0)
        assert stage.app.consumer_generation_id > 0
        assert isinstance(stage.app.producer._ensure_producer(), AIOKafkaProducer)


async def test_a_batch_takes_records_until_it_is_full() -> None:
    producer = AIOKafkaProducer(bootstrap_servers="127.0.0.1:1", max_batch_size=1_000)
    batch = producer.create_batch()
    taken = 0
    while batch.append(key=None, value=b"x" * 100, timestamp=None, headers=[]) is not None:
        taken += 1

    assert 0 < taken < 10
    assert batch.record_count() == taken
    assert parameters(producer.send_batch) == ["batch", "topic", "partition"]
    assert "_ensure_producer" in dir(driver.Producer)
    assert issubclass(Producer, driver.Producer)
    await producer.stop()


# -- Redis, river, Prometheus --------------------------------------------------------------------------


def test_a_connection_packs_its_commands_by_a_method_of_its_own() -> None:
    """`connect` puts another `pack_command` in front of every kind of connection."""
    for kind in ("redis://h", "rediss://h"):
        pool = ConnectionPool.from_url(kind)
        assert issubclass(pool.connection_class, AbstractConnection)
    assert issubclass(ConnectionPool.from_url("rediss://h").connection_class, SSLConnection)
    assert parameters(AbstractConnection.pack_command) == ["self", "args"]
    assert "self.pack_command(*args)" in source(AbstractConnection.send_command)
    assert "self.pack_command(*cmd)" in source(AbstractConnection.pack_commands)
    command: Any = ("SET", b"\xff", 1)
    assert hiredis.pack_command(command) == b"*3\r\n$3\r\nSET\r\n$1\r\n\xff\r\n$1\r\n1\r\n"


def test_a_forest_is_made_of_what_the_codec_reads() -> None:
    """Whether it scores and learns as before is shown by tests/detectors/models/test_half_space.py."""
    forest = HalfSpaceTrees(3, 2, 10, seed=7)
    forest.learn_one({"a": 0.25, "b": 0.5})

    assert (forest.counter, forest._first_window, len(forest._tree_nodes)) == (1, True, 3)
    for nodes in forest._tree_nodes:
        assert len(nodes) == 7
        assert all(node.l_mass in (0, 1) and node.r_mass == 0 for node in nodes)
        branches = [node for node in nodes if hasattr(node, "feature")]
        assert len(branches) == 3
        assert {node.feature for node in branches} <= {"a", "b"}
        assert all(0 < node.threshold < 1 for node in branches)


def test_a_metric_tells_its_value() -> None:
    counter = Counter("c", "", registry=CollectorRegistry())
    counter.inc(3)

    assert counter._value.get() == 3
