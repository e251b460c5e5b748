"""The doctor names what is wrong with what Sellerwatch rests on, and what to do; nothing makes it fall over."""

import asyncio
import json
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import redis
from kafka import KafkaProducer
from pydantic import SecretStr
from typer.testing import CliRunner

from sellerwatch.checks.brokers import check_kafka, judged_disk, judged_topic
from sellerwatch.checks.certificates import check_certificates
from sellerwatch.checks.finding import Finding, Status
from sellerwatch.checks.own import check_settings
from sellerwatch.checks.receiver import check_webhook
from sellerwatch.checks.state import check_redis, judged_skew
from sellerwatch.cli import app
from sellerwatch.embedded.processes import free_port
from streams import names
from streams.presence import Presence, Told, presence_key
from streams.settings import Settings
from streams.topics import CONFIGS, create_topics
from tests.services.kafka import RealKafka
from tests.services.redis import RealRedis

SECRET = SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


def statuses(findings: list[Finding], subject: str) -> list[Status]:
    return [finding.status for finding in findings if finding.subject == subject]


def only(findings: list[Finding], subject: str) -> Finding:
    (finding,) = (finding for finding in findings if finding.subject == subject)
    return finding


# -- Kafka ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def examined(kafka: RealKafka) -> Iterator[tuple[list[Finding], list[Finding]]]:
    """What is found on a broker without the topics, and with them; on one of its own, for it must be empty."""
    with RealKafka() as broker:
        settings = Settings(kafka_brokers=[broker.bootstrap])
        before = check_kafka(settings)
        create_topics(settings, partitions=4, replication=1, upstream=True)
        ahead = int(time.time() * 1000) + 600_000
        producer = KafkaProducer(bootstrap_servers=broker.bootstrap, acks="all")
        producer.send("orders", b"{}", timestamp_ms=ahead).get(timeout=60)
        producer.close()
        deadline = time.monotonic() + 60
        while Status.PROBLEM in statuses(after := check_kafka(settings), "topics") and time.monotonic() < deadline:
            time.sleep(0.2)  # a broker needs a moment to tell of new topics
        yield before, after


def test_missing_topics_are_named_with_the_command_that_makes_them(
    examined: tuple[list[Finding], list[Finding]],
) -> None:
    finding = only(examined[0], "topics")

    assert finding.status is Status.PROBLEM
    assert "sellerwatch.events" in finding.text
    assert "`sellerwatch topics create`" in finding.mend


def test_topics_as_we_make_them_are_in_order_on_one_broker_that_is_too_few(
    examined: tuple[list[Finding], list[Finding]],
) -> None:
    found = examined[1]

    assert statuses(found, "topics") == [Status.OK]
    assert statuses(found, "kafka") == [Status.OK, Status.WARNING]
    assert not [finding for finding in found if finding.subject in CONFIGS]


def test_a_record_from_the_future_tells_of_a_clock_that_is_ahead(
    examined: tuple[list[Finding], list[Finding]],
) -> None:
    finding = only(examined[1], "orders")

    assert finding.status is Status.WARNING
    assert "in the future" in finding.text


GOOD = {"cleanup.policy": "delete", "retention.ms": "-1", "max.message.bytes": "1048576", "min.insync.replicas": "2"}


@pytest.mark.parametrize(
    ("change", "copies", "status"),
    [
        ({}, 3, None),
        ({"retention.ms": "604800000"}, 3, Status.WARNING),
        ({"retention.bytes": "1000000000"}, 3, Status.WARNING),
        ({"cleanup.policy": "compact,delete"}, 3, Status.PROBLEM),
        ({"max.message.bytes": "500000"}, 3, Status.PROBLEM),
        ({"unclean.leader.election.enable": "true"}, 3, Status.PROBLEM),
        ({"min.insync.replicas": "1"}, 3, Status.WARNING),
        ({"min.insync.replicas": "1"}, 1, None),
        ({"min.insync.replicas": "3"}, 3, Status.WARNING),
        ({"min.insync.replicas": "2"}, 1, Status.PROBLEM),
    ],
)
def test_a_setting_that_loses_records_of_the_log_or_stops_it_is_found(
    change: dict[str, str], copies: int, status: Status | None
) -> None:
    found = list(judged_topic(names.EVENTS, GOOD | change, copies))

    assert [finding.status for finding in found] == ([status] if status else [])
    assert all("--entity-name sellerwatch.events" in finding.mend for finding in found)


