"""Links entries to a hash chain, one for each partition of the log.

The hash of an entry is the SHA-256 (FIPS 180-4) of the canonical JSON (RFC 8785) of four members: `partition`,
`seq`, `previous` (the hash of the entry before it) and `body`, the SHA-256 of the canonical JSON of what is said.
That the body goes in as a digest lets a proof pass over other sellers' entries without showing them.
"""

import json
from collections.abc import Mapping
from hashlib import blake2b, sha256
from typing import Any, Final

import msgspec
from msgspec import Struct

GENESIS: Final = "0" * 64
"""What the first entry names as the one before it."""
_REMEMBERED: Final = 256
_ID_SIZE: Final = 8


class _Stored(Struct, frozen=True, array_like=True):
    """A chain in the partition's state; what is added later stands at the end and has a default."""

    seq: int
    hash: str
    acts: bytes = b""


_decode: Final = msgspec.msgpack.Decoder(_Stored).decode
_encode: Final = msgspec.msgpack.Encoder().encode


def canonical(value: Any) -> bytes:
    """JSON in the one form of RFC 8785, for values without fractions and with names in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return sha256(content).hexdigest()


def link_hash(partition: int, seq: int, previous: str, body: str) -> str:
    """The hash of an entry; `body` is the digest of its canonical body."""
    return digest(canonical({"body": body, "partition": partition, "previous": previous, "seq": seq}))


class Chain:
    """The chain of one partition, as far as it has come.

    Args:
        stored: As `stored` gave it; `None`: nothing was recorded yet, or only by versions that kept no chain.
    """

    def __init__(self, partition: int = 0, stored: bytes | None = None) -> None:
        known = _decode(stored) if stored else _Stored(0, GENESIS)
        self.partition = partition
        self.seq = known.seq
        """Number of the next entry."""
        self.head = known.hash
        """Hash of the last one."""
        self._acts = known.acts

    def append(self, body: Mapping[str, Any]) -> bytes:
        """The next entry of the chain, as its topic holds it."""
        seq, previous = self.seq, self.head
        self.head = link_hash(self.partition, seq, previous, digest(canonical(body)))
        self.seq += 1
        return canonical(
            {"body": body, "hash": self.head, "partition": self.partition, "previous": previous, "seq": seq}
        )

    def is_new(self, act_id: str) -> bool:
        """Takes in an act's id; False: it is among the last 256, its sender was not sure that it had arrived."""
        known = blake2b(act_id.encode(), digest_size=_ID_SIZE).digest()
        if any(self._acts[at : at + _ID_SIZE] == known for at in range(0, len(self._acts), _ID_SIZE)):
            return False
        self._acts = (self._acts + known)[-_ID_SIZE * _REMEMBERED :]
        return True

    def stored(self) -> bytes:
        """The chain as it is kept in the partition's state."""
        return _encode(_Stored(self.seq, self.head, self._acts))
