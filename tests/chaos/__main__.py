"""`python -m tests.chaos`: one run, its table, and an exit code that says whether everything was exact."""

import argparse
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.faults import KINDS
from tests.chaos.run import Options, Report, run

SHOWN_PROBLEMS = 10


def main() -> int:
    """Runs once; 0 when all was exact. Otherwise logs and history stay, and it says where."""
    options = _options()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    folder = Path(tempfile.mkdtemp(prefix=f"sellerwatch-chaos-{options.seed}-"))
    console.print(f"seed {options.seed}: {options.events:,} events, {options.sellers} sellers, {options.seconds:.0f} s")
    report = run(options, folder)
    _print(console, report)
    if report.passed:
        _remove(folder)
        return 0
    (folder / "problems.txt").write_text("\n".join(p for found in report.findings for p in found.problems))
    console.print(f"logs, history and every problem: {folder}")
    return 1


def _options() -> Options:
    defaults = Options(seed=0)
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--events", type=int, default=defaults.events)
    parser.add_argument("--sellers", type=int, default=defaults.sellers)
    parser.add_argument("--workers", type=int, default=defaults.workers, help="workers of watch")
    parser.add_argument("--seconds", type=float, default=defaults.seconds, help="how long faults go on")
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    parser.add_argument("--faults", default=",".join(KINDS), help="some of: " + ", ".join(KINDS))
    given = parser.parse_args()
    faults = tuple(kind for kind in given.faults.split(",") if kind)
    if unknown := set(faults) - set(KINDS):
        parser.error(f"no such faults: {', '.join(sorted(unknown))}")
    return Options(given.seed, given.events, given.sellers, given.workers, given.seconds, faults)


def _print(console: Console, report: Report) -> None:
    checks = Table("check", "compared", "result", title=f"chaos, seed {report.options.seed}")
    for found in report.findings:
        checks.add_row(found.title, f"{found.checked:,}", "FAIL" if found.problems else "PASS")
    console.print(checks)
    console.print("faults:", _words(report.faults))
    console.print("logged:", _words(report.logged))
    for found in report.findings:
        if found.counts:
            console.print(f"{found.title}: {_words(found.counts)}")
        for problem in found.problems[:SHOWN_PROBLEMS]:
            console.print(f"  {problem[:1_000]}", markup=False)
        if len(found.problems) > SHOWN_PROBLEMS:
            console.print(f"  ... and {len(found.problems) - SHOWN_PROBLEMS:,} more")
    sent = f"{report.sent:,} sent, {report.log_records:,} in the log, settled {report.settled_after:.0f} s after peace"
    console.print(f"{'PASS' if report.passed else 'FAIL'}: seed {report.options.seed}, {sent}")


def _words(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()) if count) or "none"


def _remove(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


if __name__ == "__main__":
    sys.exit(main())
