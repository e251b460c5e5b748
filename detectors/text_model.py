"""What listings of confirmed sellers are written like: a linear model over character n-grams.

`TextLearner` is the one writer: a pure fold over labelled texts, in the order of their arrival. `TextModel` is
what watch scores with: the learner's weights in one byte each. Both add integers, so a score is the same in
every batch and on every machine.
"""

import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import sqrt
from typing import Annotated, Any, Final

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from detectors.batch import Column
from detectors.ngrams import TABLE, Places, ngrams

UNIT: Final = 1 << 20
"""Fixed-point units of a weight of 1."""
LARGEST: Final = 100 * UNIT
RATE: Final = 0.4
CALM: Final = 0.1
"""Added to AdaGrad's sums: the first gradients of an n-gram do not throw its weight about."""
LEAST_BAD_SELLERS: Final = 5
LEAST_CLEAN: Final = 200
"""Below these the model has no opinion."""
BINS: Final = 512
_LOWEST, _HIGHEST = -4.0, 4.0
_STEP: Final = (_HIGHEST - _LOWEST) / BINS
MEMORY: Final = 16_384
"""Scores of clean texts that the levels rest on; from there on they fade by halves."""
LEVELS: Final = (0.1, 0.01, 0.001)
"""Shares of clean texts that score above the levels at which an opinion is 0, 0.5 and 0.9."""
MAX_SNAPSHOT: Final = 200_000
Count = Annotated[int, Meta(ge=0, le=2**53)]
_FORMAT: Final = b"SWTX\x01"
_STATE: Final = b"SWTL\x01"


class TextModelError(Exception):
    """These bytes are no text model that this version can read: keep the one in force."""


