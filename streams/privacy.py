"""Replaces personal values by keyed hashes; nothing after intake ever sees the values.

A hash is `<key id>:<26 characters>`: BLAKE2b in keyed mode (RFC 7693), 128 bits, personalised by the
kind of value, so that equal texts of different kinds do not match. During a key's rotation the
previous key's hash is known too, so that what was remembered under it is found and moved over.
"""

import base64
import hashlib
import ipaddress
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import msgspec

from detectors.events import (
    IntelListed,
    IntelWithdrawn,
    OrderPlaced,
    PaymentCaptured,
    PaymentFailed,
    Place,
    ReportFiled,
    ReviewLeft,
    SellerRegistered,
    SellerUpdated,
    ShipmentCreated,
    UpstreamBody,
    VerdictGiven,
)

REMEMBERED_HASHES = 200_000


class HashKey(NamedTuple):
    """A secret and the short name that its hashes carry."""

    kid: str
    secret: bytes


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _compact(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKC", text).upper() if char.isalnum())


def _phone(text: str) -> str:
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", text))
    return digits[2:] if digits.startswith("00") else digits


def _address(text: str) -> str:
    return re.sub(r"[\W_]+", " ", _plain(text)).strip()


def _ip(text: str) -> str:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return text.strip().casefold()
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


@lru_cache(REMEMBERED_HASHES)
def ip_prefix(text: str) -> str | None:
    """The /24 of an IPv4 address, the /48 of an IPv6 one; `None` for what is no address."""
    try:
        address = ipaddress.ip_address(_ip(text))
    except ValueError:
        return None
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


NORMALISE: dict[str, Callable[[str], str]] = {
    "email": _plain,
    "phone": _phone,
    "name": _address,
    "address": _address,
    "payout_account": _compact,
    "tax_id": _compact,
    "ip": _ip,
}


class Pseudonyms:
    """Keyed hashes of personal values.

    Args:
        keys: The current key first, then former ones whose hashes are still to be found.
    """

    def __init__(self, keys: Sequence[HashKey]) -> None:
        self._current, *self._former = keys
        self.of = lru_cache(REMEMBERED_HASHES)(self._of)

    def _of(self, kind: str, value: str) -> str:
        return _hash(self._current, kind, value)

    def former(self, kind: str, value: str) -> list[str]:
        """The hashes of the value under the former keys."""
        return [_hash(key, kind, value) for key in self._former]

    @property
    def rotating(self) -> bool:
        """Whether former keys are still looked up."""
        return bool(self._former)


def _hash(key: HashKey, kind: str, value: str) -> str:
    normalise = NORMALISE.get(kind)
    text = normalise(value) if normalise else value
    digest = hashlib.blake2b(text.encode(), digest_size=16, key=key.secret, person=kind.encode()[:16]).digest()
    return f"{key.kid}:{base64.b32encode(digest).decode().rstrip('=').lower()}"


class Personal(NamedTuple):
    """One personal value of an event: its kind, its hash, and the value itself."""

    kind: str
    hash: str
    raw: str


FIELDS: dict[type, dict[str, str]] = {
    OrderPlaced: {"buyer_id": "buyer", "device_id": "device"},
    PaymentCaptured: {"buyer_id": "buyer", "device_id": "device", "instrument": "instrument"},
    ReviewLeft: {"buyer_id": "buyer"},
    ReportFiled: {"reporter_id": "buyer"},
    VerdictGiven: {"analyst": "analyst"},
    SellerRegistered: {
        "email": "email",
        "phone": "phone",
        "payout_account": "payout_account",
        "tax_id": "tax_id",
        "legal_name": "name",
        "display_name": "name",
        "device_id": "device",
    },
}
FIELDS[PaymentFailed] = FIELDS[PaymentCaptured]
FIELDS[SellerUpdated] = FIELDS[SellerRegistered]

NETWORKED = (OrderPlaced, PaymentCaptured, PaymentFailed, SellerRegistered, SellerUpdated)
PLACES: dict[type, tuple[str, ...]] = {
    OrderPlaced: ("ship_to",),
    ShipmentCreated: ("origin", "destination"),
    SellerRegistered: ("address",),
    SellerUpdated: ("address",),
}
FREE_TEXT: dict[type, str] = {ReportFiled: "text", VerdictGiven: "note"}


def pseudonymise(body: UpstreamBody, pseudonyms: Pseudonyms) -> tuple[UpstreamBody, dict[str, Personal]]:
    """The body as it may stand in the log, and its personal values by the field they stood in."""
    found: dict[str, Personal] = {}
    changed: dict[str, object] = {}

    def replace(field: str, kind: str, raw: str | None) -> str | None:
        if not raw:
            return None
        found[field] = Personal(kind, pseudonyms.of(kind, raw), raw)
        return found[field].hash

    kind = type(body)
    crypto = getattr(body, "method", None) == "crypto"
    for field, of_kind in FIELDS.get(kind, {}).items():
        of_kind = "wallet" if crypto and field == "instrument" else of_kind
        changed[field] = replace(field, of_kind, getattr(body, field))
    if isinstance(body, NETWORKED):
        changed["ip"] = replace("ip", "ip", body.ip)
        changed["ip_prefix"] = replace("ip_prefix", "ip_prefix", ip_prefix(body.ip) if body.ip else None)
    for field in PLACES.get(kind, ()):
        changed[field] = _place(getattr(body, field), partial(replace, field, "address"))
    if kind in FREE_TEXT:
        changed[FREE_TEXT[kind]] = None
    if isinstance(body, IntelListed | IntelWithdrawn):
        changed["value_hash"] = body.value_hash or replace("value", body.kind, body.value)
        changed["value"] = None
    return (msgspec.structs.replace(body, **changed) if changed else body), found


def _place(place: Place | str | None, replace: Callable[[str | None], str | None]) -> Place | str | None:
    if not isinstance(place, Place):
        return replace(place)
    exact = place.line or place.postal_code
    text = " ".join(part for part in (place.country, place.postal_code, place.line) if part)
    return Place(country=place.country, region=place.region, address=replace(text if exact else None))
