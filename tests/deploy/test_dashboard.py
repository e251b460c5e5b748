"""Every query of the dashboards gives data, and no alert cries wolf, over a system that runs."""

import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import pytest
from kafka import KafkaProducer
from msgspec.structs import replace

from detectors.events import SECOND, Source
from detectors.models.training import encode_row
from detectors.patterns.features import FEATURES
from sellerwatch.embedded.processes import free_port, spawn
from streams import names
from tests.deploy.conftest import CHECKOUT
from tests.deploy.dashboard import Line, lines
from tests.deploy.made_secrets import acl_rules, make_secrets, redis_url
from tests.detectors.rows import row
from tests.e2e.system import SECRET, System
from tests.services.kafka import RealKafka
from tests.services.prometheus import Prometheus
from tests.services.redis import RealRedis
from tests.services.skipping import skipped_unless_required
from tests.waiting import wait_until

CONFIG = CHECKOUT / "deploy" / "prometheus" / "prometheus.yml"
STAGES = ("intake", "watch", "learn", "dispatch")
WINDOW = "10m"
"""More than has passed since the start: what happened early counts too."""
BAD = (b"no JSON", b'{"type": "order.teleported"}', b'{"event_id": "e", "type": "order.placed", "event_time": "now"}')
HAPPENED = (
    'sum(sellerwatch_webhook_attempts_total{code="2xx"}) > 0',
    "sum(sellerwatch_models_published_total) > 0",
    "sum(sellerwatch_model_age_seconds) >= 0",  # told a moment after the publication
    "sum(sellerwatch_links_total) > 0",
    "sum(sellerwatch_rejected_total) >= 3",
)
HAPPENS = (
    f"sum(rate(sellerwatch_rejected_total[{WINDOW}])) > 0",
    f"sum(rate(sellerwatch_apply_seconds_count[{WINDOW}])) > 0",
    f"sum(increase(sellerwatch_models_published_total[{WINDOW}])) > 0",
    f"sum(increase(sellerwatch_alerts_total[{WINDOW}])) > 0",
    f"sum(rate(sellerwatch_links_total[{WINDOW}])) > 0",
    "sellerwatch:decision_delay:error_ratio_3d >= 0",  # it takes two scrapes and an evaluation
    "sellerwatch:intake:error_ratio_3d >= 0 and sellerwatch:delivery:error_ratio_3d >= 0",
)
BUSY = {
    "Events in",
    "Alerts",
    "Workers",
    "Redis",
    "Refused",
    "Records in a poll",
    "Logged to applied",
    "A poll, p99",
    "A commit, p99",
    "Commits",
    "Alerts by pattern",
    "Alerts by severity",
    "Decisions",
    "Scores",
    "Models",
    "Training rows",
    "Webhook",
    "Time to delivery",
    "CPU",
    "Memory",
    "Profiles in memory",
    "Versions",
    "Decisions in 5 s",
    "Intake takes in",
    "Alerts go out",
    "In time",
}
"""Panels that show more than zeros after such traffic: what they count has happened."""


class Observed(NamedTuple):
    """A system under traffic, and what watches it."""

    system: System
    prometheus: Prometheus
    littered: set[Path]
    """Folders that its processes have made where they were started."""


def data_folders() -> set[Path]:
    """Faust makes them by default; with a read-only file system a stage would not start."""
    return set(CHECKOUT.glob("sw-*-data"))


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """A Prometheus that has scraped the four stages under traffic, some of it bad."""
    before = data_folders()
    folder = tmp_path_factory.mktemp("system")
    port = free_port()
    with ExitStack() as running:
        with skipped_unless_required():
            Prometheus(CONFIG, {}).close()  # whether it can be had
            kafka, redis_server = running.enter_context(RealKafka()), running.enter_context(RealRedis())
        system = running.enter_context(System(kafka, redis_server, folder))
        system.environment |= _webhook(port)
        _start(system, folder)
        receiver = {"SELLERWATCH_RECEIVER_SECRET": SECRET, "SELLERWATCH_RECEIVER_PORT": str(port)}
        running.enter_context(_process(folder / "receiver.log", ["sellerwatch.receiver"], receiver))
        server = running.enter_context(Prometheus(CONFIG, {stage: [system.ports[stage]] for stage in STAGES}))
        wait_until(lambda: len(server.values("up == 1")) == len(STAGES), 60, "all stages are scraped")
        feed = ["sellerwatch", "feed", "--sellers=60", "--speed=20000", "--seed=5"]
        running.enter_context(_process(folder / "feed.log", feed, system.environment))
        _add_rows(kafka)
        for again in (HAPPENED, HAPPENS):  # a series that is new has a value, and no rate yet
            _add_bad_events(kafka)
            for happened in again:
                wait_until(lambda expr=happened: bool(server.values(expr)), 60, happened)  # type: ignore[misc]
        yield Observed(system, server, data_folders() - before)


