"""The one writer of what verdicts teach about words: the text model, and terms that emerge."""

from hashlib import blake2b
from typing import Final
from zlib import crc32

import msgspec
from msgspec import Struct

from detectors.events import SECOND, Micros
from detectors.language.emerging import Candidate, Emerging
from detectors.language.text_learner import TextLearner
from detectors.language.text_model import LEAST_BAD_SELLERS, LEAST_CLEAN, TextModel, TextModelError, content_of
from detectors.models.publication import PublicationClock
from detectors.models.training import TrainingRow

PROPOSED: Final = 100
"""Terms that are published with a snapshot."""
CLEAN_WINDOW: Final = 500
A_SELLER: Final = 10
"""Most clean texts of one proven seller in a window: nobody unlearns a code word by flooding it.

Its terms are counted by the first of them.
"""
PATIENCE: Final = 4
"""Windows' worth of texts offered after which everybody may teach again: few sellers must not block."""
REMEMBERED: Final = 4_096
"""Confirmed sellers whose further verdicts teach nothing new."""
_FORMAT: Final = b"SWWO\x01"
_STATE: Final = b"SWWL\x01"


class _Snapshot(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    model: bytes
    candidates: tuple[Candidate, ...]


class _Window(Struct, array_like=True, forbid_unknown_fields=True):
    """Who taught the latest clean texts."""

    sellers: dict[int, int] = {}
    """Texts, by a short hash of the seller."""
    taught: int = 0
    offered: int = 0

    def admit(self, seller_id: str) -> int:
        """The how-manieth text of the seller this is; 0 where it has filled its share."""
        if self.taught >= CLEAN_WINDOW or self.offered >= PATIENCE * CLEAN_WINDOW:
            self.sellers.clear()
            self.taught = self.offered = 0
        self.offered += 1
        seller = crc32(seller_id.encode())
        count = self.sellers.get(seller, 0)
        if count >= A_SELLER:
            return 0
        self.sellers[seller] = count + 1
        self.taught += 1
        return count + 1


class _State(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    text: bytes
    emerging: Emerging
    clock: PublicationClock
    ready: bool
    known: tuple[bytes, ...] = ()
    """Hashes of the latest confirmed sellers that have taught."""
    window: _Window = msgspec.field(default_factory=_Window)


class WordsLearner:
    """Learns from rows with texts, and passes over all others. A pure fold over rows.

    Args:
        publish_every: A snapshot is due at most once in so long, and only after another confirmed seller.
    """

    def __init__(self, *, publish_every: Micros = 600 * SECOND) -> None:
        self.due = False
        """Whether a snapshot is to be published now, after the row learned last."""
        self.text = TextLearner()
        self.emerging = Emerging()
        self._clock = PublicationClock(publish_every, 1, LEAST_BAD_SELLERS)
        self._ready = False
        self._state: bytes | None = None
        self._known: dict[bytes, None] = {}
        self._window = _Window()

    def learn_one(self, row: TrainingRow) -> None:
        self.due = False
        if not row.texts or row.label is None:
            return
        bad = row.label == "bad"
        if bad and not self._is_new(row.seller_id):
            return
        self._state = None
        place = self._window.admit(row.seller_id) if row.label_source == "proven" else 1
        if not place:
            return
        self.text.learn_seller(row.texts, bad=bad)
        if place == 1:  # terms are counted by who uses them, on both sides
            self.emerging.learn(row.texts, bad=bad)
        ready = self.text.bad_sellers >= LEAST_BAD_SELLERS and self.text.measured >= LEAST_CLEAN
        self.due = (bad or ready != self._ready) and self._clock.tick(row.logged_at, self.text.bad_sellers)
        self.due = self.due or ready != self._ready
        self._ready = ready

    def _is_new(self, seller_id: str) -> bool:
        """Whether the confirmed seller has not taught yet: several verdicts on one must not look like several."""
        seller = blake2b(seller_id.encode(), digest_size=8).digest()
        if seller in self._known:
            return False
        self._known[seller] = None
        if len(self._known) > REMEMBERED:
            self._known.pop(next(iter(self._known)))
        return True

    @property
    def published_at(self) -> Micros | None:
        """When a snapshot was due last, by the log's clock: the start of that interval."""
        return None if self._clock.last_slot is None else self._clock.last_slot * self._clock.interval

    def publication(self) -> bytes:
        """The text model and the terms to propose, for the log."""
        proposed = tuple(self.emerging.candidates(PROPOSED))
        return _FORMAT + _encode(_Snapshot(self.text.snapshot(), proposed))

    def version(self, training_offset: int, publication: bytes) -> str:
        """The version under which a publication goes out: how far it has learned, and what."""
        return words_version(training_offset, publication)

    def snapshot(self) -> bytes:
        """Everything learned: equal bytes for equal learners."""
        if self._state is None:  # packing takes some 20 ms, and most rows are not about words
            known = tuple(self._known)
            kept = self._clock, self._ready, known, self._window
            self._state = _STATE + _encode(_State(self.text.state(), self.emerging, *kept))
        return self._state

    @classmethod
    def restore(cls, state: bytes) -> "WordsLearner":
        """The learner that goes on where the one of this state stood, or TextModelError."""
        if state[: len(_STATE)] != _STATE:
            raise TextModelError("not the state of a words learner that this version can read")
        try:
            stored = msgspec.msgpack.decode(memoryview(state)[len(_STATE) :], type=_State)
        except (msgspec.MsgspecError, ValueError) as error:
            raise TextModelError(f"damaged state of a words learner: {error}") from error
        learner = cls()
        learner.text = TextLearner.restore(stored.text)
        learner.emerging, learner._clock, learner._ready = stored.emerging, stored.clock, stored.ready
        learner._known = dict.fromkeys(stored.known)
        learner._window = stored.window
        return learner


def words_version(training_offset: int, snapshot: bytes) -> str:
    """The version under which a snapshot is published: how far it has learned, and what."""
    opened = _opened(snapshot)
    content = content_of(opened.model) + _encode(opened.candidates)
    return f"words-{training_offset}-{blake2b(content, digest_size=4).hexdigest()}"


def words_model(snapshot: bytes, version: str) -> TextModel:
    """The text model of a snapshot, or TextModelError."""
    return TextModel.from_snapshot(_opened(snapshot).model, version)


def proposed_terms(snapshot: bytes) -> tuple[Candidate, ...]:
    """Terms that a snapshot proposes, strongest first, or TextModelError."""
    return _opened(snapshot).candidates


_encode = msgspec.msgpack.Encoder().encode


def _opened(snapshot: bytes) -> _Snapshot:
    if snapshot[: len(_FORMAT)] != _FORMAT:
        raise TextModelError("not a snapshot of words that this version can read")
    try:
        return msgspec.msgpack.decode(memoryview(snapshot)[len(_FORMAT) :], type=_Snapshot)
    except (msgspec.MsgspecError, ValueError) as error:
        raise TextModelError(f"damaged snapshot of words: {error}") from error