class _Snapshot(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    scale: float
    bias: float
    levels: tuple[float, float, float]
    bad: Count
    clean: Count
    bad_sellers: Count
    weights: bytes
    """One signed byte for each place of the table."""


class _State(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    bias: float
    bias_sum: float
    bad: Count
    clean: Count
    bad_sellers: Count
    weights: bytes
    sums: bytes
    scores: bytes


class TextModel:
    """Scores folded texts by the weights of one snapshot.

    Args:
        snapshot: None: a model that has learned nothing, and has no opinion.
    """

    def __init__(self, snapshot: _Snapshot | None = None, version: str = "none") -> None:
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
        snapshot = _unpack(packed, _FORMAT, _Snapshot)
        if len(snapshot.weights) != TABLE or not _all_finite(snapshot.scale, snapshot.bias, *snapshot.levels):
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
            return self._s.bias
        return int(self._weights[places].sum(dtype=np.int64)) * self._s.scale / sqrt(len(places)) + self._s.bias

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


class TextLearner:
    """Learns from one labelled text at a time: modified Huber loss (Zhang 2004), AdaGrad (Duchi et al. 2011).

    The loss is piecewise polynomial: no exponentials, whose last bits differ between machines. What clean texts
    score before they are learned gives the levels by which a margin is read.
    """

    def __init__(self) -> None:
        self._weights = np.zeros(TABLE, np.int64)
        self._sums = np.zeros(TABLE, np.float32)
        self._bias = self._bias_sum = 0.0
        self._scores = np.zeros(BINS, np.int64)
        self.bad = self.clean = self.bad_sellers = 0
        """Texts of confirmed sellers, of clean ones; confirmed sellers."""

    def learn_seller(self, plains: Sequence[str], *, bad: bool) -> None:
        """Takes in texts of one seller; repeated ones count once, a seller no more than its texts."""
        texts = list(dict.fromkeys(plain for plain in plains if plain.strip()))
        if bad and texts:
            self.bad_sellers += 1
        for plain in texts:
            self.learn_one(plain, bad=bad)

    def learn_one(self, plain: str, *, bad: bool) -> None:
        places = ngrams(plain)
        if not len(places):
            return
        margin = self._margin(places)
        if bad:
            self.bad += 1
        else:
            self.clean += 1
            self._note_clean(margin)
        sign = 1.0 if bad else -1.0
        agreed = sign * margin
        if agreed < 1.0:
            pull = 2.0 * (1.0 - agreed) if agreed > -1.0 else 4.0
            self._move(places, sign * pull)

    def _margin(self, places: Places) -> float:
        return int(self._weights[places].sum()) / UNIT / sqrt(len(places)) + self._bias

    def _move(self, places: Places, pull: float) -> None:
        each = pull / sqrt(len(places))
        self._sums[places] += np.float32(each * each)
        step = RATE * UNIT * each / np.sqrt(self._sums[places].astype(np.float64) + CALM)
        moved = self._weights[places] + np.rint(step).astype(np.int64)
        self._weights[places] = np.clip(moved, -LARGEST, LARGEST)
        self._bias_sum += pull * pull
        self._bias += 0.1 * RATE * pull / sqrt(self._bias_sum + CALM)

    def _note_clean(self, margin: float) -> None:
        place = int((min(max(margin, _LOWEST), _HIGHEST - _STEP) - _LOWEST) / _STEP)
        self._scores[place] += 1
        if int(self._scores.sum()) >= MEMORY:
            self._scores >>= 1

    def levels(self) -> tuple[float, float, float]:
        """Margins above which the shares `LEVELS` of clean texts lie, as they scored before they were learned."""
        total, above, found = int(self._scores.sum()), 0, []
        shares = list(LEVELS[::-1])
        for place in range(BINS - 1, -1, -1):
            above += int(self._scores[place])
            while shares and above > shares[0] * total:
                found.append(_LOWEST + (place + 1) * _STEP)
                shares.pop(0)
        rare, few, some = [*found, *[_LOWEST] * len(shares)]
        few = max(few, some + _STEP)
        return some, few, max(rare, few + _STEP)

    def snapshot(self) -> bytes:
        """What watch scores with: at most `MAX_SNAPSHOT` bytes."""
        largest = max(int(np.abs(self._weights).max()), 1)
        weights = np.rint(self._weights * (127.0 / largest)).astype(np.int8).tobytes()
        scale = largest / 127.0 / UNIT
        counts = self.bad, self.clean, self.bad_sellers
        return _pack(_FORMAT, _Snapshot(scale, self._bias, self.levels(), *counts, weights))

    def state(self) -> bytes:
        """Everything learned, for the learner to go on from: equal bytes for equal learners."""
        arrays = self._weights.astype("<i4"), self._sums.astype("<f4"), self._scores.astype("<i4")
        counts = self.bad, self.clean, self.bad_sellers
        return _pack(_STATE, _State(self._bias, self._bias_sum, *counts, *[array.tobytes() for array in arrays]))

    @classmethod
    def restore(cls, packed: bytes) -> "TextLearner":
        """The learner that goes on where the one of this state stood, or TextModelError."""
        state = _unpack(packed, _STATE, _State)
        learner = cls()
        learner._bias, learner._bias_sum = state.bias, state.bias_sum
        learner.bad, learner.clean, learner.bad_sellers = state.bad, state.clean, state.bad_sellers
        learner._weights = _array(state.weights, "<i4", TABLE).astype(np.int64)
        learner._sums = _array(state.sums, "<f4", TABLE).astype(np.float32)
        learner._scores = _array(state.scores, "<i4", BINS).astype(np.int64)
        if not _all_finite(state.bias, state.bias_sum) or not np.isfinite(learner._sums).all():
            raise TextModelError("damaged text learner: a number that is none")
        if np.abs(learner._weights).max() > LARGEST or learner._sums.min() < 0 or learner._scores.min() < 0:
            raise TextModelError("damaged text learner: a number out of bounds")
        return learner


def _array(content: bytes, kind: str, length: int) -> NDArray[np.generic]:
    array = np.frombuffer(content, kind) if len(content) == 4 * length else None
    if array is None:
        raise TextModelError("damaged text learner: a table of another size")
    return array


def _all_finite(*numbers: float) -> bool:
    return bool(np.isfinite(numbers).all())


def content_of(packed: bytes) -> bytes:
    """A snapshot before compression: another zlib may pack the same content differently."""
    return _inflate(packed[len(_FORMAT) :])


_encode = msgspec.msgpack.Encoder().encode


def _pack(head: bytes, content: Struct) -> bytes:
    return head + zlib.compress(_encode(content), 6)


def _unpack(packed: bytes, head: bytes, kind: type[Struct]) -> Any:
    if packed[: len(head)] != head:
        raise TextModelError("not a text model of a version that can be read here")
    try:
        return msgspec.msgpack.decode(_inflate(packed[len(head) :]), type=kind)
    except (zlib.error, msgspec.MsgspecError, ValueError) as error:
        raise TextModelError(f"damaged text model: {error}") from error


def _inflate(packed: bytes) -> bytes:
    stream = zlib.decompressobj()
    content = stream.decompress(packed, 12 * TABLE)  # bounded: a small bomb could fill the memory
    if not stream.eof or stream.unused_data:
        raise ValueError("too long, cut short, or followed by something")
    return content
