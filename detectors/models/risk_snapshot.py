"""What the risk learner has learned, as bytes: all of it for the learner, the curves alone for watch."""

import zlib
from hashlib import blake2b
from math import isfinite
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from detectors.models.curves import CELLS, LEVELS, SLOTS
from detectors.models.publication import PublicationClock
from detectors.models.risk_scale import BINS

MAX_BYTES = 4_000_000
"""The most that a snapshot may take when it is unpacked."""
Count = Annotated[int, Meta(ge=0, le=2**53)]
_PUBLICATION = b"SWRP\x01"  # the last byte is the version
_LEARNER = b"SWRL\x01"


class RiskSnapshotError(Exception):
    """These bytes are no risk model that this version can read: keep the one in force."""


class Publication(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What watch needs. Arrays are little-endian bytes of 32-bit millionths."""

    features: tuple[str, ...]
    trust: float
    bias: int
    curves: bytes
    """Features x 256."""
    pairs: tuple[tuple[int, int], ...]
    cells: tuple[tuple[bytes, bytes], ...]
    tables: bytes
    """Pairs x 64."""
    scale_at: tuple[int, ...]
    """Sums at which the calibrated odds are known, rising."""
    scale_odds: tuple[float, ...]

    def check(self) -> None:
        """Raises ValueError unless a model can be like this."""
        width = len(self.features)
        if len(set(self.features)) != width or not 0.0 <= self.trust <= 1.0:
            raise ValueError("a feature twice, or a trust outside 0..1")
        if len(self.curves) != 4 * width * LEVELS or len(self.tables) != 4 * len(self.pairs) * CELLS * CELLS:
            raise ValueError("curves or tables of the wrong size")
        if len(self.cells) != len(self.pairs) or not all(0 <= at < width for pair in self.pairs for at in pair):
            raise ValueError("a pair of what is no feature")
        if not all(len(cells) == LEVELS and max(cells) < CELLS for both in self.cells for cells in both):
            raise ValueError("a level outside the cells")
        _check_scale(self.scale_at, self.scale_odds)


def _check_scale(at: tuple[int, ...], odds: tuple[float, ...]) -> None:
    if len(at) < 2 or len(at) != len(odds) or sorted(set(at)) != list(at):
        raise ValueError("a scale that does not rise")
    if not all(isfinite(value) and value > 0.0 for value in odds) or sorted(odds) != list(odds):
        raise ValueError("odds that do not rise")


class Held(Struct, frozen=True, array_like=True, gc=False):
    """An order that waits until it counts as clean."""

    key: bytes
    """Hash of the order's id."""
    logged_at: int
    weight: int
    levels: bytes
    risk: float


class Early(Struct, frozen=True, array_like=True, gc=False):
    """An outcome that came before the first knots were taken."""

    levels: bytes
    bad: bool
    weight: float


class RiskParams(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    features: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...] = ()
    rate: float = 0.3
    """AdaGrad's."""
    damping: float = 0.1
    """AdaGrad's eps: what a curve point must have seen before it moves at full rate."""
    memory: int = 5_000
    """Published are weights averaged over about so many rows."""
    warm_rows: int = 400
    """Unlabelled rows from which the knots are first taken."""
    warm_bad: int = 20
    """Bad rows before the first publication."""
    capacity: int = 20_000
    """Most orders that wait."""

    def __post_init__(self) -> None:
        if len(set(self.features)) != len(self.features):
            raise ValueError("a feature is named twice")
        if not {name for pair in self.pairs for name in pair} <= set(self.features):
            raise ValueError("a pair names a feature that does not exist")
        if not (self.rate > 0 and self.damping > 0 and self.memory > 0 and self.capacity > 0):
            raise ValueError("rate, damping, memory and capacity must be positive")


class RiskState(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """All of a learner."""

    params: RiskParams
    clock: PublicationClock
    now: int
    learned: Count
    bad: float
    seen: bytes
    """Features x 256, 8 bytes each."""
    seen_bad: bytes
    rows: Count
    """Unlabelled rows that were counted."""
    shaped_at: Count
    """How many of them when the shape was last taken."""
    knots: tuple[tuple[int, ...], ...]
    usual: tuple[int, ...]
    cells: tuple[tuple[bytes, bytes], ...]
    keys: bytes
    """Of the weights in the order in which they were learned, 8 bytes each."""
    weights: bytes
    squares: bytes
    averages: bytes
    steps: Count
    scale: bytes
    judged: bytes
    delays: tuple[float, ...]
    held: tuple[Held, ...]
    level: Count
    early: tuple[Early, ...]
    known: tuple[bytes, ...]
    taught: dict[int, int]
    names: tuple[tuple[str, int], ...] | None = None
    """Under which names it has published, and since which training offset; None: kept before these were."""

    def check(self) -> None:
        """Raises ValueError unless a learner can be in this state."""
        width = len(self.params.features)
        if len(self.seen) != 8 * width * LEVELS or len(self.seen_bad) != len(self.seen):
            raise ValueError("counts of the wrong size")
        if self.knots and (len(self.knots) != width or len(self.usual) != width):
            raise ValueError("knots of other features")
        if any(not 0 < len(knots) <= SLOTS for knots in self.knots):
            raise ValueError("too many knots")
        if not len(self.keys) == len(self.weights) == len(self.squares) == len(self.averages):
            raise ValueError("weights without keys")
        if any(len(levels) != width for levels in (*[o.levels for o in self.held], *[o.levels for o in self.early])):
            raise ValueError("an order with other features")
        if len(self.scale) != 16 * BINS or len(self.judged) % 9:
            raise ValueError("a scale or outcomes of the wrong size")


_encode = msgspec.msgpack.Encoder().encode
_decode_publication = msgspec.msgpack.Decoder(Publication).decode
_decode_state = msgspec.msgpack.Decoder(RiskState).decode


def pack_publication(publication: Publication) -> bytes:
    return _PUBLICATION + zlib.compress(_encode(publication), 6)


def unpack_publication(packed: bytes) -> Publication:
    """Reads a published model, or raises RiskSnapshotError."""
    try:
        publication = _decode_publication(_inflate(packed, _PUBLICATION))
        publication.check()
    except (zlib.error, msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise RiskSnapshotError(f"damaged risk model: {error}") from error
    return publication


def pack_state(state: RiskState) -> bytes:
    return _LEARNER + zlib.compress(_encode(state), 1)


def unpack_state(packed: bytes) -> RiskState:
    """Reads a learner, or raises RiskSnapshotError; whatever it returns can be restored."""
    try:
        state = _decode_state(_inflate(packed, _LEARNER))
        state.check()
    except (zlib.error, msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise RiskSnapshotError(f"damaged risk learner: {error}") from error
    return state


def _inflate(packed: bytes, header: bytes) -> bytes:
    if packed[: len(header)] != header:
        raise ValueError("not a risk model, or one of an unknown version")
    stream = zlib.decompressobj()
    content = stream.decompress(packed[len(header) :], MAX_BYTES)  # bounded: a small bomb could fill the memory
    if not stream.eof or stream.unused_data:
        raise ValueError("too long, cut short, or followed by something")
    return content


def publication_version(name: str, training_offset: int, packed: bytes) -> str:
    """The version under which a model is published: how far it has learned, and what."""
    content = _inflate(packed, _PUBLICATION)
    return f"{name}-{training_offset}-{blake2b(content, digest_size=4).hexdigest()}"


def training_offset_of(version: str) -> int:
    """The offset in the name of a version; -1 where there is none."""
    _, *told = version.rsplit("-", 2)
    return int(told[0]) if len(told) == 2 and told[0].isdecimal() else -1
