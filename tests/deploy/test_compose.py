"""The compose file is closed to the outside, gives each service what it needs, and names nothing that is not there."""

import base64
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from sellerwatch.cli import app
from streams.names import STAGES
from streams.settings import Settings, load_settings
from tests.deploy.conftest import CHECKOUT
from tests.deploy.made_secrets import make_secrets

VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
SECRET = "/run/secrets/"


def interpolated(text: str, environment: Mapping[str, str]) -> str:
    """The text with `${NAME:-default}` replaced."""
    return VARIABLE.sub(lambda found: environment.get(found[1]) or found[2] or "", text)


def env_file(name: str) -> dict[str, str]:
    lines = (CHECKOUT / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def compose(environment: Mapping[str, str]) -> dict[str, Any]:
    return dict(yaml.safe_load(interpolated((CHECKOUT / "docker-compose.yml").read_text(), environment)))


COMPOSE = compose({})
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
every_service = pytest.mark.parametrize("name", SERVICES)
every_one_of_ours = pytest.mark.parametrize("name", OURS)


def environment_of(service: Mapping[str, Any]) -> dict[str, str]:
    files = (env_file(name) for name in service.get("env_file", ()))
    given: dict[str, str] = service.get("environment", {})
    return {name: value for file in files for name, value in file.items()} | given


# -- what it lets in and out ------------------------------------------------------------------


def test_only_grafana_and_the_console_publish_a_port_and_only_for_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published == {"grafana": ["127.0.0.1:3000:3000"], "console": ["127.0.0.1:8470:8470"]}
    assert not [name for name, service in SERVICES.items() if "network_mode" in service]


def test_only_dispatch_and_what_publishes_a_port_have_a_way_to_the_outside() -> None:
    outside = {name for name, service in SERVICES.items() if "outside" in service["networks"]}
    assert outside == {"dispatch", "grafana", "console"}
    assert COMPOSE["networks"]["inside"] == {"internal": True}


@every_service
def test_a_service_has_no_rights_that_it_does_not_need(name: str) -> None:
    service = SERVICES[name]

    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "pids_limit", "logging"} <= service.keys()
    assert not {"privileged", "cap_add", "devices", "pid", "ipc"} & service.keys()
    assert service.get("read_only") or name == "kafka", "its image writes its configuration at start"


@every_one_of_ours
def test_a_stage_can_be_scaled_and_writes_to_memory_only(name: str) -> None:
    service = SERVICES[name]

    assert not {"container_name", "hostname"} & service.keys()
    assert not {"ports", "volumes"} & service.keys() or name == "console", "the console keeps a database of its own"
    assert service["tmpfs"][0].startswith("/tmp:")


# -- whether it comes up ----------------------------------------------------------------------


@every_service
def test_a_service_has_a_health_check_unless_it_ends_by_itself(name: str) -> None:
    service = SERVICES[name]

    if service["restart"] == "no":
        assert service["healthcheck"] == {"disable": True}
        return
    assert service["restart"] == "unless-stopped"
    check = service["healthcheck"]
    assert {"test", "interval", "timeout", "retries", "start_period"} <= check.keys()
    if check["test"][:3] == ["CMD", "python", "-c"]:
        compile(check["test"][3], name, "exec")