# -- Redis ------------------------------------------------------------------------------------


def examine_redis(**options: str) -> list[Finding]:
    with RealRedis(**options) as server:
        return asyncio.run(check_redis(Settings(redis_url=SecretStr(server.url))))


@pytest.mark.usefixtures("redis_server")
def test_a_redis_that_keeps_what_it_is_told_is_in_order() -> None:
    found = examine_redis(maxmemory="100mb")

    assert {finding.status for finding in found} == {Status.OK}
    assert "ours" in only(found, "clock").text


@pytest.mark.usefixtures("redis_server")
@pytest.mark.parametrize(
    ("options", "subject", "status", "mend"),
    [
        ({"maxmemory": "100mb", "maxmemory_policy": "allkeys-lru"}, "redis memory", Status.PROBLEM, "noeviction"),
        ({}, "redis memory", Status.WARNING, "maxmemory"),
        ({"maxmemory": "1mb"}, "redis memory", Status.WARNING, "raise maxmemory"),
        ({"appendonly": "no"}, "redis persistence", Status.PROBLEM, "appendonly yes"),
        ({"replicaof": "127.0.0.1 1"}, "redis role", Status.PROBLEM, "SELLERWATCH_REDIS_URL"),
    ],
)
def test_a_redis_that_may_lose_something_is_found(
    options: dict[str, str], subject: str, status: Status, mend: str
) -> None:
    finding = only(examine_redis(**options), subject)

    assert finding.status is status
    assert mend in finding.mend


def test_a_redis_that_is_away_is_named_without_its_password() -> None:
    port = free_port()

    url = SecretStr(f"redis://user:swordfish@127.0.0.1:{port}/0")
    (found,) = asyncio.run(check_redis(Settings(redis_url=url)))

    assert found.text.startswith(f"127.0.0.1:{port} does not answer")
    assert "swordfish" not in repr(found)


def test_a_stopped_partition_is_found_with_the_command_that_resumes_it(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.hset("{sw.stops}stopped", "orders/3", "too many refusals")

    finding = only(asyncio.run(check_redis(Settings(redis_url=SecretStr(redis_url)))), "stopped")

    assert finding.status is Status.PROBLEM
    assert "sellerwatch partitions resume orders/3" in finding.mend


@pytest.mark.parametrize(
    ("skew", "status"), [(0.1, Status.OK), (-2.0, Status.WARNING), (2.0, Status.WARNING), (-60.0, Status.PROBLEM)]
)
def test_clocks_out_of_step_are_found(skew: float, status: Status) -> None:
    assert judged_skew("clock", skew, 0.01, "Redis").status is status


# -- webhook ----------------------------------------------------------------------------------


def webhook(url: str, **others: object) -> list[Finding]:
    settings = Settings.model_validate({"webhook_url": url, "webhook_secrets": [SECRET], **others})
    return asyncio.run(check_webhook(settings))


def test_without_a_webhook_alerts_stay() -> None:
    assert only(asyncio.run(check_webhook(Settings())), "webhook").status is Status.WARNING


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "https://10.0.0.1/", "https://user:pw@example.com/", "ftp://x/", "https://localhost/"],
)
def test_an_url_that_dispatch_would_refuse_is_a_problem(url: str) -> None:
    assert only(webhook(url), "webhook").status is Status.PROBLEM


