"""`python -m bench.fold`: CPU time that the fold takes for a record, also beside another tree's.

    git worktree add ../before COMMIT
    python -m bench.fold --against ../before

Both trees fold the same log, in turn and each in a process of its own: what else the machine does hits both.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.throughput.traffic import make_up
from detectors.alert_policy import Policy
from detectors.events import SECOND, encode_record
from detectors.models.learners import Learners
from streams.models.snapshots import ModelShelf
from streams.policy.published import PolicyShelf
from streams.privacy import HashKey, Pseudonyms
from streams.replay import BATCH, EventReplay

ONCE = Path(__file__).with_name("once.py")
HERE = Path(__file__).parents[2]
KEY = b"not a worker's: only time is measured"


def main(words: Sequence[str] | None = None) -> int:
    """Measures, and prints the figures of each tree."""
    args = _parser().parse_args(words)
    trees = [HERE, *([args.against.resolve()] if args.against else [])]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        log.write_bytes(dump(args.seed, args.events))
        rounds = [[_measured(tree, log) for tree in trees] for _ in range(args.rounds)]
    for tree, cost in zip(trees, zip(*rounds, strict=True), strict=True):
        print(f"{tree}: {_said(cost)} us of CPU time a record")
    if args.against:
        print(f"ratio within each round: {_said([ours / theirs for ours, theirs in rounds])}")
    return 0


def dump(seed: int, count: int) -> bytes:
    """The log that intake makes of the first `count` events of a marketplace, a record a line."""
    lines = [event.body for event in make_up(seed, count)]
    shelf, policies = ModelShelf(None), PolicyShelf(None, Policy())
    pseudonyms, learners = Pseudonyms([HashKey("k1", KEY)]), Learners.new(challenged=False)
    intake = EventReplay(shelf, policies, pseudonyms, learners, KEY, wait=600 * SECOND)
    batches = (lines[start : start + BATCH] for start in range(0, len(lines), BATCH))
    return b"".join(encode_record(record) + b"\n" for batch in batches for record in intake.gather(batch))


def _measured(tree: Path, log: Path) -> float:
    """A round of one tree, in a process that has nothing but that tree on its path."""
    command = [sys.executable, "-P", str(ONCE), str(log)]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(tree)}, cwd=tree, stdout=subprocess.PIPE, check=True
    )
    return float(done.stdout)


def _said(figures: Sequence[float]) -> str:
    return f"{median(figures):.2f} ({min(figures):.2f} to {max(figures):.2f})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.fold", description="What the fold costs a record.")
    parser.add_argument("--against", type=Path, metavar="TREE", help="another checkout, to be measured in turn")
    parser.add_argument("--events", type=int, default=60_000, help="upstream events (60000)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds, every tree once in each (7)")
    parser.add_argument("--seed", type=int, default=7, help="of the made-up traffic (7)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
