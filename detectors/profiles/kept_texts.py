"""What a seller's listings said, kept until a verdict can have come: folded, cut, and few.

Each text has one of 32 places by its own hash, so a repeated title takes one place, and nothing has to be read
in order to write.
"""

from collections.abc import Iterable, Iterator
from typing import Final
from zlib import crc32

import msgspec
from msgspec import Struct

from detectors.events import Micros, Record, VerdictGiven
from detectors.profiles.order_rows import HORIZON

PLACES: Final = 32
FORMAT: Final = b"\x01"


class KeptText(Struct, frozen=True, array_like=True, gc=False):
    """A folded title, with the beginning of its description."""

    seller_id: str
    plain: str
    logged_at: Micros

    @property
    def expires_at(self) -> Micros:
        return self.logged_at + HORIZON


def place_of(seller_id: str, plain: str) -> str:
    """Where a text of a seller is kept."""
    return f"{crc32(plain.encode()) % PLACES}/{seller_id}"


def places_of(seller_id: str) -> list[str]:
    """Where all texts of a seller are."""
    return [f"{place}/{seller_id}" for place in range(PLACES)]


def labelled_texts(records: Iterable[Record]) -> Iterator[str]:
    """Places whose texts the records' verdicts need."""
    for record in records:
        if isinstance(record.body, VerdictGiven):
            yield from places_of(record.seller_id)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(KeptText).decode


class UnknownTextFormatError(ValueError):
    """A stored text has a format that this version cannot read."""


def encode_kept_text(text: KeptText) -> bytes:
    return FORMAT + _encode(text)


def decode_kept_text(stored: bytes) -> KeptText:
    if stored[:1] != FORMAT:
        raise UnknownTextFormatError(f"kept text format {stored[:1]!r}: this version reads {FORMAT!r}")
    return _decode(memoryview(stored)[1:])
