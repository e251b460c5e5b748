"""What verdicts have taught: orders that became labels, and versions of the model that learns from them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, case

from console.store.schema import labels, risk_versions
from console.store.writing import put
from detectors.events import Micros, ModelPublished, Record, Source
from detectors.models.risk_learner import RISK

BY_VERDICT: Final = b'"label_source":"verdict"'
"""What tells such a row from the many others of its topic without reading them."""


class LabelledRow(Struct, frozen=True):
    """A row of the training topic that a verdict has labelled, as far as it is shown."""

    source: Source
    event_id: str
    """Of the verdict."""
    order_id: str | None
    """`None`: it is a text of the seller's."""
    logged_at: Micros


_decode = msgspec.json.Decoder(LabelledRow).decode


def decode_labelled(value: bytes) -> LabelledRow | None:
    """The row, where it is an order that a verdict has labelled."""
    row = _decode(value) if BY_VERDICT in value else None
    return row if row is not None and row.order_id is not None else None


def take_labels(connection: Connection, rows: Iterable[tuple[int, LabelledRow]]) -> None:
    """Counts the orders of each verdict; (offset, row). A verdict's rows are numbered, so a repeat changes nothing."""
    counted = [
        {"event_id": row.event_id, "orders": row.source.part + 1, "reached": offset, "logged_at": row.logged_at}
        for offset, row in rows
    ]
    for one in counted:  # a statement takes a verdict once
        put(connection, labels, [one], _further)


def _further(new: Any) -> Mapping[str, Any]:
    grown = new["orders"] > labels.c.orders
    return {name: case((grown, new[name]), else_=labels.c[name]) for name in ("orders", "reached")}


def take_versions(connection: Connection, records: Iterable[Record]) -> None:
    """Notes the versions of the risk model, and how far in the training topic each has read."""
    for record in records:
        body, reached = record.body, record.source.offset
        if isinstance(body, ModelPublished) and body.version.startswith(f"{RISK}-{reached}-"):  # none that was put back
            row = {"version": body.version, "reached": reached, "logged_at": record.logged_at}
            put(connection, risk_versions, [row])
