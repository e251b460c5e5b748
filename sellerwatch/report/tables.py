"""Tables as CSV that a spreadsheet opens without running anything of what sellers wrote."""

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from sellerwatch.report.model import NUMBERS, Cell, Column, Report
from streams.files import FilesError

STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A cell that begins so may be a formula to a spreadsheet, the full-width forms too (OWASP, CSV Injection)."""
HEAD: Final = ("section", "table", "row", "column", "kind", "value")


def guarded(cell: Cell) -> str:
    """A cell's text; one that might be a formula gets an apostrophe in front. Numbers stay as they are."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return "'" + cell if cell.lstrip(" ").startswith(STARTS) else cell
    return repr(cell)


def written_rows(path: Path, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
    """Writes one table, a row at a time, or leaves what was there.

    Raises:
        FilesError: It cannot be written there.
    """
    _write(path, [column.key for column in columns], (map(guarded, row) for row in rows))


def as_csv(report: Report, path: Path) -> None:
    """Writes every number of a report, one a line: section, table, row, column, kind, value.

    Raises:
        FilesError: It cannot be written there.
    """
    _write(path, HEAD, _lines(report))


def _lines(report: Report) -> Iterable[Iterable[str]]:
    for section in report.sections:
        for table in section.tables:
            texts = [index for index, column in enumerate(table.columns) if column.kind not in NUMBERS]
            for row in table.rows:
                name = " / ".join(str(row[index]) for index in texts)
                for column, cell in zip(table.columns, row, strict=True):
                    if column.kind in NUMBERS:
                        yield map(guarded, (section.key, table.key, name, column.key, column.kind, cell))
                if len(texts) == len(row):
                    yield map(guarded, (section.key, table.key, str(row[0]), "", "text", " / ".join(map(str, row[1:]))))


def _write(path: Path, head: Sequence[str], lines: Iterable[Iterable[str]]) -> None:
    draft = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        with draft.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
            writer.writerow(head)
            writer.writerows(lines)
        draft.replace(path)
    except OSError as refused:
        raise FilesError(f"{path}: cannot write there ({refused.strerror})") from refused
    finally:
        draft.unlink(missing_ok=True)
