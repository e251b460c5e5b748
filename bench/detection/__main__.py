"""`python -m bench.detection [PART...] --data DIR`: how good the detection is, part by part."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from bench.data.catalogue import VARIABLE, NoDataError

Part = Callable[[Path | None, Sequence[int]], str]
"""Measures with the tables under a folder and some seeds; gives Markdown."""
PARTS: Mapping[str, str] = {
    "marketplace": "bench.detection.marketplace",
    "handbook": "bench.detection.handbook",
    "sparkov": "bench.detection.sparkov",
    "names": "bench.detection.names",
    "new-pattern": "bench.detection.new_pattern",
    "listings": "bench.detection.listings",
    "ratings": "bench.detection.ratings",
}
"""Modules with a function `measure` of type `Part`, loaded when they are asked for."""
FIRST_SEED = 101
"""Seeds below were used for tuning."""


def main(words: Sequence[str] | None = None) -> int:
    """Runs the parts asked for, all of them where none is named, and prints their tables."""
    args = _parser().parse_args(words)
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    try:
        text = "\n".join(_part(name)(args.data, seeds) for name in args.parts or PARTS)
    except NoDataError as error:
        print(error, file=sys.stderr)
        return 2
    print(text, end="")
    if args.markdown:
        args.markdown.write_text(text)
    return 0


def _part(name: str) -> Part:
    measure: Part = import_module(PARTS[name]).measure
    return measure


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.detection", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS)} (default: all)", metavar="PART")
    parser.add_argument("--data", type=Path, help=f"folder of the third-party data (default: {VARIABLE})")
    parser.add_argument("--seeds", type=int, default=5, help="repetitions, each with other sellers (5)")
    parser.add_argument(
        "--first-seed", type=int, default=FIRST_SEED, help=f"the seeds are this and the next ({FIRST_SEED})"
    )
    parser.add_argument("--markdown", type=Path, help="write the tables to this file too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
