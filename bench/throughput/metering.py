"""How fast a process works: by the clock, and by the CPU time that it takes."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Speed:
    """Events a second of the clock, and a second of the processes' CPU time."""

    wall: float
    cpu: float


class StalledError(Exception):
    """A subject stood still."""


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used up to now, with all its threads (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def meter(
    progress: Callable[[], int],
    pids: Sequence[int],
    total: int,
    *,
    most_seconds: float,
    start_seconds: float = 60.0,
    clock: Callable[[], float] = time.perf_counter,
    used: Callable[[int], float] = cpu_seconds,
    pause: Callable[[float], None] = time.sleep,
) -> Speed:
    """Follows a subject from its first progress to `total` events, or for `most_seconds`.

    What comes before the first progress (the start of the process, joining the group) does not count, unless all was
    done between two looks: then it is followed from the first of them.

    Raises:
        StalledError: Nothing was done within `start_seconds`.
    """

    def look() -> tuple[int, float, float]:
        return progress(), clock(), sum(map(used, pids))

    begun = clock()
    idle = first = look()
    while not first[0]:
        if clock() - begun > start_seconds:
            raise StalledError(f"nothing was done within {start_seconds:.0f} s")
        pause(LOOK_SECONDS)
        idle, first = first, look()
    last = first
    if last[0] >= total:
        first = idle
    while last[0] < total and last[1] - first[1] < most_seconds:
        pause(LOOK_SECONDS)
        last = look()
    done, wall, cpu = (b - a for a, b in zip(first, last, strict=True))
    if not done:
        raise StalledError(f"only {first[0]} of {total} events were done, all at once")
    return Speed(done / wall, done / max(cpu, 1 / TICKS))
