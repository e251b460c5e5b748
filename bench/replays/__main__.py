"""`python -m bench.replays --data DIR`: replays third-party data and measures the answers."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from bench.data import handbook
from bench.data.catalogue import LOADERS, VARIABLE, NoDataError, folder_of, load
from bench.data.dataset import Selection
from bench.replays.alerts import Worth, weigh
from bench.replays.protocol import Week, weeks
from bench.replays.report import report
from bench.replays.run import Replay, ReplayFailedError, replay
from streams.files import FilesError

USUAL = "handbook,olist,agora"
COMMAND = (sys.executable, "-m", "sellerwatch", "replay")


def main(words: Sequence[str] | None = None, command: Sequence[str] = COMMAND) -> int:
    """Runs every data set asked for and prints the tables."""
    args = _parser().parse_args(words)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            text = _measured(args, Path(args.keep or scratch), command)
    except (NoDataError, FilesError, ReplayFailedError) as error:
        print(error, file=sys.stderr)
        return 1 if isinstance(error, ReplayFailedError) else 2
    print(text, end="")
    if args.markdown:
        args.markdown.write_text(text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.replays", description=__doc__)
    parser.add_argument("--data", type=Path, help=f"folder of the third-party data (default: {VARIABLE})")
    parser.add_argument("--only", type=_names, default=_names(USUAL), help=f"some of {', '.join(LOADERS)}")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file too")
    parser.add_argument("--config", type=Path, help="settings handed on to `sellerwatch replay`")
    parser.add_argument("--keep", type=Path, help="leave events, alerts and decisions in this folder")
    parser.add_argument("--from", dest="since", type=date.fromisoformat, help="first day of orders, listings")
    parser.add_argument("--to", dest="until", type=date.fromisoformat, help="the day after the last one")
    parser.add_argument("--sample", type=float, default=1.0, help="share of sellers, 0..1, always the same ones")
    return parser


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in LOADERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no data set {', '.join(unknown)}; there are {', '.join(LOADERS)}")
    return names


def _measured(args: argparse.Namespace, folder: Path, command: Sequence[str]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    if args.config is not None:
        command = [*command, "--config", str(args.config)]
    selection = Selection(args.since, args.until, args.sample)
    results: dict[str, tuple[Replay, Worth]] = {}
    by_week: list[Week] = []
    for name in args.only:
        dataset = load(name, args.data, selection)
        run = replay(name, dataset, folder, command)
        results[name] = run, weigh(run.alerts, dataset)
        if name == "handbook":
            transactions = handbook.read(folder_of(name, args.data))
            by_week = weeks(selection.of(transactions, seller="terminal_id"), run.decisions)
    return report(results, by_week)


if __name__ == "__main__":
    sys.exit(main())
