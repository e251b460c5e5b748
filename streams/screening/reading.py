"""Reads tables and lines of lists, and says where something is wrong: file, line, column, what to write."""

import csv
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Final, TextIO

from streams.files import FilesError

_LONGEST_CELL: Final = 4 * 1024 * 1024
"""An entry of OpenSanctions may have thousands of aliases."""
END_OF_FILE: Final = "\x1a"
"""OFAC ends its tables with it."""


class Row(dict[str, str]):
    """One line of a table: cells by column, and where it stands."""

    path: Path
    line: int

    def wrong(self, column: str, what: str) -> FilesError:
        """An error about one cell; `what` says what is wrong and what to write instead."""
        return wrong(self.path, self.line, column, what)

    def needed(self, column: str, what: str) -> str:
        """The cell, which must not be empty."""
        if value := self.get(column, "").strip():
            return value
        raise self.wrong(column, f"is empty; {what}")


def wrong(path: Path, line: int, column: str, what: str) -> FilesError:
    """An error about one place of a file."""
    return FilesError(f"{path}, line {line}, column `{column}`: {what}")


def existing(path: Path) -> Path:
    """The path, if there is a file."""
    if not path.is_file():
        raise FilesError(f"{path}: there is no such file; check its name, relative to {Path.cwd()}")
    return path


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """The file as text; bytes that are not UTF-8 come as lone surrogates, see `clean`."""
    existing(path)
    try:
        if path.name.endswith(".gz"):
            with gzip.open(path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
                yield file
        else:
            with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
                yield file
    except (EOFError, gzip.BadGzipFile) as damage:
        raise FilesError(f"{path}: damaged ({damage}); copy or download it again") from damage
    except OSError as refused:
        raise FilesError(f"{path}: cannot be read ({refused.strerror or refused})") from refused


def first_line(path: Path) -> str:
    """The first line that holds something; empty where there is none."""
    with opened(path) as file:
        return next((line.strip() for line in file if line.strip()), "")


def rows(path: Path, columns: tuple[str, ...] = (), *, latin: bool = False) -> Iterator[Row]:
    """The lines of a comma-separated table; cells without blanks around, nothing where OFAC writes `-0-`.

    Args:
        columns: Names of the columns of a table without a header; else the first line has them.
        latin: Take bytes that are not UTF-8 for Latin-1, as in OFAC's tables.

    Raises:
        FilesError: With file, line and column.
    """
    csv.field_size_limit(_LONGEST_CELL)
    with opened(path) as file:
        reader = csv.reader(chain(file, (END_OF_FILE,)))
        header = list(columns)
        try:
            for cells in reader:
                if not any(cell.strip() for cell in cells) or cells == [END_OF_FILE]:
                    continue
                if END_OF_FILE in cells[-1]:
                    what = "a quote before it is not closed, so all behind that is one cell; close every quote"
                    raise FilesError(f"{path}, line {reader.line_num}: {what}")
                if not header:
                    header = [cell.strip().lower() for cell in cells]
                    _check_header(path, reader.line_num, header)
                    continue
                yield _row(path, reader.line_num, header, cells, latin=latin)
        except csv.Error as error:
            raise FilesError(f"{path}, line {reader.line_num}: {error}; close every quote, one entry a line") from error


def _check_header(path: Path, line: int, header: list[str]) -> None:
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice:
        raise wrong(path, line, twice, "stands in the first line twice; name each column once")


def _row(path: Path, line: int, header: list[str], cells: list[str], *, latin: bool) -> Row:
    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
        what = f"{len(cells)} cells where the first line names {len(header)} columns; put texts with commas in quotes"
        raise wrong(path, line, header[-1], what)
    row = Row(dict.fromkeys(header, ""))  # a line may end before its last cells
    row.path, row.line = path, line
    for name, cell in zip(header, cells, strict=False):
        text = cell.strip()
        row[name] = "" if text == "-0-" else clean(path, line, name, text, latin=latin)
    return row


def clean(path: Path, line: int, column: str, text: str, *, latin: bool = False) -> str:
    """The text, if it is text."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        if latin:
            return text.encode("utf-8", "surrogateescape").decode("latin-1")
        raise wrong(path, line, column, "is not UTF-8; save the file with that encoding") from None
    return text
