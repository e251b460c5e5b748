"""Near-equal pictures and texts: sketches of which copies differ a little, and the names to find them under.

A picture comes with a perceptual hash in hex (64 bits and more: pHash, dHash, PDQ). Two that differ in at most
three of five blocks share two others whole, so a hash is filed under each of its ten pairs of blocks. A text gets
sixteen minima of hashes of its word triples (Broder 1997), and is filed under eight pairs of them.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final
from zlib import crc32

import numpy as np

from detectors.language.folding import fold_text

BITS: Final = 64
NEAR: Final = 5
"""Bits of 64 in which copies may differ; of a longer hash, as many of each 64."""
SHORTEST: Final = 12
"""Hex digits of a hash: a shorter one says too little."""
BLOCKS: Final = 5
PAIRS: Final = tuple(combinations(range(BLOCKS), 2))
IMAGE: Final = "image"
TEXT: Final = "listing_text"
"""Kinds of the values that intake sights."""
MINIMA: Final = 16
ALIKE: Final = 10
"""Minima that copies share: about as many sixteenths of their word triples."""
LEAST_WORDS: Final = 12
"""Shorter texts are alike by chance."""
READ_WORDS: Final = 150
MOST_IMAGES: Final = 4
"""Of one listing; the first ones."""
_FACTORS: Final = np.array(
    [0x9E3779B97F4A7C15 * (2 * number + 1) & 0xFFFFFFFFFFFFFFFF | 1 for number in range(MINIMA)], np.uint64
).reshape(-1, 1)
FLAT: Final = 8
"""A hash with less than one bit of one kind in so many is of an empty picture."""


def image_sketch(given: str) -> str | None:
    """The hash in lower-case hex; None for what is none, or of a picture without content."""
    text = given.strip().lower().rpartition(":")[2].removeprefix("0x")
    if len(text) < SHORTEST:
        return None
    try:
        bits = int(text, 16)
    except ValueError:
        return None
    ones, length = bits.bit_count(), 4 * len(text)
    return text if length <= FLAT * ones <= (FLAT - 1) * length else None


def text_sketch(text: str) -> str | None:
    """Minima of the folded text in hex; None for a text too short to be recognised."""
    words = fold_text(text[: 12 * READ_WORDS]).plain.split()[:READ_WORDS]
    if len(words) < LEAST_WORDS:
        return None
    triples = [crc32(" ".join(words[at : at + 3]).encode()) for at in range(len(words) - 2)]
    mixed = np.array(triples, np.uint64) * np.uint64(0xD6E8FEB86659FD93)
    mixed ^= mixed >> np.uint64(32)
    minima = (mixed * _FACTORS >> np.uint64(32)).min(axis=1)
    return "".join([f"{int(least) & 0xFFFF:04x}" for least in minima])


def listing_sketches(images: Sequence[str], text: str) -> Iterator[tuple[str, str]]:
    """Kind and sketch of what a listing shows and says."""
    for given in images[:MOST_IMAGES]:
        if (sketch := image_sketch(given)) is not None:
            yield IMAGE, sketch
    if (sketch := text_sketch(text)) is not None:
        yield TEXT, sketch


def names(kind: str, sketch: str) -> Iterator[str]:
    """What a sketch is filed under; copies share one at least."""
    if kind == TEXT:
        for at in range(0, 4 * MINIMA, 8):
            yield f"{at // 8}.{sketch[at : at + 8]}"
        return
    bits = _spread(sketch)
    parts = [bits[len(bits) * at // BLOCKS : len(bits) * (at + 1) // BLOCKS] for at in range(BLOCKS)]
    for one, other in PAIRS:
        yield f"{one}{other}.{int(parts[one], 2):x}.{int(parts[other], 2):x}"


def near(kind: str, one: str, other: str) -> bool:
    """Whether two sketches are of copies."""
    if one == other:
        return True
    if len(one) != len(other):
        return False
    if kind == TEXT:
        return sum(one[at : at + 4] == other[at : at + 4] for at in range(0, len(one), 4)) >= ALIKE
    return (int(one, 16) ^ int(other, 16)).bit_count() <= NEAR * len(one) // (BITS // 4)


def _spread(sketch: str) -> str:
    """The bits; of a longer hash 64 of them, evenly taken: copies differ in their share of them."""
    length = 4 * len(sketch)
    bits = f"{int(sketch, 16):0{length}b}"
    return bits if length <= BITS else "".join([bits[length * place // BITS] for place in range(BITS)])