@every_service
def test_a_service_waits_for_those_it_needs(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        ends = SERVICES[other]["restart"] == "no"
        assert how == {"condition": "service_completed_successfully" if ends else "service_healthy"}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_starts_when_topics_and_redis_are_there(stage: str) -> None:
    assert SERVICES[stage]["depends_on"].keys() == {"redis", "topics"}
    assert SERVICES[stage]["command"] == ["worker", "--stage", stage]


@pytest.mark.parametrize("name", [name for name, service in OURS.items() if "command" in service])
def test_a_command_exists_with_its_options(name: str) -> None:
    result = CliRunner().invoke(app, [*SERVICES[name]["command"], "--help"])

    assert result.exit_code == 0, result.output


@every_service
def test_an_image_is_named_with_its_version_and_can_be_pinned(name: str) -> None:
    text = (CHECKOUT / "docker-compose.yml").read_text()
    image = SERVICES[name]["image"]

    assert re.search(r":(\d|v\d|local)", image)
    assert f":-{image}}}" in text  # ${..._IMAGE:-image}


def referenced_files() -> Iterator[str]:
    for service in SERVICES.values():
        yield from service.get("env_file", ())
        yield from (volume.split(":")[0] for volume in service.get("volumes", ()) if volume.startswith("./"))


@pytest.mark.parametrize("name", sorted(set(referenced_files())))
def test_a_file_that_is_mounted_or_read_is_there(name: str) -> None:
    assert (CHECKOUT / name).exists()


def test_named_volumes_are_declared_and_used() -> None:
    used = {volume.split(":")[0] for s in SERVICES.values() for volume in s.get("volumes", ()) if volume[0] != "."}

    assert used == COMPOSE["volumes"].keys()


def test_kafka_has_an_id_it_can_be_formatted_with() -> None:
    assert len(base64.urlsafe_b64decode(env_file("deploy/kafka.env")["CLUSTER_ID"] + "==")) == 16


# -- settings and secrets ---------------------------------------------------------------------


def settings_given() -> Iterator[str]:
    for service in SERVICES.values():
        yield from environment_of(service)
    yield from env_file("deploy/demo.env")


@pytest.mark.parametrize("name", sorted({name for name in settings_given() if name.startswith("SELLERWATCH_")}))
def test_a_setting_that_is_given_exists(name: str) -> None:
    field = name.removeprefix("SELLERWATCH_").removesuffix("_FILE").lower()

    assert field in Settings.model_fields or name in (CHECKOUT / "sellerwatch" / "receiver.py").read_text()


@every_service
def test_a_service_gets_the_secrets_it_reads_and_no_others(name: str) -> None:
    service = SERVICES[name]
    text = yaml.safe_dump({key: service.get(key) for key in ("environment", "entrypoint", "command")})
    if name == "redis":
        text = (CHECKOUT / "deploy" / "redis" / "redis.conf").read_text()

    assert set(re.findall(SECRET + r"(\w+)", text)) == set(service.get("secrets", ()))


def test_no_secret_stands_in_the_file_or_goes_to_a_service_in_the_open() -> None:
    for name in ("docker-compose.yml", "deploy/sellerwatch.env", "deploy/demo.env", "deploy/kafka.env"):
        assert not re.search(r"whsec_|password\s*[=:]\s*\w|:[^/\s]{6,}@", (CHECKOUT / name).read_text(), re.I)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    make_secrets(folder)
    return folder


def test_the_script_makes_every_secret_once(made: Path) -> None:
    wanted = {secret["file"].removeprefix("./deploy/secrets/") for secret in COMPOSE["secrets"].values()}

    assert {file.name for file in made.iterdir()} == wanted == COMPOSE["secrets"].keys()
    before = {file.name: file.read_text() for file in made.iterdir()}
    assert make_secrets(made) == []
    assert {file.name: file.read_text() for file in made.iterdir()} == before


def test_secrets_are_read_in_containers_and_by_nobody_else_here(made: Path) -> None:
    assert made.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in made.iterdir()} == {0o444}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("demo", [False, True])
def test_a_stage_finds_its_settings_in_order(
    stage: str, demo: bool, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = compose(env_file("deploy/demo.env") if demo else {})["services"][stage]
    for name, value in environment_of(service).items():
        monkeypatch.setenv(name, str(value or "").replace(SECRET, f"{made}/"))

    settings = load_settings()

    user = "dispatch" if stage == "dispatch" else "worker"
    redis_url = settings.redis_url.get_secret_value()
    assert redis_url.startswith(f"redis://{user}:")
    assert redis_url.endswith("@redis:6379/0")
    if stage == "dispatch":
        assert settings.webhook_url == ("http://receiver:8080/alerts" if demo else None)
        assert settings.webhook_secrets
        assert not settings.hash_keys
    else:
        assert settings.hashing()
        assert settings.signing()


# -- what watches it --------------------------------------------------------------------------


def test_prometheus_finds_every_process_of_every_stage() -> None:
    jobs = yaml.safe_load((CHECKOUT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    found = {job["job_name"]: job["dns_sd_configs"][0] for job in jobs if "dns_sd_configs" in job}

    assert found.keys() == set(STAGES)
    for stage, place in found.items():
        assert place["names"] == [stage]
        assert str(place["port"]) == SERVICES[stage]["environment"]["SELLERWATCH_METRICS_PORT"]
        assert place["type"] == "A"


def test_grafana_finds_prometheus_and_the_dashboard() -> None:
    folder = CHECKOUT / "deploy" / "grafana"
    (source,) = yaml.safe_load((folder / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((folder / "provisioning/dashboards/sellerwatch.yml").read_text())["providers"]
    grafana = SERVICES["grafana"]
    mounted = dict(volume.split(":")[:2][::-1] for volume in grafana["volumes"])

    assert source["uid"] == "sellerwatch-prometheus"
    assert source["url"] == "http://prometheus:9090"
    dashboards = mounted[provider["options"]["path"]]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (CHECKOUT / dashboards / Path(home).name).is_file()
    assert grafana["environment"]["GF_AUTH_ANONYMOUS_ENABLED"] == "false"


def test_the_demo_has_traffic_and_a_receiver_and_commands_run_when_asked_for() -> None:
    profiles = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}

    assert profiles == {"simulator": ["demo"], "receiver": ["demo"], "operator": ["tools"]}
    assert env_file("deploy/demo.env")["COMPOSE_PROFILES"] == "demo"
