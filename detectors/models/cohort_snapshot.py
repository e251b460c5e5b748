"""What the cohorts have learned, as bytes: safe to read from anywhere, equal for equal learners."""

import zlib
from hashlib import blake2b
from math import isfinite
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta, Struct

from detectors.models.half_space import Floats, ForestParams, ForestState, forest_shape
from detectors.models.peers import FIRST_SCORES, RANKS, SCORES, rank_scores
from detectors.models.publication import PublicationClock

ALL = "all"
"""The cohort of every row, at the end of every fallback."""
MAX_SNAPSHOT = 600_000
"""Base64 makes 800 KB of it, in a Kafka record of at most 900 KB."""
MAX_NAME = 96
"""Longer names (in bytes) get no cohort of their own: they teach and ask their parents."""
Count = Annotated[int, Meta(ge=0, le=2**53)]

_FORMAT = b"SWCO\x01"  # the last byte is the version


class SnapshotError(Exception):
    """These bytes are no snapshot that this version can read: keep the models in force."""


class LearnerParams(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    features: tuple[str, ...]
    prior: tuple[float, ...]
    forest: ForestParams
    max_cohorts: int = 64
    seller_share: float = 0.02
    """Of the rows of one window, at most this share from one seller, but at least 3."""

    def __post_init__(self) -> None:
        if len(set(self.features)) != len(self.features):
            raise ValueError("a feature is named twice")
        if len(self.prior) != len(self.features) or not all(0 <= norm <= 1 for norm in self.prior):
            raise ValueError("the prior must give each feature a norm of 0..1")
        if not set(self.forest.features) <= set(self.features):
            raise ValueError("the trees name a feature that does not exist")
        if not (self.max_cohorts >= 4 and 0 < self.seller_share <= 1):
            raise ValueError("max_cohorts must be at least 4 and seller_share a share")
        room = MAX_SNAPSHOT - sum(2 * len(name.encode()) + 20 for name in self.features) - 1_000
        if self.max_cohorts * self.cohort_bytes > room:  # so that a snapshot never has to leave one out
            raise ValueError(f"max_cohorts can be at most {room // self.cohort_bytes} with these trees")

    @property
    def cohort_bytes(self) -> int:
        """The most that one cohort can take in a snapshot, even if nothing compresses."""
        trees = 2 * self.forest.n_trees * self.forest.leaves
        return trees + 5 * self.forest.window_size + 4 * SCORES + 9 * (len(RANKS) + len(self.features)) + 200

    @property
    def rows_per_seller(self) -> int:
        return max(3, int(self.seller_share * self.forest.window_size))


class CohortState(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One cohort. Arrays are little-endian bytes."""

    name: str
    uses: Count
    """Rows learned lately."""
    rows: Count
    offered: Count
    sellers: bytes
    """Who taught the open window: sorted 4-byte hashes, then a byte each for how often."""
    norm: bytes
    forest: ForestState
    scores: bytes
    """Totals (river's score before it is normalised) of the generation being gathered, 4 bytes each."""
    knots: tuple[float, ...]

    def check(self, params: LearnerParams) -> None:
        """Raises ValueError unless a cohort can be in this state."""
        if not self.name or len(self.name.encode()) > MAX_NAME:
            raise ValueError("a cohort without a proper name")
        if len(self.sellers) % 5 or len(self.scores) % 4:
            raise ValueError("a cohort with half a number")
        hashes = np.frombuffer(self.sellers, "<u4", count=len(self.sellers) // 5)
        if len(hashes) > params.forest.window_size or not (np.diff(hashes.astype(np.int64)) > 0).all():
            raise ValueError("sellers not in order")
        norm = self.read_norm()
        if len(norm) != len(params.features) or not ((norm >= 0) & (norm <= 1)).all():
            raise ValueError("a norm outside 0..1")
        self.forest.check(params.forest)
        self._check_scores(params)

    def _check_scores(self, params: LearnerParams) -> None:
        totals = np.frombuffer(self.scores, "<u4")
        if len(totals) >= SCORES or (totals > params.forest.max_total).any():
            raise ValueError("impossible scores")
        if self.knots and (len(self.knots) != len(RANKS) or list(self.knots) != sorted(self.knots)):
            raise ValueError("ranks not in order")
        if not all(isfinite(knot) and 0 <= knot <= 1 for knot in self.knots):
            raise ValueError("a rank outside 0..1")

    def read_norm(self) -> Floats:
        return np.frombuffer(self.norm, "<f8").astype(np.float64)

    def rank_knots(self, params: LearnerParams) -> tuple[float, ...]:
        """The scores at `RANKS`, or nothing while too little is known for an opinion."""
        totals = np.frombuffer(self.scores, "<u4").tolist()
        if self.knots or not self.forest.reference or len(totals) < FIRST_SCORES:
            return self.knots
        return rank_scores([1 - total / params.forest.max_total for total in totals])


class Snapshot(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    params: LearnerParams
    shape: bytes
    """Digest of the trees, which are grown again from their seed."""
    clock: PublicationClock
    learned: Count
    protected: Count
    skipped: Count
    cohorts: tuple[CohortState, ...]

    def check(self) -> None:
        """Raises ValueError unless a learner can be in this state, with the trees of this river."""
        if self.shape != forest_shape(self.params.forest).digest():
            raise ValueError("its trees cannot be grown again here: another version of river or Python")
        names = [cohort.name for cohort in self.cohorts]
        if names != sorted(set(names)) or len(names) > self.params.max_cohorts:
            raise ValueError("cohorts twice, out of order, or too many")
        if names and ALL not in names:
            raise ValueError("the cohort of every row is missing")
        for cohort in self.cohorts:
            cohort.check(self.params)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Snapshot).decode


def pack(snapshot: Snapshot) -> bytes:
    return _FORMAT + zlib.compress(_encode(snapshot), 6)


def unpack(packed: bytes) -> Snapshot:
    """Reads a snapshot, or raises SnapshotError; whatever it returns can be restored."""
    if packed[: len(_FORMAT)] != _FORMAT:
        known = packed.startswith(_FORMAT[:-1])
        raise SnapshotError("a snapshot of an unknown version" if known else "not a snapshot of cohorts")
    try:
        snapshot = _decode(_inflate(packed[len(_FORMAT) :]))
        snapshot.check()
    except (zlib.error, msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise SnapshotError(f"damaged snapshot of cohorts: {error}") from error
    return snapshot


def _inflate(packed: bytes) -> bytes:
    stream = zlib.decompressobj()
    content = stream.decompress(packed, 2 * MAX_SNAPSHOT)  # bounded: a small bomb could fill the memory
    if not stream.eof or stream.unused_data:
        raise ValueError("too long, cut short, or followed by something")
    return content


def snapshot_version(training_offset: int, snapshot: bytes) -> str:
    """The version under which a snapshot is published: how far it has learned, and what.

    Taken from the content before compression: another zlib may pack the same content differently.
    """
    content = _inflate(snapshot[len(_FORMAT) :])
    return f"cohorts-{training_offset}-{blake2b(content, digest_size=4).hexdigest()}"
