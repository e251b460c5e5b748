"""Lists of one's own: a table with a header, one entry a line.

| column | holds |
|---|---|
| `name` | a person's or an organisation's name |
| `aliases`, `weak_aliases` | further names, `;` between them |
| `kind` | of a name: `person`, `organisation`, or nothing; of a `value`: one of the kinds of `intel.listed` |
| `value` | something else to look for: a wallet, an e-mail address, ... |
| `wallet`, `email`, `phone`, `address`, `payout_account`, ... | the same beside a name, `;` between several |
| `id`, `country`, `source`, `reason`, `expires_at` | optional |

A table with `coin` and `address` lists wallets.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, get_args

from detectors.events import IntelKind
from streams.screening.countries import country_code
from streams.screening.entries import Entry, ListedName, ListedValue
from streams.screening.reading import Row, first_line, rows, wrong

KINDS: Final[tuple[IntelKind, ...]] = get_args(IntelKind)
NAME_KINDS: Final = ("person", "organisation", "")
COLUMNS: Final = frozenset(
    ("name", "aliases", "weak_aliases", "kind", "value", "id", "country", "source", "reason", "expires_at", *KINDS)
)


def read(path: Path) -> Iterator[Entry]:
    """Entries of a table."""
    _check_columns(path, [cell.strip().strip('"').lower() for cell in first_line(path).split(",")])
    for row in rows(path):
        yield _wallet(row) if "coin" in row else _entry(row)


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    if "coin" in columns and "address" in columns:
        return
    if "name" not in columns and "value" not in columns:
        raise wrong(path, 1, "name", "is missing; the first line names the columns: `name`, or `kind` and `value`")
    for column in columns:
        if column and column not in COLUMNS:
            near = get_close_matches(column, COLUMNS, n=1)
            said = f"did you mean `{near[0]}`?" if near else f"write one of {', '.join(sorted(COLUMNS))}"
            raise wrong(path, 1, column, f"is none that is known; {said}")


def _wallet(row: Row) -> Entry:
    value = row.needed("address", "write the wallet's address")
    return Entry(_source(row), value, reason=row.get("reason", ""), values=(ListedValue("wallet", value),))


def _entry(row: Row) -> Entry:
    name, value, kind = row.get("name", ""), row.get("value", ""), row.get("kind", "").lower()
    values: list[ListedValue] = []
    if value:
        values.append(_value(row, kind, value))
        kind = ""
    elif not name:
        raise row.wrong("name", "is empty; write a name, or a `kind` and a `value`")
    if kind not in NAME_KINDS:
        raise row.wrong("kind", f"is {kind!r}; write `person`, `organisation` or nothing")
    values += [ListedValue(of, text) for of in KINDS if of != "name" for text in _several(row, of)]
    names = [ListedName(text) for text in (name, *_several(row, "aliases")) if text]
    names += [ListedName(text, weak=True) for text in _several(row, "weak_aliases")]
    found: Any = kind
    return Entry(
        _source(row),
        row.get("id", "") or f"line {row.line}",
        found,
        tuple(names),
        _countries(row),
        row.get("reason", ""),
        tuple(values),
        _time(row),
    )


def _value(row: Row, kind: str, value: str) -> ListedValue:
    for known in KINDS:
        if kind == known:
            return ListedValue(known, value)
    near = get_close_matches(kind, KINDS, n=1)
    said = f"did you mean `{near[0]}`?" if near else f"write one of {', '.join(KINDS)}"
    raise row.wrong("kind", f"is {kind!r}, which is no kind of value; {said}")


def _several(row: Row, column: str) -> list[str]:
    return [text for part in row.get(column, "").split(";") if (text := part.strip())]


def _countries(row: Row) -> tuple[str, ...]:
    codes = []
    for text in _several(row, "country"):
        code = country_code(text)
        if not code:
            raise row.wrong("country", f"{text!r} is no country; write its two-letter code (ISO 3166), such as DE")
        codes.append(code)
    return tuple(codes)


def _time(row: Row) -> str | None:
    text = row.get("expires_at", "")
    if not text:
        return None
    try:
        if datetime.fromisoformat(text).tzinfo is not None:
            return text
    except ValueError:
        pass
    raise row.wrong("expires_at", f"{text!r} is no time with an offset; write it like 2027-01-31T00:00:00Z")


def _source(row: Row) -> str:
    return (row.get("source", "") or row.path.name)[:64]
