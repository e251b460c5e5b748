"""Lists that names are compared with: read once, indexed, bounded, known by a fingerprint."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

from detectors.names import Kind, Match, NameIndex
from streams.files import FilesError
from streams.screening import ofac, opensanctions, own
from streams.screening.entries import Entry, ListedName
from streams.screening.reading import existing, first_line

MOST_NAMES: Final = 1_000_000
"""About 1.5 KB of memory each."""
WEAK_ALIAS: Final = 0.6
"""What the match of a weak alias counts against that of a name."""
LOOKED_AT: Final = 30

Progress = Callable[[int], None]
"""Called with the number of entries read so far."""


class ListMatch(NamedTuple):
    """A name that may be an entry's."""

    entry: Entry
    name: ListedName
    score: float
    match: Match


def read_entries(paths: Sequence[Path], progress: Progress | None = None) -> Iterator[Entry]:
    """The entries of list files; each file's format is known by how it begins.

    Raises:
        FilesError: With file, line, column, and what to write instead.
    """
    tables: list[tuple[Path, str, bool]] = []
    count = 0
    for path in paths:
        first = first_line(path)
        if table := ofac.table_of(first):
            tables.append((path, table, not first.lstrip('"')[:1].isdigit()))
            continue
        for entry in _read_one(path, first):
            yield entry
            count += 1
            if progress is not None and count % 1_000 == 0:
                progress(count)
    if tables:
        yield from ofac.read(tables)


def _read_one(path: Path, first: str) -> Iterator[Entry]:
    if not first:
        raise FilesError(f"{path}, line 1: is empty; a list has a first line that names its columns")
    if first.startswith("{"):
        return opensanctions.read_lines(path)
    if opensanctions.is_table(first):
        return opensanctions.read_table(path)
    return own.read(path)


class NameLists:
    """All entries with names, and an index over their names and aliases."""

    def __init__(self, entries: Iterable[Entry], version: str = "") -> None:
        self.version: Final = version
        """Fingerprint of the files."""
        self._entries: list[Entry] = []
        self._places: list[tuple[int, int]] = []
        self._index = NameIndex(self._names(entries))

    @classmethod
    def load(cls, paths: Sequence[Path], progress: Progress | None = None) -> "NameLists":
        """Reads and indexes list files."""
        for path in paths:
            existing(path)
        return cls(read_entries(paths, progress), fingerprint(paths))

    def __len__(self) -> int:
        return len(self._places)

    @property
    def entries(self) -> Sequence[Entry]:
        """The entries that have names."""
        return self._entries

    def _names(self, entries: Iterable[Entry]) -> Iterator[tuple[str, Kind]]:
        for entry in entries:
            if not entry.names:
                continue
            if len(self._places) + len(entry.names) > MOST_NAMES:
                raise FilesError(f"the lists have more than {MOST_NAMES:,} names; give fewer or shorter ones")
            self._entries.append(entry)
            for number, name in enumerate(entry.names):
                self._places.append((len(self._entries) - 1, number))
                yield name.text, entry.kind

    def search(self, text: str, kind: Kind = "", *, least: float, limit: int) -> list[ListMatch]:
        """The entries whose names match best, each once, best first."""
        found: dict[int, ListMatch] = {}
        for hit in self._index.search(text, kind, least=least, limit=LOOKED_AT):
            at, number = self._places[hit.number]
            entry = self._entries[at]
            name = entry.names[number]
            score = round(hit.match.score * WEAK_ALIAS, 6) if name.weak else hit.match.score
            if score >= least and (at not in found or found[at].score < score):
                found[at] = ListMatch(entry, name, score, hit.match)
        best = sorted(found.items(), key=lambda item: (-item[1].score, item[0]))
        return [match for _, match in best[:limit]]


def fingerprint(paths: Sequence[Path]) -> str:
    """Changes with any byte of the files; the order of the paths counts."""
    digest = hashlib.blake2b(digest_size=6)
    for path in paths:
        try:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "blake2b").digest())
        except OSError as refused:
            raise FilesError(f"{path}: cannot be read ({refused.strerror}); check its name") from refused
    return digest.hexdigest()


def said_of_country(entry: Entry, country: str) -> Literal["same", "other", ""]:
    """Whether an entry is known for a country; empty where one of the two is not known."""
    if not country or not entry.countries:
        return ""
    return "same" if country in entry.countries else "other"
