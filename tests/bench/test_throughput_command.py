"""`python -m bench` from its start to its tables, small."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.throughput.report import TITLES
from tests.services.kafka import RealKafka
from tests.services.redis import RealRedis


@pytest.mark.slow
def test_every_subject_is_measured_on_real_services(kafka: RealKafka, redis_server: RealRedis, tmp_path: Path) -> None:
    """The fixtures are for being skipped where there are no services; the command starts its own."""
    table = tmp_path / "table.md"
    command = [sys.executable, "-m", "bench", "--events", "6000", "--rounds", "1", "--later", "1000"]

    done = subprocess.run([*command, "--markdown", str(table)], capture_output=True, text=True, timeout=300)

    assert done.returncode == 0, done.stderr
    text = table.read_text()
    assert text == done.stdout
    for title in TITLES.values():
        row = re.search(rf"^\| {re.escape(title)} \| \*\*([\d,]+)\*\* .* \| \*\*([\d,]+)\*\* ", text, re.MULTILINE)
        assert row is not None, text
        assert all(int(speed.replace(",", "")) > 0 for speed in row.groups())
    assert "| to its decision on Kafka |" in text
