"""What people ask of the models: it goes through the training topic, so that learn takes it in its place."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from msgspec import Struct

from detectors.events import DAY, SECOND, Micros
from streams.signing import sign, verify

COMMAND: Final = b"model command"
"""What a signature of a command is good for."""
SIGNED: Final = b"SWS"
"""How a signed record begins; a row begins otherwise."""

Action = Literal["rollback", "release", "promote"]
Figures = tuple[int, float, float, float]
"""Opinions judged, average precision, precision at 50, calibration error."""
UNJUDGED: Final[Figures] = (0, 0.0, 0.0, 0.0)


class ModelCommand(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One thing asked for."""

    action: Action
    """`rollback`: announce this version again and publish no newer one; `release`: publish again; `promote`: let the
    challenger and the model in force change places."""
    model: str
    given_at: Micros
    author: str = ""
    version: str = ""
    snapshot: bytes = b""
    """Of a rollback: the version's, as it was published, with its signature."""
    figures: Figures = UNJUDGED
    """Of a rollback: how good the version was when it was published. Learn only knows how good its model is today."""


class Announcement(Struct, frozen=True, array_like=True):
    """A version that was published: kept for lists, comparisons, and ways back."""

    model: str
    version: str
    published_at: Micros
    snapshot: bytes
    """Signed."""
    judged: int = 0
    average_precision: float = 0.0
    precision_at_50: float = 0.0
    calibration_error: float = 0.0
    note: str = ""

    @property
    def figures(self) -> Figures:
        return self.judged, self.average_precision, self.precision_at_50, self.calibration_error


RECENT: Final = 24
"""Publications of each model that are kept, one an interval of the slot below."""
DAYS: Final = 30
"""Days of which the last publication is kept."""
SLOT: Final[Micros] = 600 * SECOND


def slots_of(model: str, published_at: Micros) -> tuple[str, str]:
    """Where a publication is kept: among the latest, and as the last of its day."""
    latest = published_at // SLOT % RECENT
    return f"published:{model}:{latest}", f"published:{model}:day{published_at // DAY % DAYS}"


def all_slots(model: str) -> list[str]:
    """Every place where a publication may be."""
    places = [*(str(slot) for slot in range(RECENT)), *(f"day{day}" for day in range(DAYS))]
    return [f"published:{model}:{place}" for place in places]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ModelCommand).decode
encode_announcement = _encode
decode_announcement = msgspec.msgpack.Decoder(Announcement).decode


def back_to(announced: Announcement, given_at: Micros, author: str) -> ModelCommand:
    """The command that puts a version in force again as it was announced, figures and all."""
    kept = announced.version, announced.snapshot, announced.figures
    return ModelCommand("rollback", announced.model, given_at, author, *kept)


def pack_command(command: ModelCommand, key: bytes) -> bytes:
    return sign(key, _encode(command), purpose=COMMAND)


def unpack_command(value: bytes, keys: Sequence[bytes]) -> ModelCommand:
    """Reads a command.

    Raises:
        SignatureError: None of our keys has signed it.
        msgspec.DecodeError: It is of another version.
    """
    return _decode(verify(keys, value, purpose=COMMAND))
