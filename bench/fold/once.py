"""Folds a dumped log with the code on the path, and prints the CPU time of each record in µs.

Run as a file by `bench.fold`, so that the code that is measured may be another tree's, also an older one's.
"""

import gc
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from detectors.alert_policy import Policy
from detectors.events import Record, decode_record
from streams.replay import LogReplay
from streams.watch import CHUNK

try:
    from streams.models.snapshots import ModelShelf
except ImportError:  # an older tree
    from streams.models import ModelShelf  # type: ignore[attr-defined, no-redef]


def replay() -> LogReplay:
    """An empty partition under the policy of the settings; older trees have no published ones."""
    try:
        from streams.policy.published import PolicyShelf
    except ImportError:
        return LogReplay(ModelShelf(None), Policy())  # type: ignore[arg-type]
    return LogReplay(ModelShelf(None), PolicyShelf(None, Policy()))


def measure(lines: list[bytes]) -> float:
    """CPU time of a record, in µs, in chunks of the size in which watch commits.

    The first third only makes it a market that has been going: sellers have opened, listed their goods and sold.
    """
    records = [decode_record(line) for line in lines]
    chunks = [records[start : start + CHUNK] for start in range(0, len(records), CHUNK)]
    opening, going = chunks[: len(chunks) // 3], chunks[len(chunks) // 3 :]
    log = replay()
    gc.freeze()  # what was decoded beforehand is not the fold's to look through
    gc.set_threshold(50_000, 50, 100)  # as in a worker
    _fold(log, opening)
    started = time.process_time()
    _fold(log, going)
    return (time.process_time() - started) / sum(map(len, going)) * 1e6


def _fold(log: LogReplay, chunks: Iterable[Sequence[Record]]) -> None:
    for chunk in chunks:
        for _ in log.fold(chunk):
            pass


if __name__ == "__main__":
    print(measure(Path(sys.argv[1]).read_bytes().splitlines()))
