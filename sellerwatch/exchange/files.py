"""The file of indicators: lines of JSON, the first about the file, the last its signature.

The signature is HMAC-SHA256 with a key derived from the exchange secret, over the SHA-256 of all lines before it: the
file comes from somebody who has the secret, as it was written. Which of those who have it, it does not say.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from detectors.events import IntelKind
from streams.errors import SettingsError
from streams.files import FilesError
from streams.settings import Settings
from streams.signing import SignatureError, sign, verify

PURPOSE: Final = b"intel exchange"
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MOST: Final = 1_000_000
"""Indicators in a file."""
Moment = Annotated[datetime, Meta(tz=True)]


class Header(Struct, frozen=True):
    """The first line."""

    format: Literal["sellerwatch-intel"]
    version: Literal[1]
    key: str
    """Id of the exchange key that the hashes were made with: only hashes of one key can be compared."""
    hash: Literal["blake2b-128"]
    """Keyed, personalised by the kind, of the value in the form that docs/intel.md gives."""
    source: str
    """Who tells."""
    created_at: Moment
    count: int


class Indicator(Struct, frozen=True):
    """One value that a seller used who was confirmed as illicit."""

    kind: IntelKind
    value_hash: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{1,8}:[A-Za-z0-9_-]{22}$")]
    reason: Annotated[str, Meta(max_length=64)]
    confidence: Annotated[float, Meta(ge=0, le=1)]
    confirmed_on: str
    """The day; not the moment, by which values of one seller could be told to belong together."""
    confirmed_by: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=8)]
    """`ban`, or the keyed hash of an analyst, which only the exporter can resolve."""
    expires_at: Moment
    first_seen: str | None = None
    """The day on which the exporter first saw a seller use it."""


class Signed(Struct, frozen=True):
    """The last line."""

    signature: str


class File(Struct, frozen=True):
    """A file whose signature is right."""

    header: Header
    indicators: list[Indicator]


def write_file(path: Path, header: Header, indicators: Iterable[Indicator], secret: bytes) -> None:
    """Writes a signed file whole, or leaves what was there.

    Raises:
        FilesError: It cannot be written there.
    """
    digest, draft = hashlib.sha256(), path.with_name(f".{os.getpid()}.{path.name}")
    try:
        with draft.open("wb") as file:
            for each in (header, *indicators):
                line = msgspec.json.encode(each) + b"\n"
                digest.update(line)
                file.write(line)
            signature = base64.b64encode(sign(_signing_key(secret), digest.digest(), purpose=PURPOSE)).decode()
            file.write(msgspec.json.encode(Signed(signature)) + b"\n")
        draft.replace(path)
    except OSError as refused:
        raise FilesError(f"{path}: cannot write there ({refused.strerror})") from refused
    finally:
        draft.unlink(missing_ok=True)


def read_file(path: Path, settings: Settings) -> File:
    """Reads a file, and believes nothing of it before its signature is right.

    Raises:
        FilesError: It is no such file, or is damaged.
        SettingsError: Its exchange key is not among the settings.
        SignatureError: It was changed, or signed with another secret under the same id.
    """
    try:
        *lines, last = path.read_bytes().splitlines(keepends=True)
        header = msgspec.json.decode(lines[0], type=Header)
        signature = base64.b64decode(msgspec.json.decode(last, type=Signed).signature, validate=True)
        secret = secret_of(settings, header.key)
        signed = verify([_signing_key(secret)], signature, purpose=PURPOSE)
        if not hmac.compare_digest(signed, hashlib.sha256(b"".join(lines)).digest()):
            raise SignatureError(f"{path}: was changed after it was signed; get it again from {header.source}")
        found = File(header, list(_indicators(lines[1:])))
    except OSError as error:
        raise FilesError(f"{path}: cannot be read ({error.strerror})") from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, IndexError, binascii.Error) as error:
        raise FilesError(f"{path}: is no file of `sellerwatch intel export`, or is damaged: {error}") from None
    if header.count != len(found.indicators) or not NAME.fullmatch(header.source):
        raise FilesError(f"{path}: says of itself what is not so; get it again")
    return found


def _indicators(lines: Iterable[bytes]) -> Iterator[Indicator]:
    decode = msgspec.json.Decoder(Indicator).decode
    for number, line in enumerate(lines, start=1):
        if number > MOST:
            raise ValueError(f"more than {MOST:,} indicators")
        yield decode(line)


def secret_of(settings: Settings, kid: str) -> bytes:
    """The secret of an exchange key.

    Raises:
        SettingsError: There is none of that id.
    """
    for key in settings.exchange_keys:
        name, _, secret = key.get_secret_value().partition(":")
        if name == kid:
            return secret.encode()
    known = ", ".join(key.kid for key in settings.exchanging()) or "none"
    raise SettingsError(
        f"SELLERWATCH_EXCHANGE_KEYS: there is no key {kid!r} (there: {known}); agree on one with partners"
    )


def _signing_key(secret: bytes) -> bytes:
    """Another key than the one of the hashes."""
    return hmac.digest(secret, b"sellerwatch.exchange.v1\0sign", "sha256")
