"""Kafka without Kafka: librdkafka's mock cluster, out of the confluent-kafka wheel, by ctypes.

It speaks the real protocol to any client in any process, keeps records in memory, and fails on
request. It is for demos and tests: no disk, no replication, no transactions worth the name.
"""

import contextlib
import ctypes
import functools
import importlib.util
import socket
import threading
from collections.abc import Sequence
from ctypes import POINTER, c_char_p, c_int, c_int16, c_int32, c_int64, c_size_t, c_void_p
from pathlib import Path
from typing import Any, Final, Self

from sellerwatch.embedded import PartMissingError

_PRODUCER: Final = 0
_KNOCK_SECONDS: Final = 0.01
_PLACES: Final = (
    "confluent_kafka.libs/librdkafka*.so*",  # wheels for Linux
    "confluent_kafka/.dylibs/librdkafka*.dylib",  # for macOS
)

# name: result, arguments after the cluster
_CALLS: Final = {
    "cluster_destroy": (None, ()),
    "cluster_bootstraps": (c_char_p, ()),
    "topic_create": (c_int, (c_char_p, c_int, c_int)),
    "partition_delete_records": (c_int, (c_char_p, c_int32, c_int64)),
    "broker_set_down": (c_int, (c_int32,)),
    "broker_set_up": (c_int, (c_int32,)),
    "coordinator_set": (c_int, (c_char_p, c_char_p, c_int32)),
    "push_request_errors_array": (None, (c_int16, c_size_t, POINTER(c_int))),
    "group_initial_rebalance_delay_ms": (None, (c_int32,)),
}


class EmbeddedKafka:
    """A Kafka cluster inside this process, served by threads of librdkafka until it is closed.

    Limits that a caller must know of:

    - A partition keeps its newest 5 MB or 100,000 batches; older ones go silently, read or not.
    - A fetch that finds nothing sleeps for its whole `fetch_max_wait_ms`: clients should set 50.
    - A member whose SyncGroup comes after the leader's is answered INVALID_REQUEST.
    - The group rebalances a second before its session timeout ends, not sooner.
    - An unknown topic is created with 4 partitions when a client asks for it.
    - Clients of kafka-python need `api_version=(0, 11)` and `enable_idempotence=False`.

    Args:
        brokers: How many; their ids count from 1.
        rebalance_delay_ms: How long an empty group waits for more members after the first.
    """

    def __init__(self, brokers: int = 1, *, rebalance_delay_ms: int = 200) -> None:
        self.brokers = tuple(range(1, brokers + 1))
        self._library = _library(_library_path())
        error = ctypes.create_string_buffer(512)
        config = self._library.rd_kafka_conf_new()
        self._library.rd_kafka_conf_set(config, b"log_level", b"2", None, 0)  # it is no client: let it be quiet
        self._client = self._library.rd_kafka_new(_PRODUCER, config, error, len(error))
        if not self._client:
            raise RuntimeError(f"librdkafka: {error.value.decode()}")
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._client, brokers)
        self._call("group_initial_rebalance_delay_ms", rebalance_delay_ms)

    @property
    def bootstrap(self) -> str:
        """What clients connect to."""
        addresses: bytes = self._call("cluster_bootstraps")
        return addresses.decode()

    def create_topic(self, name: str, partitions: int) -> None:
        """Creates a topic; there is no other way, as the mock knows no admin requests."""
        self._checked("topic_create", name.encode(), partitions, 1)

    def delete_records(self, topic: str, partition: int, before: int) -> None:
        """Removes whole batches that end before an offset, as retention does."""
        self._checked("partition_delete_records", topic.encode(), partition, before)

    def set_coordinator(self, group: str, broker: int) -> None:
        """Moves a consumer group to another broker."""
        self._checked("coordinator_set", b"group", group.encode(), broker)

    def broker_down(self, broker: int = 1) -> None:
        """Closes a broker's connections and refuses new ones; its records stay."""
        self._checked("broker_set_down", broker)

    def broker_up(self, broker: int = 1) -> None:
        """Lets a broker answer again."""
        self._checked("broker_set_up", broker)

    def push_errors(self, api_key: int, codes: Sequence[int]) -> None:
        """The next requests of this kind are answered by these error codes, one each (0: no error)."""
        self._call("push_request_errors_array", api_key, len(codes), (c_int * len(codes))(*codes))

    def close(self) -> None:
        """Ends the cluster and forgets its records; safe to call twice."""
        if self._cluster:
            self._call("cluster_destroy")
            self._library.rd_kafka_destroy(self._client)
            self._cluster = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _checked(self, name: str, *arguments: object) -> None:
        knocking = threading.Timer(_KNOCK_SECONDS, _knock, [self.bootstrap])
        knocking.daemon = True
        knocking.start()
        try:
            code = self._call(name, *arguments)
        finally:
            knocking.cancel()
        if code:
            reason: bytes = self._library.rd_kafka_err2str(code)
            raise RuntimeError(f"the embedded Kafka refused {name}: {reason.decode()}")

    def _call(self, name: str, *arguments: object) -> Any:
        if not self._cluster:
            raise RuntimeError("the embedded Kafka is closed")
        return getattr(self._library, f"rd_kafka_mock_{name}")(self._cluster, *arguments)


def _knock(bootstrap: str) -> None:
    """Wakes the cluster: some of our requests it overlooks until it has slept for a second."""
    for address in bootstrap.split(","):
        host, _, port = address.rpartition(":")
        with contextlib.suppress(OSError):  # one that is down
            socket.create_connection((host, int(port)), timeout=1).close()


@functools.cache
def _library(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    library.rd_kafka_conf_new.restype = c_void_p
    library.rd_kafka_conf_set.argtypes = [c_void_p, c_char_p, c_char_p, c_char_p, c_size_t]
    library.rd_kafka_new.argtypes = [c_int, c_void_p, c_char_p, c_size_t]
    library.rd_kafka_new.restype = c_void_p
    library.rd_kafka_destroy.argtypes = [c_void_p]
    library.rd_kafka_err2str.restype = c_char_p
    library.rd_kafka_mock_cluster_new.argtypes = [c_void_p, c_int]
    library.rd_kafka_mock_cluster_new.restype = c_void_p
    for name, (result, arguments) in _CALLS.items():
        call = getattr(library, f"rd_kafka_mock_{name}")
        call.restype, call.argtypes = result, [c_void_p, *arguments]
    return library


def _library_path() -> Path:
    package = importlib.util.find_spec("confluent_kafka")
    for origin in (package and package.submodule_search_locations) or ():
        for pattern in _PLACES:
            for path in Path(origin).parent.glob(pattern):
                return path
    raise PartMissingError("the embedded Kafka (package confluent-kafka)")
