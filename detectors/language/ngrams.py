"""Character n-grams of folded words, hashed: how text becomes numbers that a linear model can weigh.

N-grams of 2 to 5 bytes within words, the space before and behind a word included (Cavnar and Trenkle 1994), and
whole words and pairs of words, hashed into a fixed table (Weinberger et al. 2009). Integers only: the same bits
on every machine.
"""

from itertools import pairwise
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]

BITS: Final = 16
TABLE: Final = 1 << BITS
LONGEST: Final = 5
READ: Final = 240
"""Bytes of a text that are looked at."""
_STEP: Final = np.uint32(0x01000193)
_MIX: Final = np.uint32(0x2C1B3C6D)
_SPACE: Final = 32


def ngrams(plain: str) -> Places:
    """Where the n-grams and words of a folded text stand in the table, each once, in rising order."""
    read = plain.encode()[:READ]
    codes = np.frombuffer(read, np.uint8).astype(np.uint32)
    if len(codes) < 2:
        return np.empty(0, np.int64)
    letter = codes != _SPACE
    window, inside = codes, np.ones(len(codes), bool)
    found = []
    for length in range(2, min(LONGEST, len(codes)) + 1):
        window = window[:-1] * _STEP + codes[length - 1 :]
        # No space but at either end: every byte between the first and the last is a letter's.
        inside = inside[:-1] if length == 2 else inside[:-1] & letter[length - 2 : -1]
        found.append(window[inside] + np.uint32(length))
    hashes = np.concatenate(found)
    hashes ^= hashes >> np.uint32(15)
    hashes *= _MIX
    hashes ^= hashes >> np.uint32(13)
    hashes >>= np.uint32(32 - BITS)
    words = read.split()
    whole = [crc32(word) & TABLE - 1 for word in words]
    whole += [crc32(b"%b %b" % pair) & TABLE - 1 for pair in pairwise(words)]
    return np.unique(np.concatenate((hashes.astype(np.int64), np.array(whole, np.int64))))
