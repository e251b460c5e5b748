"""OFAC's tables of the Specially Designated Nationals list: SDN, ALT (aliases), ADD (addresses).

As published, without a header and with `-0-` for nothing, or with a header of the same columns; see
https://ofac.treasury.gov/specially-designated-nationals-list-data-formats-data-schemas
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from detectors.names import Kind
from streams.screening.countries import country_code
from streams.screening.entries import Entry, ListedName, ListedValue
from streams.screening.reading import Row, rows

SOURCE: Final = "OFAC SDN"
SDN: Final = (
    *("ent_num", "name", "type", "program", "title", "call_sign"),
    *("vess_type", "tonnage", "grt", "vess_flag", "vess_owner", "remarks"),
)
ALT: Final = ("ent_num", "alt_num", "alt_type", "alt_name", "remarks")
ADD: Final = ("ent_num", "add_num", "address", "city", "country", "remarks")
TABLES: Final = {"sdn": SDN, "alt": ALT, "add": ADD}

_KINDS: Final[dict[str, Kind]] = {"individual": "person"}
_WEAK: Final = re.compile(r"\b[afn]\.k\.a\.\s+'([^']+)'")
"""Names in quotes among the remarks are what OFAC calls weak aliases."""
_WALLET: Final = re.compile(r"Digital Currency Address - \w+ ([A-Za-z0-9]{20,128})")
_EMAIL: Final = re.compile(r"Email Address ([^\s;,]+@[^\s;,]+)")
_PHONE: Final = re.compile(r"(?:Phone|Telephone|Mobile)(?: Number)?[:\s]+(\+?[\d\s()/-]{6,30})")
_COUNTRY: Final = re.compile(r"(?:nationality|citizen)\s+([A-Z][A-Za-z ,']+?)(?=[.;]|$)")


def table_of(first: str) -> str:
    """Which of the tables a file holds, by its first line; empty where it is none of them."""
    cells = [cell.strip().strip('"').lower() for cell in first.split(",")]
    for name, columns in TABLES.items():
        if cells[: len(columns)] == list(columns):
            return name
    if not cells[0].isdigit():
        return ""
    if len(cells) > 2 and cells[1].isdigit():
        return "alt" if cells[2] in ("aka", "fka", "nka") else "add"
    return "sdn" if len(cells) >= len(SDN) else ""


def read(files: Sequence[tuple[Path, str, bool]]) -> Iterator[Entry]:
    """Entries of one list; aliases and addresses join the names that they belong to.

    Args:
        files: Path, which table, whether it has a header.
    """
    aliases: dict[str, list[ListedName]] = {}
    addresses: dict[str, list[Row]] = {}
    for path, table, header in files:
        if table == "alt":
            for row in _rows(path, table, header=header):
                text = row.needed("alt_name", "write the alias")
                aliases.setdefault(_number(row), []).append(ListedName(text))
        if table == "add":
            for row in _rows(path, table, header=header):
                addresses.setdefault(_number(row), []).append(row)
    for path, table, header in files:
        if table == "sdn":
            for row in _rows(path, table, header=header):
                number = _number(row)
                yield _entry(row, aliases.pop(number, []), addresses.pop(number, []))
    for number, names in aliases.items():
        yield Entry(SOURCE, number, names=tuple(names), countries=_countries(addresses.pop(number, []), ""))


def _rows(path: Path, table: str, *, header: bool) -> Iterator[Row]:
    return rows(path, () if header else TABLES[table], latin=True)


def _number(row: Row) -> str:
    number = row.needed("ent_num", "write the entry's number")
    if not number.isdigit():
        raise row.wrong("ent_num", "is no number; write the entry's number, such as 36")
    return number


def _entry(row: Row, aliases: list[ListedName], addresses: list[Row]) -> Entry:
    remarks = row.get("remarks", "")
    names = (ListedName(row.needed("name", "write the entry's name")), *aliases)
    weak = (ListedName(text, weak=True) for text in _WEAK.findall(remarks))
    return Entry(
        SOURCE,
        row["ent_num"].strip(),
        _KINDS.get(row.get("type", "").lower(), "organisation"),
        (*names, *weak),
        _countries(addresses, remarks),
        row.get("program", ""),
        (*_values(remarks), *_addresses(addresses)),
    )


def _countries(addresses: list[Row], remarks: str) -> tuple[str, ...]:
    found = [*_COUNTRY.findall(remarks), *(row.get("country", "") for row in addresses)]
    return tuple(dict.fromkeys(code for text in found if (code := country_code(text))))


def _values(remarks: str) -> Iterator[ListedValue]:
    for wallet in _WALLET.findall(remarks):
        yield ListedValue("wallet", wallet)
    for email in _EMAIL.findall(remarks):
        yield ListedValue("email", email.rstrip("."))
    for phone in _PHONE.findall(remarks):
        yield ListedValue("phone", phone.strip())


def _addresses(addresses: list[Row]) -> Iterator[ListedValue]:
    """Only what names a street: a town is nobody's address. In the order in which intake writes an address."""
    for row in addresses:
        if street := row.get("address", ""):
            parts = (country_code(row.get("country", "")), row.get("city", ""), street)
            yield ListedValue("address", " ".join(part for part in parts if part))
