"""A real Apache Kafka broker in KRaft mode, its jars fetched by Maven into `.cache/` once."""

import base64
import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError

from sellerwatch.embedded.processes import ServerProcess, free_port
from tests.services import ServiceMissingError

_CHECKOUT = Path(__file__).parents[2]
_POM = _CHECKOUT / "tests" / "pom.xml"
_CACHE = _CHECKOUT / ".cache" / "kafka"


class RealKafka(ServerProcess):
    """One broker on loopback, on the same data and port for as long as it is not closed.

    Args:
        partitions: Of a topic that is created without a number of its own.
        settings: More broker settings, as in server.properties.
        lasting: Whether it has much to do: then Java spends twice the time of a short test on compiling.
    """

    name: ClassVar[str] = "kafka"

    def __init__(
        self, *, partitions: int = 4, settings: Mapping[str, str] | None = None, lasting: bool = False
    ) -> None:
        compiling = [] if lasting else ["-XX:TieredStopAtLevel=1"]
        self._java = [_java(), "-cp", f"{jars()}/*", "-Xmx512m", *compiling]
        super().__init__()
        self._config = self.directory / "server.properties"
        lines = self._settings(partitions) | dict(settings or {})
        self._config.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        self._format()

    @property
    def bootstrap(self) -> str:
        """What clients connect to."""
        return f"127.0.0.1:{self.port}"

    def command(self) -> Sequence[str]:
        """The broker, which is its own controller."""
        return [*self._java, "kafka.Kafka", str(self._config)]

    def answers(self) -> bool:
        """Whether it has taken up its partitions and tells of itself."""
        with contextlib.suppress(KafkaError, OSError), contextlib.closing(self._admin()) as admin:
            admin.list_topics()
            return True
        return False

    def create_topics(self, names: Iterable[str], partitions: int = -1, **configs: str) -> None:
        """Creates topics and returns when clients can use them; -1 stands for the broker's default."""
        configs = {name.replace("_", "."): value for name, value in configs.items()}
        topics = [
            NewTopic(name, num_partitions=partitions, replication_factor=1, topic_configs=configs) for name in names
        ]
        with contextlib.closing(self._admin()) as admin:
            admin.create_topics(topics, timeout_ms=30_000)

    def _admin(self) -> KafkaAdminClient:
        return KafkaAdminClient(bootstrap_servers=self.bootstrap, bootstrap_timeout_ms=1_000)

    def _settings(self, partitions: int) -> dict[str, str]:
        controller = free_port()
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "log.dirs": str(self.directory / "data"),
            "num.partitions": str(partitions),
            "auto.create.topics.enable": "false",  # a topic nobody declared is a mistake
            "offsets.topic.num.partitions": "4",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "broker.heartbeat.interval.ms": "500",  # a killed broker may come back when its session is over
            "broker.session.timeout.ms": "3000",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",  # so that tests need not wait long for a lost member
        }

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(b"\0" + os.urandom(15)).rstrip(b"=").decode()
        tool = [*self._java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._config)]
        subprocess.run(tool, check=True, capture_output=True)


@dataclass(frozen=True)
class Topics:
    """Topics of one test: their names begin with a prefix that no other test has."""

    kafka: RealKafka
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}.")

    def __call__(self, *names: str, partitions: int = 4, **configs: str) -> tuple[str, ...]:
        """Creates topics and returns their full names."""
        full = tuple(self.prefix + name for name in names)
        self.kafka.create_topics(full, partitions, **configs)
        return full


def _java() -> str:
    java = shutil.which("java")
    told = subprocess.run([java, "-version"], capture_output=True, text=True).stderr if java else ""
    version = re.search(r'version "(\d+)', told)
    if java is None or version is None or int(version[1]) < 17:
        raise ServiceMissingError(f"a real Kafka needs Java 17 or later; found {version[1] if version else 'none'}")
    return java


def jars() -> Path:
    """The broker's jars, fetched when the pom has changed since the last time."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test runs beside each other fetch once
        fetched = _CACHE / "pom.xml"
        if not fetched.exists() or fetched.read_bytes() != _POM.read_bytes():
            _fetch(_CACHE / "jars")
            shutil.copy(_POM, fetched)
    return _CACHE / "jars"


def _fetch(jars: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ServiceMissingError("a real Kafka is fetched by Maven, and there is no mvn on the path")
    shutil.rmtree(jars, ignore_errors=True)
    repository = f"-Dmaven.repo.local={_CACHE / 'repository'}"
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
    done = subprocess.run([maven, "-q", "-B", "-C", "-f", str(_POM), repository, *goal], capture_output=True, text=True)
    if done.returncode:
        raise ServiceMissingError(f"Maven could not fetch Kafka:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
