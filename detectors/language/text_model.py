"""What listings of confirmed sellers are written like: the linear model over n-grams that watch scores with.

Its weights are one byte each and it adds integers, so a score is the same in every batch and on every machine.
`detectors.language.text_learner` writes it.
"""

import zlib
from collections.abc import Iterable
from functools import lru_cache
from math import sqrt
from typing import Annotated, Any, Final

import msgspec
import numpy as np
from msgspec import Meta, Struct

from detectors.batch import Column
from detectors.language.ngrams import TABLE, ngrams

LEAST_BAD_SELLERS: Final = 5
LEAST_CLEAN: Final = 200
"""Below these the model has no opinion."""
LEVELS: Final = (0.1, 0.01, 0.001)
"""Shares of clean texts that score above the levels at which an opinion is 0, 0.5 and 0.9."""
MAX_SNAPSHOT: Final = 200_000
MAX_CONTENT: Final = 4_000_000
"""Bytes before compression, of a snapshot or of all that a learner has learned."""
Count = Annotated[int, Meta(ge=0, le=2**53)]
SNAPSHOT: Final = b"SWTX\x01"


class TextModelError(Exception):
    """These bytes are no text model that this version can read: keep the one in force."""


class TextSnapshot(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    scale: float
    levels: tuple[float, float, float]
    bad: Count
    clean: Count
    bad_sellers: Count
    weights: bytes
    """One signed byte for each place of the table."""


class TextModel:
    """Scores folded texts by the weights of one snapshot.

    Args:
        snapshot: None: a model that has learned nothing, and has no opinion.
    """

    def __init__(self, snapshot: TextSnapshot | None = None, version: str = "none") -> None:
        self.version: Final = version
        self._s = snapshot
        self._weights = np.frombuffer(snapshot.weights, np.int8) if snapshot else np.zeros(TABLE, np.int8)
        self.ready: Final = (
            snapshot is not None and snapshot.bad_sellers >= LEAST_BAD_SELLERS and snapshot.clean >= LEAST_CLEAN
        )
        """Whether it has learned enough for an opinion."""
        self.score = lru_cache(maxsize=16_384)(self._score)
        """0..1 for one folded text, 0 where there is no opinion; texts repeat, so the last ones are kept."""

    @classmethod
    def from_snapshot(cls, packed: bytes, version: str) -> "TextModel":
        """Reads a snapshot, or raises TextModelError."""
        snapshot = unpack(packed, SNAPSHOT, TextSnapshot)
        if len(snapshot.weights) != TABLE or not np.isfinite((snapshot.scale, *snapshot.levels)).all():
            raise TextModelError("damaged text model: a table of another size, or a number that is none")
        if list(snapshot.levels) != sorted(snapshot.levels) or snapshot.scale < 0.0:
            raise TextModelError("damaged text model: levels out of order")
        return cls(snapshot, version)

    def score_many(self, plains: Iterable[str]) -> Column:
        """0..1 for each folded text: 0.5 where 1 % of clean texts score so, 0.9 where 0.1 % do."""
        return np.array([self.score(plain) for plain in plains], np.float64)

    def margin(self, plain: str) -> float:
        """The model's raw answer; above 0 it leans to confirmed sellers."""
        if self._s is None:
            return 0.0
        places = ngrams(plain)
        if not len(places):
            return 0.0
        return int(self._weights[places].sum(dtype=np.int64)) * self._s.scale / sqrt(len(places))

    def _score(self, plain: str) -> float:
        if self._s is None or not self.ready:
            return 0.0
        margin = self.margin(plain)
        some, few, rare = self._s.levels
        if margin <= some:
            return 0.0
        if margin <= few:
            return 0.5 * (margin - some) / (few - some)
        if margin <= rare:
            return 0.5 + 0.4 * (margin - few) / (rare - few)
        return 0.9 + 0.1 * (margin - rare) / (margin - rare + 0.5)


def content_of(packed: bytes) -> bytes:
    """A snapshot before compression: another zlib may pack the same content differently."""
    return _inflate(packed[len(SNAPSHOT) :])


_encode = msgspec.msgpack.Encoder().encode


def pack(head: bytes, content: Struct) -> bytes:
    """Bytes with a head that names their form and version."""
    return head + zlib.compress(_encode(content), 6)


def unpack(packed: bytes, head: bytes, kind: type[Struct]) -> Any:
    """What `pack` was given, or TextModelError."""
    if packed[: len(head)] != head:
        raise TextModelError("not a text model of a version that can be read here")
    try:
        return msgspec.msgpack.decode(_inflate(packed[len(head) :]), type=kind)
    except (zlib.error, msgspec.MsgspecError, ValueError) as error:
        raise TextModelError(f"damaged text model: {error}") from error


def _inflate(packed: bytes) -> bytes:
    stream = zlib.decompressobj()
    content = stream.decompress(packed, MAX_CONTENT)  # bounded: a small bomb could fill the memory
    if not stream.eof or stream.unused_data:
        raise ValueError("too long, cut short, or followed by something")
    return content
