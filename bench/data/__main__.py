"""`python -m bench.data handbook -o EVENTS --truth FILE`: third-party tables as recorded events."""

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import msgspec

from bench.data.catalogue import LOADERS, VARIABLE, NoDataError, load
from bench.data.dataset import Dataset, Selection
from bench.data.encode import encode
from streams.files import FilesError, write_events


def main(words: Sequence[str] | None = None) -> int:
    """Writes the events and the truth, and says how many there are of what."""
    args = _parser().parse_args(words)
    selection = Selection(args.since, args.until, args.sample, args.payments)
    try:
        print(_converted(load(args.name, args.data, selection), args.output, args.truth))
    except (NoDataError, FilesError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _converted(dataset: Dataset, output: Path, truth: Path | None) -> str:
    """Writes both files; gives what stands in them, in words."""
    began = time.perf_counter()
    write_events(output, encode(dataset))
    seconds = time.perf_counter() - began
    if truth is not None:
        truth.write_bytes(b"".join(msgspec.json.encode(bad) + b"\n" for bad in dataset.truth))
    return _summary(dataset, seconds)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.data", description=__doc__)
    parser.add_argument("name", choices=LOADERS)
    parser.add_argument("-o", "--output", type=Path, required=True, help=".jsonl, .jsonl.gz, .jsonl.zst, .parquet")
    parser.add_argument("--truth", type=Path, help="what is bad, one JSON object a line")
    parser.add_argument("--data", type=Path, help=f"folder of the third-party data (default: {VARIABLE})")
    parser.add_argument("--from", dest="since", type=date.fromisoformat, help="first day of orders, listings")
    parser.add_argument("--to", dest="until", type=date.fromisoformat, help="the day after the last one")
    parser.add_argument("--sample", type=float, default=1.0, help="share of sellers, 0..1, always the same ones")
    parser.add_argument("--payments", action="store_true", help="add the card payment of each card order")
    return parser


def _summary(dataset: Dataset, seconds: float) -> str:
    counts = dataset.counts()
    events = sum(counts.values())
    by_type = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    left_out = "".join(f"; left out: {reason} {count:,}" for reason, count in dataset.left_out.items())
    pace = f"{seconds:.1f} s, {events / max(seconds, 1e-9):,.0f} a second"
    return f"{events:,} events ({by_type}) of {len(dataset.sellers()):,} sellers in {pace}{left_out}"


if __name__ == "__main__":
    sys.exit(main())
