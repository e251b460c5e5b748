"""Refused events: what is kept of them, and when so many are refused that somebody must look."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from detectors.events import Record, encode_record
from streams.kafka.producer import Outgoing

KEPT_BYTES = 600_000
"""Of an original; in base64 that still fits into a record of Kafka's default size."""
KEPT_KEY_BYTES = 10_000
KEPT_HEADERS = ("ce_", "sellerwatch-replayed")
KEPT_HEADER_BYTES, MOST_HEADERS = 512, 32
WINDOW = 1_000
MAX_SHARE = 0.01
MAX_CONSECUTIVE = 100


class Rejected(msgspec.Struct, frozen=True, omit_defaults=True):
    """A record of `sellerwatch.rejected`."""

    topic: str
    partition: int
    offset: int
    reason: str
    """A code: `not_json`, `unknown_type`, `wrong_type`, `order_unknown`, ..."""
    detail: str
    original: str
    """The bytes as they came, in base64; of more than 600,000 bytes the first."""
    headers: dict[str, str] = {}
    """Those that are part of a CloudEvent in binary mode, and who has sent it back before."""


encode_rejected = msgspec.json.Encoder().encode


def refusal(
    topic: str,
    partition: int,
    offset: int,
    reason: str,
    detail: str,
    key: bytes | None,
    value: bytes,
    headers: Sequence[tuple[str, bytes | None]] = (),
) -> Outgoing:
    """The record that keeps a refused event; of one too large for a record, its beginning and its hash."""
    if len(value) > KEPT_BYTES:
        detail = f"{detail}; kept: the first {KEPT_BYTES} of {len(value)} bytes, sha256 {sha256(value).hexdigest()}"
    original = base64.b64encode(value[:KEPT_BYTES]).decode()
    key = key if key is None or len(key) <= KEPT_KEY_BYTES else None
    told = Rejected(topic, partition, offset, reason, detail, original, _kept(headers))
    return Outgoing(key, encode_rejected(told))


def _kept(headers: Sequence[tuple[str, bytes | None]]) -> dict[str, str]:
    """Headers that say something, as far as they are of a sane size."""
    ours = [(name, text) for name, text in headers if name.startswith(KEPT_HEADERS) and text is not None]
    short = [(name, text) for name, text in ours if len(name) + len(text) <= KEPT_HEADER_BYTES]
    return {name: text.decode(errors="replace") for name, text in short[:MOST_HEADERS]}


def rejection(topic: str, partition: int, offset: int, record: Record, error: str) -> Outgoing:
    """The record that keeps an event that is in the log but could not be processed."""
    return refusal(
        topic, partition, offset, "processing_failed", error, record.seller_id.encode(), encode_record(record)
    )


@dataclass(slots=True)
class RefusalLimit:
    """Stops a partition when upstream goes bad, instead of emptying its topic into the refused ones.

    More than 100 refusals in a row, or more than 1 % of 1,000 records. `tolerated` refusals are let
    through first: a person has looked and said so.

    An event whose order never came (`order_unknown`) does not count: it was read well, up to a day ago, and what
    waits is of many source partitions. Stopping would hold back the others; the rate of refusals tells of it.
    """

    tolerated: int = 0
    seen: int = 0
    refused: int = 0
    consecutive: int = 0

    def exceeded_by(self, refused: bool) -> str | None:
        """Takes in one record; why the partition must stop, or `None`."""
        if refused and self.tolerated > 0:
            self.tolerated -= 1
            return None
        self.seen += 1
        self.refused += refused
        self.consecutive = self.consecutive + 1 if refused else 0
        if self.consecutive > MAX_CONSECUTIVE:
            return f"more than {MAX_CONSECUTIVE} events in a row were refused"
        if self.seen < WINDOW:
            return None
        share, self.seen, self.refused = self.refused / self.seen, 0, 0
        return f"{share:.1%} of {WINDOW} events were refused" if share > MAX_SHARE else None
