"""The image is made of what was reviewed, runs as nobody in particular, and knows whether it is well."""

import asyncio
import fnmatch
import json
import os
import re
import sys
import tomllib

import pytest

from streams.health import Health, HealthServer
from tests.deploy.conftest import CHECKOUT

FILE = (CHECKOUT / "Dockerfile").read_text()
INSTRUCTIONS = [
    (words[0], words[1])
    for line in re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", FILE, flags=re.M)).splitlines()
    if len(words := line.split(maxsplit=1)) == 2
]


def all_of(name: str) -> list[str]:
    return [rest for instruction, rest in INSTRUCTIONS if instruction == name]


def test_the_base_can_be_pinned_by_digest_and_is_the_same_in_both_stages() -> None:
    assert INSTRUCTIONS[0] == ("ARG", "PYTHON_IMAGE=python:3.11-slim")
    assert {words.split()[0] for words in all_of("FROM")} == {"${PYTHON_IMAGE}"}


def test_every_package_comes_from_a_lock_with_hashes() -> None:
    installs = [part for line in all_of("RUN") for part in line.split("&&") if "pip install" in part]

    assert len(installs) == 3
    for install in installs:
        assert "--require-hashes" in install or "--no-deps --no-index" in install


def test_it_runs_as_a_user_without_rights_and_writes_nothing() -> None:
    assert all_of("USER") == ["10001:10001"]
    assert "PYTHONDONTWRITEBYTECODE=1" in all_of("ENV")[-1]
    assert all_of("WORKDIR")[-1] == "/tmp"


def test_signals_reach_python_itself() -> None:
    assert json.loads(all_of("ENTRYPOINT")[0]) == ["sellerwatch"]
    assert json.loads(all_of("CMD")[0]) == ["worker"]


def copied() -> list[str]:
    lines = [words.split() for words in all_of("COPY") if "--from" not in words]
    return [source for line in lines for source in line[:-1]]


def test_what_is_copied_is_there_and_let_through() -> None:
    let_through = [
        line.removeprefix("!") for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    ]

    for source in copied():
        assert (CHECKOUT / source).exists()
        assert any(fnmatch.fnmatch(source.rstrip("/"), pattern) for pattern in let_through)
    assert len(let_through) == len(copied())


def test_every_package_of_the_project_is_in_it() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

    assert {f"{package}/" for package in packages} <= set(copied())
    assert project["project"]["readme"] in copied()


@pytest.mark.parametrize("alive", [True, False])
async def test_the_health_check_tells_a_stage_that_is_well_from_one_that_is_not(alive: bool) -> None:
    server = HealthServer("127.0.0.1", 0, lambda: Health({"running": alive}, {}))
    port = await server.start()
    command = json.loads(all_of("HEALTHCHECK")[0].partition("CMD ")[2])
    assert command[0] == "python"

    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command[1:],
        env=os.environ | {"SELLERWATCH_METRICS_PORT": str(port)},
        stderr=asyncio.subprocess.DEVNULL,
    )

    assert (await process.wait() == 0) is alive
    await server.stop()
