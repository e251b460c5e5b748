"""Keyset pagination: a cursor names the last row that was seen, so pages stay put while rows come and go."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from sqlalchemy import ColumnElement, and_, or_

from streams.errors import SellerwatchError

MOST: Final = 200
"""Rows on a page."""
LONGEST_CURSOR: Final = 2_000
_BOUNDED: Final[dict[type, Any]] = {int: Annotated[int, Meta(ge=-(10**18), le=10**18)]}
"""What a cursor's number may be: databases hold no larger ones."""


class CursorError(SellerwatchError):
    """The cursor is none of ours, or of another order: begin again without one."""


def cursor(order: str, values: Sequence[Any]) -> str:
    """What names a row: the order of the pages and the row's values in it."""
    return base64.urlsafe_b64encode(msgspec.json.encode([order, *values])).decode().rstrip("=")


def read_cursor(text: str, order: str, kinds: Sequence[type]) -> list[Any]:
    """The values of a cursor.

    Raises:
        CursorError: It is none of this order.
    """
    try:
        if len(text) > LONGEST_CURSOR:
            raise CursorError("the cursor is too long")
        found = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=list[Any])
        named, *values = found
        if any(isinstance(value, str) and "\0" in value for value in values):
            raise CursorError("the cursor holds a NUL, which no row has: begin again without one")
        if named != order:
            raise CursorError("the cursor belongs to another order of the rows: begin again without one")
        return [msgspec.convert(value, _BOUNDED.get(kind, kind)) for value, kind in zip(values, kinds, strict=True)]
    except (binascii.Error, msgspec.DecodeError, ValueError, UnicodeError):
        raise CursorError("the cursor cannot be read: begin again without one") from None


def after(columns: Sequence[tuple[ColumnElement[Any], bool]], values: Sequence[Any]) -> ColumnElement[bool]:
    """Rows that come behind the one with these values.

    Args:
        columns: What the rows are ordered by, each with whether it falls.
    """
    (column, falls), value = columns[0], values[0]
    beyond: ColumnElement[bool] = column < value if falls else column > value
    if len(columns) == 1:
        return beyond
    # The plain bound comes first: it is what an index can be entered by.
    reached = column <= value if falls else column >= value
    return and_(reached, or_(beyond, after(columns[1:], values[1:])))
