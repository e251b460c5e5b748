"""What a worker loads."""

import subprocess
import sys

import pytest

HEAVY = {"river", "scipy", "numpy", "sklearn"}

BUILDS = """
import sys
from redis.asyncio import Redis
from streams import names, worker
from streams.settings import load_settings
from streams.topics import Layout

settings = load_settings(hash_keys="k1:0123456789abcdef", model_keys="0123456789abcdef")
topics = (*names.UPSTREAM, names.EVENTS, names.REJECTED, names.WAITING)
worker._app(worker._stage(sys.argv[1], Redis(), settings, Layout(dict.fromkeys(topics, 1))), settings)
print(*{module.partition(".")[0] for module in sys.modules})
"""


def loaded(code: str, *arguments: str) -> set[str]:
    """The packages that a process has loaded in the end."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_intake_needs_none_of_the_packages_that_models_are_made_of() -> None:
    assert not (HEAVY - {"numpy"}) & loaded(BUILDS, "intake")  # sketches of listings are made with numpy


@pytest.mark.parametrize("stage", ["watch", "learn"])
def test_who_scores_or_learns_has_them(stage: str) -> None:
    assert loaded(BUILDS, stage) >= HEAVY - {"sklearn"}


def test_dispatch_needs_no_faust_either() -> None:
    code = "import sys, streams.worker, streams.dispatch, streams.delivery.webhook\nprint(*sys.modules)"

    assert not (HEAVY | {"faust", "aiokafka"}) & loaded(code)
