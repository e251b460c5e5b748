"""One data set through `sellerwatch replay`, timed."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.data.dataset import Dataset
from bench.data.encode import encode
from streams.files import write_events


@dataclass(frozen=True)
class Replay:
    """What a replay wrote, and what it took."""

    alerts: Path
    decisions: Path
    events: int
    seconds: float
    peak_mb: float

    @property
    def rate(self) -> float:
        """Events a second, with the start of the process."""
        return self.events / self.seconds


class ReplayFailedError(Exception):
    """The command ended with another code than 0."""


def replay(name: str, dataset: Dataset, folder: Path, command: Sequence[str]) -> Replay:
    """Writes the events of `dataset` into `folder` and runs `command` over them.

    Args:
        command: `sellerwatch replay` with all its words but the files.
    """
    events, alerts, decisions = (folder / f"{name}.{end}" for end in ("jsonl.zst", "alerts.jsonl", "decisions.parquet"))
    count = write_events(events, encode(dataset))
    began = time.perf_counter()
    peak_mb = _run([*command, str(events), "--alerts", str(alerts), "--decisions", str(decisions)])
    return Replay(alerts, decisions, count, time.perf_counter() - began, peak_mb)


def _run(command: list[str]) -> float:
    """Runs a command to its end; gives the most memory it had, in MB."""
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ReplayFailedError(f"{' '.join(command)} ended with code {process.returncode}")
    return usage.ru_maxrss / 1024