def test_a_secret_that_cannot_sign_is_a_problem() -> None:
    assert only(webhook("https://example.com/", webhook_secrets=[SecretStr("guess")]), "webhook").status is (
        Status.PROBLEM
    )


def test_a_receiver_that_is_down_is_a_problem() -> None:
    found = webhook(f"https://127.0.0.1:{free_port()}/", webhook_allow_private=True)

    assert only(found, "webhook").status is Status.PROBLEM


def test_a_receiver_on_plain_http_is_reached_with_a_warning() -> None:
    async def check() -> list[Finding]:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/"
        async with server:
            return await check_webhook(Settings(webhook_url=url, webhook_secrets=[SECRET], webhook_allow_private=True))

    assert statuses(asyncio.run(check()), "webhook") == [Status.WARNING, Status.OK]


@pytest.mark.parametrize(("days", "trusted", "status"), [
    (300, True, Status.OK), (10, True, Status.WARNING), (300, False, Status.PROBLEM),
])  # fmt: skip
def test_the_certificate_of_the_receiver_is_looked_at(
    days: int, trusted: bool, status: Status, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = certified(tmp_path, days)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    async def check() -> list[Finding]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        url = f"https://localhost:{port}/"
        async with server:
            return await check_webhook(Settings(webhook_url=url, webhook_secrets=[SECRET], webhook_allow_private=True))

    assert statuses(asyncio.run(check()), "webhook") == [status]


def certified(folder: Path, days: int) -> tuple[Path, Path]:
    """A certificate of `localhost` that signs itself, and its key."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost"
    names_it = f"-addext subjectAltName=DNS:localhost -days {days} -keyout {key} -out {certificate}"
    subprocess.run(["openssl", *request.split(), *names_it.split()], check=True, capture_output=True)
    return certificate, key


# -- settings, and all of it ------------------------------------------------------------------


def test_keys_that_are_missing_or_easy_to_guess_are_found() -> None:
    assert only(check_settings(Settings()), "hash keys").status is Status.PROBLEM
    weak = Settings(hash_keys=[SecretStr("k1:aaaaaaaaaaaaaaaaaaaa")])
    assert only(check_settings(weak), "hash keys").status is Status.WARNING
    fine = Settings(hash_keys=[SecretStr("k1:0f1e2d3c4b5a69788796")], model_keys=[SecretStr("0f1e2d3c4b5a69788796")])
    assert {finding.status for finding in check_settings(fine)} == {Status.OK}


@pytest.fixture
def nothing_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings whose Kafka, Redis and webhook do not exist."""
    monkeypatch.setenv("SELLERWATCH_KAFKA_BROKERS", f"127.0.0.1:{free_port()}")
    monkeypatch.setenv("SELLERWATCH_REDIS_URL", f"redis://worker:hidden-password@127.0.0.1:{free_port()}/0")
    monkeypatch.setenv("SELLERWATCH_WEBHOOK_URL", f"https://127.0.0.1:{free_port()}/")
    monkeypatch.setenv("SELLERWATCH_WEBHOOK_SECRETS", SECRET.get_secret_value())
    monkeypatch.setenv("SELLERWATCH_WEBHOOK_ALLOW_PRIVATE", "true")


@pytest.mark.usefixtures("nothing_there")
def test_with_everything_down_each_is_found_within_seconds_and_no_password_shown() -> None:
    started = time.monotonic()
    result = CliRunner().invoke(app, ["doctor", "--json"])

    assert result.exit_code == 1
    problems = {finding["subject"] for finding in json.loads(result.stdout) if finding["status"] == "problem"}
    assert problems == {"hash keys", "model keys", "kafka", "redis", "webhook"}
    assert "hidden-password" not in result.output
    assert time.monotonic() - started < 30


@pytest.mark.usefixtures("nothing_there")
def test_for_people_each_finding_is_one_line_with_what_to_do() -> None:
    lines = CliRunner().invoke(app, ["doctor"]).stdout.splitlines()

    assert [line.split()[0] for line in lines] == ["problem"] * 5 + ["5"]
    assert all("→" in line for line in lines[:-1])


def test_where_all_is_well_or_only_so_so_the_exit_code_is_0(
    kafka: RealKafka, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLERWATCH_KAFKA_BROKERS", kafka.bootstrap)
    monkeypatch.setenv("SELLERWATCH_REDIS_URL", redis_url)
    monkeypatch.setenv("SELLERWATCH_HASH_KEYS", "k1:0f1e2d3c4b5a69788796")
    monkeypatch.setenv("SELLERWATCH_MODEL_KEYS", "0f1e2d3c4b5a69788796")
    runner = CliRunner()
    assert runner.invoke(app, ["topics", "create", "--upstream", "--partitions", "4"]).exit_code == 0

    deadline = time.monotonic() + 10
    while (result := runner.invoke(app, ["doctor"])).exit_code and time.monotonic() < deadline:
        time.sleep(0.2)

    assert result.exit_code == 0, result.output
    assert "0 problems" in result.stdout


# -- processes, clocks, disks, certificates -----------------------------------------------------


def test_the_clock_and_the_disks_of_the_brokers_are_looked_at(
    examined: tuple[list[Finding], list[Finding]],
) -> None:
    assert "Kafka's clock" in only(examined[0], "clock").text
    assert "of its disk is free" in only(examined[0], "disk").text


@pytest.mark.parametrize(("free", "status"), [(0.5, Status.OK), (0.1, Status.WARNING), (0.02, Status.PROBLEM)])
def test_a_disk_that_fills_up_is_found_before_it_is_full(free: float, status: Status) -> None:
    assert judged_disk("broker 1", 100 << 30, int(free * (100 << 30))).status is status


def tell(client: "redis.Redis", stage: str, *, version: str = "0.1.0", ago: float = 0.0, ready: bool = True) -> None:
    told = Presence(stage, "host", 1, version, 9101, 0.0, time.time() - ago, Told({"redis": ready}))
    client.hset(presence_key("sw"), told.name, msgspec.msgpack.encode(told))


def test_processes_are_all_there_of_one_version_and_ready(redis_url: str) -> None:
    settings = Settings(redis_url=SecretStr(redis_url))
    with redis.Redis.from_url(redis_url) as client:
        assert statuses(asyncio.run(check_redis(settings)), "processes") == []  # none has ever run: a first look
        for stage in names.STAGES:
            tell(client, stage)
        assert statuses(asyncio.run(check_redis(settings)), "processes") == [Status.OK]

        tell(client, "learn", ago=60)
        tell(client, "watch", version="0.0.9", ready=False)
        found = [f.text for f in asyncio.run(check_redis(settings)) if f.subject == "processes"]

    assert [text.split()[0] for text in found] == ["none", "they", "watch@host:1"]
    assert "learn" in found[0]


@pytest.mark.parametrize(("days", "status"), [(300, Status.OK), (10, Status.WARNING)])
def test_the_certificate_of_redis_is_looked_at(
    days: int, status: Status, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = certified(tmp_path, days)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    async def check() -> list[Finding]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        async with server:
            return await check_certificates(Settings(redis_url=SecretStr(f"rediss://localhost:{port}/0")))

    assert statuses(asyncio.run(check()), "redis tls") == [status]


def test_without_tls_nothing_is_said_of_certificates() -> None:
    assert asyncio.run(check_certificates(Settings())) == []


@pytest.mark.parametrize(
    "unusual",
    [{"log_level": "DEBUG"}, {"entity_lifetime": "PT1H"}, {"publish_interval": "PT5S"}],
)
def test_a_setting_that_is_seldom_meant_is_named(unusual: dict[str, str]) -> None:
    (found,) = [f for f in check_settings(Settings.model_validate(unusual)) if f.subject == "settings"]

    assert f"SELLERWATCH_{next(iter(unusual)).upper()}" in found.text + found.mend
