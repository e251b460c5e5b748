"""One alert on its way to the webhook, as the outbox holds it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct


class Tries(Struct, frozen=True, array_like=True):
    """What was tried so far for one alert."""

    made: int = 0
    refused: int = 0
    """Of these, answered with a status that says the alert itself is wrong (4xx)."""
    first: float | None = None
    """When the first was made, in seconds since the epoch."""


class QueuedAlert(Struct, frozen=True):
    """One alert taken from the outbox; it is its taker's for the length of a lease."""

    partition: int
    entry: bytes
    """Its id in the partition's stream."""
    type: str
    """`alert.raised` or `alert.escalated`."""
    alert: bytes
    """The alert as JSON, sent as it stands."""
    alert_id: str
    seller_id: str
    raised_at: float
    """When the event that tipped it entered the log, in seconds since the epoch."""
    tries: Tries = Tries()


class _Head(Struct):
    """The fields of an alert that its delivery needs."""

    alert_id: Annotated[str, Meta(pattern=r"^[!-~]{1,256}\Z")]  # it becomes an HTTP header
    seller_id: str
    raised_at: datetime | int


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_tries = msgspec.json.Decoder(Tries).decode


def read_entry(partition: int, entry: bytes, fields: Sequence[bytes], tries: bytes | None) -> QueuedAlert:
    """Reads one entry of the outbox, its fields as Redis gives them: name, value, name, value, ...

    Raises:
        ValueError: It is no alert that could be delivered.
    """
    values = dict(zip(fields[::2], fields[1::2], strict=True))
    kind, alert = values.get(b"type"), values.get(b"alert")
    if kind is None or alert is None:
        raise ValueError("type or alert is missing")
    head = _decode_head(alert)
    raised = head.raised_at
    return QueuedAlert(
        partition,
        entry,
        kind.decode(),
        alert,
        head.alert_id,
        head.seller_id,
        raised / 1e6 if isinstance(raised, int) else raised.timestamp(),
        _decode_tries(tries) if tries else Tries(),
    )
