"""The order of publications: a chain in which each names the one before it, so that of two at once one wins."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec
import structlog
from msgspec import Struct

from detectors.events import Micros, PolicyPublished, Record, Source
from streams import names
from streams.signing import SignatureError, sign, verify

log = structlog.get_logger()

FIRST: Final = -1
"""What the first publication stands on."""
ENTRY: Final = b"policy entry"
"""What the signature of an entry is good for."""


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """One publication, as it stands in the topic of policies."""

    after: int
    """Number (the offset in the topic) of the publication that its author saw in force."""
    version: str
    policy: bytes
    """The signed document, as the log will carry it."""
    published_at: Micros
    author: str = ""
    note: str = ""


class Publication(NamedTuple):
    """An entry that counts."""

    number: int
    entry: Entry


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entry).decode


def pack_entry(entry: Entry, key: bytes) -> bytes:
    """The entry, signed."""
    return sign(key, _encode(entry), purpose=ENTRY)


def chain(found: Iterable[tuple[int, bytes]], keys: Sequence[bytes]) -> list[Publication]:
    """The publications that count, in order: each stands on the one before it.

    Everybody who reads the topic finds the same ones. What is not signed by one of the keys does not count.

    Args:
        found: (offset, value) of all records of the topic, in order.
    """
    counting: list[Publication] = []
    for number, value in found:
        try:
            entry = _decode(verify(keys, value, purpose=ENTRY))
        except (SignatureError, msgspec.DecodeError) as error:
            log.error("policy_entry_refused", number=number, error=str(error))
            continue
        if entry.after == (counting[-1].number if counting else FIRST):
            counting.append(Publication(number, entry))
    return counting


def log_record(publication: Publication, partition: int) -> Record:
    """The publication as a record of the log: whoever writes it, and how often, it is the same one."""
    number, entry = publication
    body = PolicyPublished(entry.version, entry.policy)
    source = Source(names.POLICIES, 0, number)
    return Record(partition, source, entry.published_at, f"policy/{number}", entry.published_at, "", body)
