"""The one writer of the text model: a pure fold over labelled texts, in the order of their arrival."""

from collections.abc import Sequence
from math import sqrt
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from detectors.language.ngrams import TABLE, Places, ngrams
from detectors.language.text_model import (
    LEAST_BAD_SELLERS,
    LEVELS,
    SNAPSHOT,
    Count,
    TextModelError,
    TextSnapshot,
    pack,
    unpack,
)

UNIT: Final = 1 << 20
"""Fixed-point units of a weight of 1."""
LARGEST: Final = 100 * UNIT
RATE: Final = 0.4
CALM: Final = 0.1
"""Added to AdaGrad's sums: the first gradients of an n-gram do not throw its weight about."""
REMEMBERED: Final = 1_500
"""Texts of each kind that are learned again."""
LONGEST: Final = 240
"""Characters of a text that is remembered."""
BINS: Final = 512
_LOWEST, _HIGHEST = -4.0, 4.0
_STEP: Final = (_HIGHEST - _LOWEST) / BINS
MEMORY: Final = 8_192
"""Scores of clean texts that the levels rest on; from there on they fade by halves."""
_STATE: Final = b"SWTL\x01"


class Remembered(Struct, array_like=True, forbid_unknown_fields=True):
    """The latest texts of one kind, to be learned again between those of the other."""

    texts: list[str] = []
    written: Count = 0
    read: Count = 0

    def add(self, plain: str) -> None:
        if len(self.texts) < REMEMBERED:
            self.texts.append(plain)
        else:
            self.texts[self.written % REMEMBERED] = plain
        self.written += 1

    def next(self) -> str | None:
        """One after the other, round and round."""
        if not self.texts:
            return None
        self.read += 1
        return self.texts[self.read % len(self.texts)]


class _State(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    bad: Count
    clean: Count
    bad_sellers: Count
    weights: bytes
    sums: bytes
    scores: bytes
    bad_texts: Remembered
    clean_texts: Remembered


class TextLearner:
    """Learns from one labelled text at a time: modified Huber loss (Zhang 2004), AdaGrad (Duchi et al. 2011).

    The loss is piecewise polynomial: no exponentials, whose last bits differ between machines. A verdict brings
    a burst of texts of one seller: so with each text one of the other kind is learned again (experience replay,
    Lin 1992). What clean texts score before they are learned gives the levels by which a margin is read.
    """

    def __init__(self) -> None:
        self._weights = np.zeros(TABLE, np.int64)
        self._sums = np.zeros(TABLE, np.float32)
        self._scores = np.zeros(BINS, np.int64)
        self._bad_texts, self._clean_texts = Remembered(), Remembered()
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
            if self.bad_sellers >= LEAST_BAD_SELLERS:  # before, it knows nothing to be wrong about
                self._note_clean(margin)
        self._learn(places, margin, bad)
        own, other = (self._bad_texts, self._clean_texts) if bad else (self._clean_texts, self._bad_texts)
        own.add(plain[:LONGEST])
        if (again := other.next()) is not None:
            places = ngrams(again)
            self._learn(places, self._margin(places), not bad)

    def _learn(self, places: Places, margin: float, bad: bool) -> None:
        sign = 1.0 if bad else -1.0
        agreed = sign * margin
        if agreed < 1.0:
            pull = 2.0 * (1.0 - agreed) if agreed > -1.0 else 4.0
            self._move(places, sign * pull)

    def _margin(self, places: Places) -> float:
        return int(self._weights[places].sum()) / UNIT / sqrt(len(places))

    def _move(self, places: Places, pull: float) -> None:
        each = pull / sqrt(len(places))
        self._sums[places] += np.float32(each * each)
        step = RATE * UNIT * each / np.sqrt(self._sums[places].astype(np.float64) + CALM)
        moved = self._weights[places] + np.rint(step).astype(np.int64)
        self._weights[places] = np.clip(moved, -LARGEST, LARGEST)

    def _note_clean(self, margin: float) -> None:
        place = int((min(max(margin, _LOWEST), _HIGHEST - _STEP) - _LOWEST) / _STEP)
        self._scores[place] += 1
        if self.measured >= MEMORY:
            self._scores >>= 1

    @property
    def measured(self) -> int:
        """Clean texts that the levels rest on: what came before the first confirmed sellers measures nothing."""
        return int(self._scores.sum())

    def levels(self) -> tuple[float, float, float]:
        """Margins above which the shares `LEVELS` of clean texts lie, as they scored before they were learned."""
        total, above, found = self.measured, 0, []
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
        counts = self.bad, self.measured, self.bad_sellers
        return pack(SNAPSHOT, TextSnapshot(scale, self.levels(), *counts, weights))

    def state(self) -> bytes:
        """Everything learned, for the learner to go on from: equal bytes for equal learners."""
        arrays = self._weights.astype("<i4"), self._sums.astype("<f4"), self._scores.astype("<i4")
        counts = self.bad, self.clean, self.bad_sellers
        tables = [array.tobytes() for array in arrays]
        return pack(_STATE, _State(*counts, tables[0], tables[1], tables[2], self._bad_texts, self._clean_texts))

    @classmethod
    def restore(cls, packed: bytes) -> "TextLearner":
        """The learner that goes on where the one of this state stood, or TextModelError."""
        state = unpack(packed, _STATE, _State)
        learner = cls()
        learner.bad, learner.clean, learner.bad_sellers = state.bad, state.clean, state.bad_sellers
        learner._bad_texts, learner._clean_texts = state.bad_texts, state.clean_texts
        learner._weights = _array(state.weights, "<i4", TABLE).astype(np.int64)
        learner._sums = _array(state.sums, "<f4", TABLE).astype(np.float32)
        learner._scores = _array(state.scores, "<i4", BINS).astype(np.int64)
        if not np.isfinite(learner._sums).all():
            raise TextModelError("damaged text learner: a number that is none")
        said = (*state.bad_texts.texts, *state.clean_texts.texts)
        if len(said) > 2 * REMEMBERED or not all(len(ngrams(plain)) for plain in said):
            raise TextModelError("damaged text learner: texts that cannot have been learned")
        if np.abs(learner._weights).max() > LARGEST or learner._sums.min() < 0 or learner._scores.min() < 0:
            raise TextModelError("damaged text learner: a number out of bounds")
        return learner


def _array(content: bytes, kind: str, length: int) -> NDArray[Any]:
    if len(content) != 4 * length:
        raise TextModelError("damaged text learner: a table of another size")
    return np.frombuffer(content, kind)
