"""Parts that make something together, and who had which of them of late."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, reduce
from operator import or_
from typing import Final

from detectors.events import DAY, Micros, OrderPlaced

WITHIN: Final = 30
"""Days in which parts belong together."""
ENTRIES: Final = 12
"""Orders of parts that are remembered: of whom, which parts, on which day; see `with_order`."""

PARTS: Final[Mapping[str, str]] = {
    "press": r"(pill|tablet|capsule|tdp)[ -]?\d*[ -]?(press|machine)|tdp[ -]?\d",
    "die": r"(tablet|pill|tdp|punch)[ -]?(die|dies|mou?lds?)|(punch|imprint) die|die set.*(tdp|tablet|pill)",
    "binder": r"(tablet|pill|tableting|pressing) binder|microcrystalline cellulose|magnesium stearate|firmapress",
    "card_writer": r"(msr ?\d{2,4}|magstripe|magnetic stripe|card) (writer|encoder)|\bmsr ?\d{3}",
    "blank_cards": r"blank (pvc|plastic|magnetic|chip)? ?cards?|white pvc cards?",
    "hologram": r"holograms?( overlay| foil| sticker)?",
    "laminate": r"(id|teslin|butterfly) (laminat\w+|paper|pouch\w*)|card laminator",
}  # fmt: skip
"""What counts as which part, in folded titles."""
SETS: Final[Mapping[str, tuple[str, ...]]] = {
    "pills": ("press", "die", "binder"),
    "payment cards": ("card_writer", "blank_cards", "hologram"),
    "identity cards": ("laminate", "blank_cards", "hologram"),
}
NAMES: Final = tuple(PARTS)
_patterns: Final = [re.compile(pattern) for pattern in PARTS.values()]
_sets: Final = [sum(1 << NAMES.index(part) for part in parts) for parts in SETS.values()]


@lru_cache(maxsize=8192)
def parts_of(title: str) -> int:
    """Which parts a title names, as bits in the order of `NAMES`."""
    text = " ".join(title.casefold().split())
    return sum(1 << number for number, pattern in enumerate(_patterns) if pattern.search(text))


def parts_ordered(body: OrderPlaced) -> int:
    """Which parts an order's titles name, likewise."""
    parts = 0
    for item in body.items:
        if item.title:
            parts |= parts_of(item.title)
    return parts


def named(parts: int) -> str:
    """The parts in words."""
    return ", ".join(name.replace("_", " ") for number, name in enumerate(NAMES) if parts >> number & 1)


def completeness(parts: int, around: int = -1) -> float:
    """The share of the most complete set that parts make; one part of three is nothing yet.

    Args:
        around: Only sets count that one of these belongs to.
    """
    shares = [max((parts & whole).bit_count() - 1, 0) / (whole.bit_count() - 1) for whole in _sets if whole & around]
    return max(shares, default=0.0)


def belonging(parts: int, around: int) -> int:
    """Those of the parts that belong to a set with one of `around`."""
    return parts & reduce(or_, [whole for whole in _sets if whole & around], 0)


def with_order(entries: bytes, who: bytes, parts: int, time: Micros) -> bytes:
    """What is remembered after one more order of parts: eight bytes an order, of about the last 30 days.

    What somebody bought before and buys again stands there once. Where there is no room, the oldest goes of those
    who had nothing but parts that others had, too: harmless orders do not push out who gathers a set.
    """
    day = time // DAY & 0xFFFF
    kept = [entry for entry in _lately(entries, day) if entry[:4] != who or _parts(entry) & ~parts]
    kept.append(who + parts.to_bytes(2, "big") + day.to_bytes(2, "big"))
    if len(kept) > ENTRIES:
        del kept[_least_telling(kept)]
    return b"".join(kept)


def _least_telling(entries: Sequence[bytes]) -> int:
    """Which order says least of what is gathered."""
    had = Counter(entry[:4] for entry in entries)
    for at, entry in enumerate(entries):
        others = reduce(or_, [_parts(other) for other in entries if other is not entry])
        if had[entry[:4]] == 1 and not _parts(entry) & ~others:
            return at
    return 0


def _parts(entry: bytes) -> int:
    return int.from_bytes(entry[4:6], "big")


def orders_lately(entries: bytes, time: Micros) -> Iterator[tuple[bytes, int]]:
    """Who had which parts within 30 days of a moment."""
    for entry in _lately(entries, time // DAY & 0xFFFF):
        yield entry[:4], _parts(entry)


def without_orders(entries: bytes, who: bytes) -> bytes:
    """What is remembered, without somebody's."""
    every = [entries[at : at + 8] for at in range(0, len(entries), 8)]
    return b"".join(entry for entry in every if entry[:4] != who)


def _lately(entries: bytes, day: int) -> Iterator[bytes]:
    for at in range(0, len(entries), 8):
        apart = day - int.from_bytes(entries[at + 6 : at + 8], "big") & 0xFFFF
        if min(apart, 0x10000 - apart) <= WITHIN:  # orders of several sellers come in any order
            yield entries[at : at + 8]
