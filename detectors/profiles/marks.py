"""Four bytes by which something is known again: small enough that a profile remembers many."""

from zlib import crc32


def mark_of(text: str) -> bytes:
    """The mark of a buyer, a seller, a price, ...; a few in a ring are hardly ever taken for one another."""
    return crc32(text.encode()).to_bytes(4, "big")


def holds(ring: bytes, mark: bytes) -> bool:
    """Whether a ring of marks, four bytes each, has this one."""
    at = ring.find(mark)
    while at > 0 and at % 4:
        at = ring.find(mark, at + 1)
    return at >= 0
