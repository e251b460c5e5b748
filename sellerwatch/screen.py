"""`sellerwatch screen`: a table of names in, a table of matches out."""

import csv
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from detectors.names import Kind, match_names
from streams.errors import SettingsError
from streams.files import FilesError
from streams.screening.countries import country_code
from streams.screening.lists import ListMatch, NameLists, said_of_country
from streams.screening.reading import Row, rows

FOUND: Final = ("match", "score", "list", "entry", "listed_as", "alias", "country_match", "reasons")
KINDS: Final[dict[str, Kind]] = {"person": "person", "organisation": "organisation", "company": "organisation", "": ""}


def run(names: Path, lists: Sequence[Path], output: Path, *, pairs: bool, least: float, best: int) -> None:
    """Compares and writes.

    Raises:
        SettingsError: The words of the command do not go together.
        FilesError: A file cannot be read or written; with line and column.
    """
    if not pairs and not lists:
        raise SettingsError("--list: name a list to compare with, or use --pairs")
    if pairs and lists:
        raise SettingsError("--pairs compares the columns of each line; leave out --list")
    console = Console(stderr=True, highlight=False)
    started = time.perf_counter()
    table = list(rows(names))
    _check(names, table, ("left", "right") if pairs else ("name",))
    with _bar(console) as bar:
        if pairs:
            lines = (_compared(row) for row in bar.track(table, description="comparing"))
            count = _write(output, names, table, ("score", "reasons"), lines)
        else:
            known = _load(lists, bar)
            searched = bar.track(table, description="screening")
            lines = (line for row in searched for line in _searched(row, known, least, best))
            count = _write(output, names, table, FOUND, lines)
    seconds = time.perf_counter() - started
    console.print(f"{len(table):,} {'pairs' if pairs else 'names'} in {seconds:.1f} s: {count:,} matches in {output}")


def _load(lists: Sequence[Path], bar: Progress) -> NameLists:
    task = bar.add_task("reading lists", total=None)
    known = NameLists.load(lists, lambda count: bar.update(task, completed=count))
    bar.remove_task(task)
    if not len(known):
        raise FilesError(
            f"{', '.join(map(str, lists))}: no name in them to compare with; check that these are the lists"
        )
    return known


def _check(path: Path, table: Sequence[Row], needed: Sequence[str]) -> None:
    if not table:
        raise FilesError(f"{path}, line 1: no line with a name; the first line names the columns: {', '.join(needed)}")
    for column in needed:
        if column not in table[0]:
            there = ", ".join(f"`{name}`" for name in table[0]) or "none"
            raise FilesError(f"{path}, line 1, column `{column}`: is missing (found: {there}); add it or rename one")


def _kind(row: Row) -> Kind:
    text = row.get("kind", "").lower()
    if text not in KINDS:
        raise row.wrong("kind", f"is {text!r}; write `person`, `organisation` or nothing")
    return KINDS[text]


def _compared(row: Row) -> tuple[bool, dict[str, Any]]:
    match = match_names(row["left"], row["right"], _kind(row))
    return match.score >= 0.5, {**row, "score": match.score, "reasons": "; ".join(match.reasons)}


def _searched(row: Row, known: NameLists, least: float, best: int) -> Iterator[tuple[bool, dict[str, Any]]]:
    """A line for each match; one without a match where there is none."""
    found = known.search(row["name"], _kind(row), least=least, limit=best)
    if not found:
        yield False, {**row, "score": 0.0}
    country = country_code(row.get("country", ""))
    for match in found:
        yield True, {**row, **_told(match, country)}


def _told(found: ListMatch, country: str) -> Mapping[str, Any]:
    entry = found.entry
    reasons = [*found.match.reasons, *(["the list calls it a weak alias"] if found.name.weak else ())]
    return {
        "match": found.name.text,
        "score": found.score,
        "list": entry.source,
        "entry": entry.entry_id,
        "listed_as": entry.names[0].text,
        "alias": "weak" if found.name.weak else "" if found.name == entry.names[0] else "yes",
        "country_match": said_of_country(entry, country),
        "reasons": "; ".join([*reasons, *([f"listed for {entry.reason}"] if entry.reason else ())]),
    }


def _write(
    output: Path, names: Path, table: Sequence[Row], added: Sequence[str], lines: Iterable[tuple[bool, dict[str, Any]]]
) -> int:
    """Writes all lines, or leaves what was there; returns how many are matches."""
    columns = [*(name for name in table[0] if name and name not in added), *added]
    count = 0
    with _draft(output, names) as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for matched, line in lines:
            writer.writerow(line)
            count += matched
    return count


@contextmanager
def _draft(output: Path, names: Path) -> Iterator[TextIO]:
    if output.exists() and output.samefile(names):
        raise SettingsError(f"-o: {output} is the table of names itself; name another file")
    draft = output.with_name(f".{output.name}.part")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            yield file
        draft.replace(output)
    except OSError as refused:
        raise FilesError(f"{output}: cannot be written ({refused.strerror}); check the folder") from refused
    finally:
        draft.unlink(missing_ok=True)


def _bar(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
