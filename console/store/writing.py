"""Rows that may be there already: written so that a repeat changes nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Table
from sqlalchemy.dialects import postgresql, sqlite

AT_ONCE: Final = 500
"""Values in one `IN`; databases bound how many there may be."""

AnyRow = Row[*tuple[Any, ...]]
"""A row as a query gives it."""
NewRow = Mapping[str, Any]


def put(
    connection: Connection,
    table: Table,
    rows: Iterable[NewRow],
    changes: Callable[[Any], Mapping[str, Any]] | Sequence[str] = (),
    where: Callable[[Any], ColumnElement[bool]] | None = None,
) -> None:
    """Inserts rows; of one that is there already, changes some columns.

    Args:
        changes: Columns that take the new value; or, given the new values, what to set. Empty: nothing.
        where: Given the new values, when to change the row that is there.
    """
    written = list(rows)
    if not written:
        return
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(table)
    new = statement.excluded
    key = list(table.primary_key.columns)
    if changes:
        values = changes(new) if callable(changes) else {name: new[name] for name in changes}
        statement = statement.on_conflict_do_update(
            index_elements=key, set_=dict(values), where=where(new) if where else None
        )
    else:
        statement = statement.on_conflict_do_nothing(index_elements=key)
    connection.execute(statement, written)


def in_parts(values: Iterable[str]) -> Iterable[list[str]]:
    """Values in parts that a database takes in one `IN`."""
    all_values = list(dict.fromkeys(values))
    for start in range(0, len(all_values), AT_ONCE):
        yield all_values[start : start + AT_ONCE]
