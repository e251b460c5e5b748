"""Exports of OpenSanctions: `targets.simple.csv`, and FollowTheMoney entities as JSON lines.

See https://www.opensanctions.org/docs/bulk/csv/ and https://www.opensanctions.org/docs/bulk/json/ (also
nested). The data is licensed by its publisher; none comes with Sellerwatch.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeGuard

import msgspec

from detectors.events import IntelKind
from detectors.names import Kind
from streams.files import FilesError
from streams.screening.countries import country_code
from streams.screening.entries import Entry, ListedName, ListedValue
from streams.screening.reading import Row, clean, opened, rows

COLUMNS: Final = ("id", "schema", "name", "aliases", "countries")
"""Columns by which the table is known."""
PEOPLE: Final = frozenset(("Person",))
ORGANISATIONS: Final = frozenset(("Company", "Organization", "PublicBody", "Vessel", "Airplane", "Asset"))
COUNTRIES: Final = ("country", "nationality", "citizenship", "jurisdiction", "mainCountry", "flag")
NAMES: Final = ("name", "alias", "previousName")
VALUES: Final[tuple[tuple[str, IntelKind], ...]] = (("email", "email"), ("phone", "phone"), ("address", "address"))
COLUMN_VALUES: Final[tuple[tuple[str, IntelKind], ...]] = (
    ("emails", "email"),
    ("phones", "phone"),
    ("addresses", "address"),
)


class Entity(msgspec.Struct, gc=False):
    """One line of an export in FollowTheMoney's form."""

    id: str
    schema: str
    properties: dict[str, list[Any]] = {}
    datasets: list[str] = []
    caption: str = ""


_decode = msgspec.json.Decoder(Entity).decode


def is_table(first: str) -> bool:
    """Whether this is the first line of `targets.simple.csv`."""
    cells = {cell.strip().strip('"').lower() for cell in first.split(",")}
    return cells.issuperset(COLUMNS)


def read_table(path: Path) -> Iterator[Entry]:
    """Entries of `targets.simple.csv`."""
    for row in rows(path):
        name = row.needed("name", "write the entry's name, or leave the line out")
        aliases = tuple(ListedName(text) for text in _several(row, "aliases"))
        values = [ListedValue(kind, text) for column, kind in COLUMN_VALUES for text in _several(row, column)]
        if row.get("schema") == "CryptoWallet":
            values += [ListedValue("wallet", text) for text in (name, *_several(row, "identifiers"))]
            name, aliases = "", ()
        yield Entry(
            _source([row.get("dataset", "")]),
            row.needed("id", "write the entry's id"),
            _kind(row.get("schema", "")),
            (ListedName(name), *aliases) if name else (),
            _codes(_several(row, "countries")),
            row.get("program_ids") or row.get("sanctions", "")[:200],
            tuple(values),
        )


def _several(row: Row, column: str) -> list[str]:
    return [text for part in row.get(column, "").split(";") if (text := part.strip().strip('"'))]


def read_lines(path: Path) -> Iterator[Entry]:
    """Entries of an export as JSON lines; sanctions and addresses may be nested or lines of their own."""
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            if text := line.strip():
                try:
                    entity = _decode(clean(path, number, "properties", text))
                except (msgspec.DecodeError, RecursionError) as error:
                    raise FilesError(f"{path}, line {number}: {_advice(error)}") from error
                if (entry := _entry(entity)) is not None:
                    yield entry


def _advice(error: Exception) -> str:
    if isinstance(error, msgspec.ValidationError):
        return f"{error}; write one FollowTheMoney entity a line, with `id`, `schema` and `properties`"
    return f"is not JSON ({error}); write one entity a line"


def _entry(entity: Entity) -> Entry | None:
    found = entity.properties
    if entity.schema == "CryptoWallet":
        wallets = (ListedValue("wallet", text) for text in _texts(found, "publicKey"))
        return Entry(_source(entity.datasets), entity.id, reason=_reason(found), values=tuple(wallets))
    names = [ListedName(text) for key in NAMES for text in _texts(found, key)]
    names += [ListedName(text, weak=True) for text in _texts(found, "weakAlias")]
    if not names or not _is_party(entity.schema):
        return None
    values = [ListedValue(kind, text) for key, kind in VALUES for text in _texts(found, key)]
    values += [
        ListedValue("address", text) for nested in _nested(found, "addressEntity") for text in _texts(nested, "full")
    ]
    codes = _codes([text for key in COUNTRIES for text in _texts(found, key)])
    names = list(dict.fromkeys(names))
    return Entry(
        _source(entity.datasets), entity.id, _kind(entity.schema), tuple(names), codes, _reason(found), tuple(values)
    )


def _is_party(schema: str) -> bool:
    return schema in PEOPLE or schema in ORGANISATIONS or schema == "LegalEntity"


def _kind(schema: str) -> Kind:
    if schema in PEOPLE:
        return "person"
    return "organisation" if schema in ORGANISATIONS else ""


def _reason(found: dict[str, list[Any]]) -> str:
    programs = _texts(found, "programId") + _texts(found, "program")
    for sanction in _nested(found, "sanctions"):
        programs += _texts(sanction, "programId") or _texts(sanction, "program") or _texts(sanction, "authority")
    return "; ".join(dict.fromkeys([*programs, *_texts(found, "topics")]))[:200]


def _texts(found: dict[str, list[Any]], key: str) -> list[str]:
    return [text.strip() for text in found.get(key, ()) if isinstance(text, str) and text.strip()]


def _nested(found: dict[str, list[Any]], key: str) -> list[dict[str, list[Any]]]:
    entities = [value.get("properties") for value in found.get(key, ()) if isinstance(value, dict)]
    return [properties for properties in entities if _are_properties(properties)]


def _are_properties(value: Any) -> TypeGuard[dict[str, list[Any]]]:
    return isinstance(value, dict) and all(isinstance(texts, list) for texts in value.values())


def _codes(texts: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for text in texts if (code := country_code(text))))


def _source(datasets: list[str]) -> str:
    named = [part.strip() for text in datasets for part in text.split(";") if part.strip()]
    return f"OpenSanctions {named[0]}"[:64] if named else "OpenSanctions"
