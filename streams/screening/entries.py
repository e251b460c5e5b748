"""What a list says of one person, organisation or value, whatever the format it came in."""

from typing import NamedTuple

from msgspec import Struct

from detectors.events import IntelKind
from detectors.names import Kind


class ListedName(NamedTuple):
    """One name of an entry."""

    text: str
    weak: bool = False
    """An alias that the list itself calls weak: a nickname, a single common word."""


class ListedValue(NamedTuple):
    """Something else by which an entry is known."""

    kind: IntelKind
    value: str


class Entry(Struct, frozen=True, gc=False):
    """One entry of a list."""

    source: str
    """The list's name, such as `OFAC SDN` or `own.csv`."""
    entry_id: str
    """The entry's id in its list."""
    kind: Kind = ""
    names: tuple[ListedName, ...] = ()
    countries: tuple[str, ...] = ()
    """ISO 3166-1 alpha-2, in capitals: nationality, residence, seat."""
    reason: str = ""
    """Programme or reason of the listing."""
    values: tuple[ListedValue, ...] = ()
    expires_at: str | None = None
    """RFC 3339, as the list has it."""
