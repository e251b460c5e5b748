"""What `sellerwatch backtest` prints and writes."""

from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sellerwatch.backtest.page import page
from sellerwatch.backtest.run import Outcome
from sellerwatch.backtest.table import as_json, by_pattern, moved, said, totals
from streams.files import FilesError


def report(outcome: Outcome, html: Path | None, json: Path | None) -> None:
    """Prints the tables; writes the page and the numbers where asked to.

    Raises:
        FilesError: A file cannot be written.
    """
    console = Console(highlight=False)
    console.print(_totals(outcome))
    console.print()
    console.print(_patterns(outcome))
    added, lost = moved(outcome)
    console.print(f"\nsellers alerted only by the new side: {len(added):,}; only by the present one: {len(lost):,}")
    if html is not None:
        _write(html, page(outcome, "Backtest").encode())
    if json is not None:
        _write(json, msgspec.json.format(msgspec.json.encode(as_json(outcome)), indent=2) + b"\n")


def _totals(outcome: Outcome) -> Table:
    table = Table("", "present", "new", show_edge=False, pad_edge=False)
    for line in totals(outcome):
        table.add_row(line.name, said(line.before, line.kind), said(line.after, line.kind))
    return table


def _patterns(outcome: Outcome) -> Table:
    table = Table("sellers alerted by", "present", "new", "added", "lost", "precision", show_edge=False, pad_edge=False)
    for line in by_pattern(outcome):
        right = "-" if line.right is None or not line.right.judged else f"{line.right.right} of {line.right.judged}"
        table.add_row(escape(line.pattern), *(f"{n:,}" for n in line[1:5]), right)
    return table


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise FilesError(f"{path}: cannot write there ({error.strerror})") from None
