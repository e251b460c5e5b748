"""Keeps the subject on a core of its own, and Kafka, Redis and whoever measures on the others."""

import os
import shutil
from pathlib import Path


def part() -> list[str]:
    """Leaves the last core to the subjects; the words before a command that put it there.

    This process and all that it starts from now on stay on the other cores. Where there is one core
    only, or no `taskset`, nothing is pinned and there are no words.
    """
    taskset = shutil.which("taskset")
    if taskset is None or len(cores := sorted(os.sched_getaffinity(0))) < 2:
        return []
    os.sched_setaffinity(0, cores[:-1])
    return [taskset, "-c", str(cores[-1])]


def join(prefix: list[str], *pids: int) -> None:
    """Takes `part` back: this process and the others given may run on every core."""
    if not prefix:
        return
    cores = os.sched_getaffinity(0) | {int(prefix[-1])}
    for pid in (os.getpid(), *pids):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)