def _webhook(port: int) -> dict[str, str]:
    return {
        "SELLERWATCH_WEBHOOK_URL": f"http://127.0.0.1:{port}/alerts",
        "SELLERWATCH_WEBHOOK_SECRETS": SECRET,
        "SELLERWATCH_WEBHOOK_ALLOW_PRIVATE": "true",
    }


def _start(system: System, folder: Path) -> None:
    """Each stage as the Redis user that the compose file gives it."""
    make_secrets(folder)
    client = system.redis()
    for user in ("worker", "dispatch"):
        client.execute_command("ACL", "SETUSER", *acl_rules(folder, user))  # type: ignore[no-untyped-call]
    for stage in STAGES:
        user = "dispatch" if stage == "dispatch" else "worker"
        system.environment["SELLERWATCH_REDIS_URL"] = redis_url(folder, user, system.redis_server.port)
        system.start(stage)


def _process(log: Path, words: Sequence[str], environment: Mapping[str, str]) -> "_Process":
    with log.open("ab") as output:
        return _Process(spawn([sys.executable, "-m", *words], output=output, env={**os.environ, **environment}))


class _Process:
    """A process that ends with its `with` block."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def _add_bad_events(kafka: RealKafka) -> None:
    with closing(KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")) as producer:
        for bad in BAD:
            producer.send("orders", bad)
        producer.flush()


def _add_rows(kafka: RealKafka) -> None:
    """Rows enough for a first model: the traffic would bring those only later."""
    random_ = random.Random(1)
    now = int(time.time()) * SECOND
    with closing(KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")) as producer:
        for number in range(900):
            features = tuple(random_.random() for _ in FEATURES)
            made = row(number, seller=f"s-{number % 300}", features=features, logged_at=now)
            made = replace(made, source=Source("rows.of.a.test", 0, number))
            producer.send(names.TRAINING, encode_row(made))
        producer.flush()


@pytest.mark.slow
@pytest.mark.parametrize("line", list(lines()), ids=str)
def test_a_query_gives_data(observed: Observed, line: Line) -> None:
    values = observed.prometheus.values(line.filled_in(WINDOW))

    assert all(math.isfinite(value) or line.panel in ("A commit, p99", "A poll, p99") for value in values)
    assert any(math.isfinite(value) for value in values) or line.may_be_empty
    if line.panel in BUSY and line.legend not in ("refused", "policies refused", "errors"):
        assert any(value > 0 for value in values)


@pytest.mark.slow
def test_every_rule_can_be_evaluated_and_none_fires(observed: Observed) -> None:
    rules = [rule for group in observed.prometheus.ask("rules")["groups"] for rule in group["rules"]]

    assert {rule["name"] for rule in rules if rule["health"] != "ok"} == set()
    assert {rule["name"] for rule in rules if rule.get("state") == "firing"} == set()  # what is recorded has none


@pytest.mark.slow
def test_what_is_scraped_names_no_seller_and_stays_small(observed: Observed) -> None:
    series = observed.prometheus.ask("series", **{"match[]": '{__name__=~"sellerwatch_.*"}'})

    ours = "stage result reason topic partition type pattern severity kind model label code version python"
    of_prometheus = "__name__ instance job le"
    assert set().union(*series) <= {*ours.split(), *of_prometheus.split()}
    assert len(series) < 1_500


@pytest.mark.slow
def test_the_rights_of_the_stages_in_redis_are_enough(observed: Observed) -> None:
    denied = observed.system.redis().acl_log()

    assert {entry["object"] for entry in denied} <= {"client|setinfo", "client"}  # the client names itself; it need not


@pytest.mark.slow
def test_the_stages_write_nothing_where_they_run(observed: Observed) -> None:
    assert observed.littered == set()


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_logs_an_error(observed: Observed, stage: str) -> None:
    errors = [line["event"] for line in observed.system.log_lines(stage) if line["level"] in ("error", "critical")]

    assert [event for event in errors if " " not in event] == []  # ours are names; the libraries' are sentences
