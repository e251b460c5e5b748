"""What `sellerwatch report` prints and writes."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import typer

from sellerwatch.report.build import Choices, Sources, build, period_of
from sellerwatch.report.missed import as_json as numbers
from sellerwatch.report.missed import missed, said
from sellerwatch.report.tables import as_csv
from sellerwatch.report.written import as_html, as_markdown
from streams.errors import SettingsError
from streams.files import FilesError, check_apart
from streams.settings import Settings


class Outputs(NamedTuple):
    """Where a report goes; nowhere: Markdown is printed."""

    html: Path | None = None
    markdown: Path | None = None
    csv: Path | None = None
    json: Path | None = None


def report_period(
    start: str | None, end: str | None, sources: Sources, choices: Choices, outputs: Outputs, settings: Settings
) -> None:
    """Makes the report of a period, and writes it in every form that is asked for.

    Raises:
        FilesError: A file cannot be read or written.
        SettingsError: The period or the rates are off.
        UnavailableError: Kafka does not answer.
    """
    if start is None or end is None:
        raise SettingsError("say --from DATE and --to DATE, such as --from 2027-01-01 --to 2027-02-01")
    written = [*outputs, choices.statements, choices.high_volume]
    read = [*sources.decisions, *sources.alerts, *sources.logs, *([choices.rates] if choices.rates else [])]
    check_apart(written, read)
    found = build(period_of(start, end), sources, choices, settings)
    if outputs.csv is not None:
        as_csv(found, outputs.csv)
    if outputs.html is not None:
        _write(outputs.html, as_html(found))
    if outputs.markdown is not None:
        _write(outputs.markdown, as_markdown(found))
    if outputs.json is not None:
        _write(outputs.json, msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
    if not any(outputs):
        typer.echo(as_markdown(found), nl=False)
    for section in found.sections:
        for warning in section.warnings:
            typer.echo(f"{section.title}: {warning}", err=True)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as refused:
        raise FilesError(f"{path}: cannot write there ({refused.strerror})") from refused


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
