"""What `sellerwatch report` prints."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import typer

from sellerwatch.report.missed import as_json as numbers
from sellerwatch.report.missed import missed, said
from streams.errors import SettingsError


def show_missed(decisions: Sequence[Path], labels: Sequence[Path], truth: Path | None, *, as_json: bool) -> None:
    """Prints the report.

    Raises:
        FilesError: A file cannot be read.
        SettingsError: Nothing says what is bad.
    """
    if not labels and truth is None:
        raise SettingsError("say who is bad: --labels FILE with verdicts and disputes, or --truth FILE")
    found = missed(decisions, labels, truth)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(numbers(found)), indent=2).decode())
    else:
        typer.echo("\n".join(said(found)))
