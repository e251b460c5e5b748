"""Folds a dumped log with the code on the path, and prints the CPU time of each record in µs.

Run as a file by `bench.fold`, so that the code that is measured may be another tree's, also an older one's.
"""

import gc
import sys
import time
from pathlib import Path

from detectors.alert_policy import Policy
from detectors.events import decode_record
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
    """CPU time of a record, in µs, in chunks of the size in which watch commits."""
    records = [decode_record(line) for line in lines]
    chunks = [records[start : start + CHUNK] for start in range(0, len(records), CHUNK)]
    log = replay()
    gc.freeze()  # what was decoded beforehand is not the fold's to look through
    started = time.process_time()
    for chunk in chunks:
        for _ in log.fold(chunk):
            pass
    return (time.process_time() - started) / len(records) * 1e6


if __name__ == "__main__":
    dump = Path(sys.argv[1]).read_bytes().splitlines()
    measure(dump)  # the first time, lists of words and caches are built
    print(measure(dump))
