"""Signatures on what comes back to us from a store: nobody without the key can slip in a model."""

import hmac
from collections.abc import Sequence

from streams.errors import SellerwatchError

_HEADER = b"SWS\x01"  # the last byte is the version
_MAC_SIZE = 32
_MIN_KEY = 16


class SignatureError(SellerwatchError):
    """Bytes that none of our keys has signed: they are not used, and what was in force stays."""


def sign(key: bytes, payload: bytes, *, purpose: bytes = b"model") -> bytes:
    """Returns `payload` with a header that `verify` accepts for the same purpose."""
    return _HEADER + _mac(key, payload, purpose) + payload


def verify(keys: Sequence[bytes], signed: bytes, *, purpose: bytes = b"model") -> bytes:
    """Returns the payload if one of `keys` signed it for this purpose, else raises SignatureError.

    Several keys are in force while one replaces another: sign with the new one, accept both.
    """
    if not keys:
        raise ValueError("no key to verify with")
    if not signed.startswith(_HEADER):
        version = signed.startswith(_HEADER[:-1])
        raise SignatureError("signed in an unknown version" if version else "not signed")
    start = len(_HEADER) + _MAC_SIZE
    mac, payload = signed[len(_HEADER) : start], signed[start:]
    matches = [hmac.compare_digest(mac, _mac(key, payload, purpose)) for key in keys]
    if not any(matches):
        raise SignatureError("signed with none of the keys in force, for another purpose, or changed since")
    return payload


def _mac(key: bytes, payload: bytes, purpose: bytes) -> bytes:
    if len(key) < _MIN_KEY:
        raise ValueError(f"a signing key needs at least {_MIN_KEY} bytes")
    # The length keeps a longer purpose from passing as a shorter one with another payload.
    domain = b"sellerwatch.signing.v1\0" + len(purpose).to_bytes(4, "big") + purpose
    return hmac.digest(key, domain + payload, "sha256")


def unverified(signed: bytes) -> bytes:
    """The payload, unchecked: only for a file that its reader trusts."""
    if not signed.startswith(_HEADER) or len(signed) < len(_HEADER) + _MAC_SIZE:
        raise SignatureError("not signed, or signed in an unknown version")
    return signed[len(_HEADER) + _MAC_SIZE :]
