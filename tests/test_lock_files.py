"""What is installed is what was reviewed: every package pinned by hash, from no particular host."""

import re
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==[^ ]+(?: ; .+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M)


@pytest.fixture(params=["run", "build", "dev"])
def lock(request: pytest.FixtureRequest) -> str:
    return (CHECKOUT / "requirements" / f"{request.param}.lock").read_text()


def test_every_line_of_a_lock_is_a_pin_with_hashes_or_a_comment(lock: str) -> None:
    rest = re.sub(r"^ *#.*\n", "", PIN.sub("", lock), flags=re.M)

    assert rest == ""


def test_a_lock_names_no_host(lock: str) -> None:
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host", lock)


@pytest.mark.parametrize("lock", ["run", "dev"], indirect=True)
def test_a_lock_pins_every_direct_dependency(lock: str) -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    pinned = {name for name, _ in PIN.findall(lock)}

    assert {re.split(r"[^\w-]", wanted)[0] for wanted in project["dependencies"]} <= pinned
