"""What a report needs to know of a period, in a temporary SQLite file: memory stays the same however much is read.

Rows are narrow and their keys are 64-bit hashes of ids, so what was told twice counts once (two of a million
different ids share a key with a chance of 3 in 10^8). Everything else is a query over this file. On disk, not in
memory, a decision takes about 100 bytes and a payment or order of the log about as much.
"""

import hashlib
import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Self

from streams.errors import SellerwatchError

CACHE_KIB: Final = 16 * 1024
"""Of SQLite's pages in memory."""
BATCH: Final = 2_000
"""Rows that wait in memory for one insert."""
TABLES: Final = {
    "decision": "seller TEXT, time INT, type TEXT, outcome TEXT, pattern TEXT, review REAL, ord INT",
    "alert": "first INT, alert_id TEXT, seller TEXT, time INT, pattern TEXT, severity TEXT, policy TEXT",
    "ground": "alert INT, place INT, code TEXT",
    "account": "seller TEXT, time INT, country TEXT, verification TEXT, registered INT",
    "trade": "kind TEXT, seller TEXT, time INT, ord INT, name TEXT, currency TEXT, amount INT, cents INT",
    "happening": "kind TEXT, seller TEXT, time INT, ref INT, name TEXT",
}
"""Each has its key `id` besides. Times are microseconds since the epoch; `cents` are USD, null without a rate."""
_INSERT: Final = {
    name: f"INSERT OR IGNORE INTO {name} VALUES ({','.join('?' * (columns.count(',') + 2))})"  # noqa: S608
    for name, columns in TABLES.items()
}


class LedgerError(SellerwatchError):
    """The temporary file cannot be written, most often because its disk is full."""


class Ledger:
    """Takes rows in any order, then answers SQL.

    Args:
        folder: Where the file lies while the report is made; default: the system's place for such files.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sellerwatch-report-", dir=folder)
        self._waiting: dict[str, list[tuple[Any, ...]]] = {name: [] for name in TABLES}
        self._base = sqlite3.connect(Path(self._folder.name) / "ledger.sqlite", isolation_level=None)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", "temp_store=FILE"):
            self._base.execute(f"PRAGMA {pragma}")
        self._base.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        self._base.execute("BEGIN")
        for name, columns in TABLES.items():
            self._base.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {columns})")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._base.close()
        self._folder.cleanup()

    def add(self, table: str, key: int, *row: Any) -> None:
        """Takes a row, unless its key is there already."""
        waiting = self._waiting[table]
        waiting.append((key, *row))
        if len(waiting) >= BATCH:
            self._flush(table)

    def _flush(self, table: str) -> None:
        waiting = self._waiting[table]
        try:
            self._base.executemany(_INSERT[table], waiting)
        except sqlite3.Error as error:
            raise LedgerError(f"cannot write to {self._folder.name}: {error}; set TMPDIR to a larger disk") from None
        waiting.clear()

    def run(self, script: str, **values: Any) -> None:
        """Runs a statement that answers nothing."""
        self.rows(script, **values)

    def rows(self, query: str, **values: Any) -> Iterable[Sequence[Any]]:
        """The rows of a query, as they are found: they are not all in memory."""
        for table, waiting in self._waiting.items():
            if waiting:
                self._flush(table)
        try:
            return self._base.execute(query, values)
        except sqlite3.OperationalError as error:
            raise LedgerError(f"{self._folder.name}: {error}") from None

    def row(self, query: str, **values: Any) -> Sequence[Any]:
        """The first row of a query that has one."""
        found: Sequence[Any] = next(iter(self.rows(query, **values)))
        return found

    def number(self, query: str, **values: Any) -> int:
        """The number that a query answers; none is 0."""
        return int(self.row(query, **values)[0] or 0)

    def median(self, column: str, source: str, **values: Any) -> float | None:
        """The median of a column of a query; `None` of nothing."""
        count = self.number(f"SELECT count({column}) FROM ({source})", **values)  # noqa: S608 - no values in it
        if not count:
            return None
        query = f"SELECT {column} FROM ({source}) WHERE {column} IS NOT NULL ORDER BY 1 LIMIT :n OFFSET :at"  # noqa: S608
        middle = [float(row[0]) for row in self.rows(query, n=2 - count % 2, at=(count - 1) // 2, **values)]
        return sum(middle) / len(middle)


def key_of(*parts: str) -> int:
    """A 64-bit key of an id."""
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
