"""A real Redis Cluster: shards without replicas, each a server that can be killed and rolled back by itself."""

import time
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import redis

from sellerwatch.embedded.processes import free_port
from tests.services import ServiceMissingError
from tests.services.redis import RealRedis

SLOTS = 16_384
OLDEST = 7
"""Major version of Redis, or of Valkey."""


class RealRedisCluster:
    """Three shards, up when entered.

    Raises:
        ServiceMissingError: The server is older than Redis 7, which lets a node choose the port of its bus.
    """

    def __init__(self, shards: int = 3) -> None:
        self.shards = [ClusterNode() for _ in range(shards)]
        version = self.shards[0].version
        if version < OLDEST:
            raise ServiceMissingError(f"a cluster needs redis-server {OLDEST} or later, and this one is {version}")
        self._running = ExitStack()

    @property
    def url(self) -> str:
        """What clients connect to: the first of the nodes."""
        return f"redis+cluster://127.0.0.1:{self.shards[0].port}/0"

    def __enter__(self) -> Self:
        for number, shard in enumerate(self.shards):
            self._running.enter_context(shard)
            first, end = (SLOTS * n // len(self.shards) for n in (number, number + 1))
            shard.ask("CLUSTER", "ADDSLOTS", *range(first, end))
            shard.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            shard.meet(self.shards[0])
        self.settle()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    def settle(self) -> None:
        """Waits until every shard knows of the others and answers."""
        for shard in self.shards:
            shard.wait_for("cluster_state:ok", f"cluster_known_nodes:{len(self.shards)}")

    def client(self) -> "redis.RedisCluster":
        """A client that finds the shard of each key."""
        return redis.RedisCluster(host="127.0.0.1", port=self.shards[0].port)

    def replica_of(self, shard: "ClusterNode") -> "ClusterNode":
        """One more server, which holds what the shard holds."""
        replica = self._running.enter_context(ClusterNode())
        replica.meet(shard)
        replica.wait_for("cluster_state:ok", f"cluster_known_nodes:{len(self.shards) + 1}")
        replica.ask("CLUSTER", "REPLICATE", shard.ask("CLUSTER", "MYID"))
        replica.wait_for("master_link_status:up", of="REPLICATION")
        return replica

    def empty(self) -> None:
        """Forgets all keys."""
        for shard in self.shards:
            shard.ask("FLUSHALL")


class ClusterNode(RealRedis):
    """One of its servers."""

    def __init__(self) -> None:
        self.bus = free_port()
        super().__init__(
            cluster_enabled="yes",
            cluster_port=str(self.bus),
            cluster_node_timeout="2000",
            repl_diskless_sync_delay="0",
            databases="1",
        )

    def ask(self, *words: Any) -> Any:
        """Sends a command to this server alone."""
        with self.client() as client:
            return client.execute_command(*words)

    def meet(self, other: "ClusterNode") -> None:
        """Makes this node known in the other's cluster."""
        self.ask("CLUSTER", "MEET", "127.0.0.1", other.port, other.bus)

    def wait_for(self, *said: str, of: str = "CLUSTER") -> None:
        """Waits until the node says all that of its cluster, or of its replication."""
        command = ("CLUSTER", "INFO") if of == "CLUSTER" else ("INFO", of)
        deadline = time.monotonic() + self.start_timeout
        while not set(said) <= self._says(*command):
            assert time.monotonic() < deadline, f"the cluster does not come about:\n{self.log_tail()}"
            time.sleep(0.05)

    def _says(self, *command: str) -> set[str]:
        answer = self.ask(*command)
        return set(answer.decode().split()) if isinstance(answer, bytes) else {f"{k}:{v}" for k, v in answer.items()}
