"""What is kept of every order until its labels can have come."""

from typing import Final

import msgspec
import numpy as np
from msgspec import Struct

from detectors.batch import Matrix
from detectors.events import DAY, Micros

HORIZON: Final[Micros] = 45 * DAY
"""A label that comes later than this after the order was logged finds no features any more."""
FORMAT: Final = b"\x01"
_SHARES: Final = [level / 255.0 for level in range(256)]


class OrderRow(Struct, frozen=True, array_like=True, gc=False):
    """An order as it was when it was scored."""

    seller_id: str
    cohort: str
    number: int
    """It was the seller's n-th order."""
    event_time: Micros
    logged_at: Micros
    features: bytes
    """One byte each, 255 for 1.0."""
    suspicious: bool
    unjudged: bool = False
    """A pattern that labels do not judge spoke against the seller."""
    risk: float = -1.0
    challenger: float = -1.0
    """What the risk models in force gave it."""
    risk_offset: int = -1
    challenger_offset: int = -1
    """Training offsets that name the versions which gave that; -1: unknown, as in rows kept before these were."""

    @property
    def expires_at(self) -> Micros:
        return self.logged_at + HORIZON


def levels_of(features: Matrix) -> Matrix:
    """The 256 levels in which features are kept, and which the risk model reads."""
    return np.rint(features * 255.0).astype(np.uint8)


def quantised(levels: Matrix) -> list[bytes]:
    """Each row in one byte a feature."""
    width, joined = levels.shape[1], levels.tobytes()
    return [joined[at : at + width] for at in range(0, len(joined), width)]


def restored(features: bytes) -> tuple[float, ...]:
    return tuple(map(_SHARES.__getitem__, features))


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(OrderRow).decode


class UnknownRowFormatError(ValueError):
    """A stored order row has a format that this version cannot read."""


def encode_order_row(row: OrderRow) -> bytes:
    return FORMAT + _encode(row)


def decode_order_row(stored: bytes) -> OrderRow:
    if stored[:1] != FORMAT:
        raise UnknownRowFormatError(f"order row format {stored[:1]!r}: this version reads {FORMAT!r}")
    return _decode(memoryview(stored)[1:])
