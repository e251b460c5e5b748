"""Replaces personal values by keyed hashes; nothing after intake ever sees the values.

A hash is `<key id>:<22 characters>`: BLAKE2b in keyed mode (RFC 7693), 128 bits, personalised by the
kind of value, so that equal texts of different kinds do not match. During a key's rotation the
previous key's hash is known too, so that what was remembered under it is found and moved over.
"""

import base64
import hashlib
import hmac
import ipaddress
import re
import socket
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, get_args

import msgspec
from msgspec import Struct

from detectors.events import (
    ActRecorded,
    AlertSnoozed,
    IntelKind,
    IntelListed,
    IntelWithdrawn,
    OrderPlaced,
    PaymentCaptured,
    PaymentFailed,
    PersonalKind,
    Place,
    ReportFiled,
    ReviewLeft,
    SellerAccount,
    SellerRegistered,
    SellerUpdated,
    ShipmentCreated,
    UpstreamBody,
    VerdictGiven,
)
from streams.mail import mail_kind
from streams.tax_ids import tax_check

REMEMBERED_HASHES = 200_000
EXCHANGED = frozenset(get_args(IntelKind))
"""Kinds that marketplaces tell each other of."""


class HashKey(NamedTuple):
    """A secret and the short name that its hashes carry."""

    kid: str
    secret: bytes


def exchange_key(kid: str, secret: str) -> HashKey:
    """The key of hashes that is derived from an exchange secret; its signatures have another."""
    return HashKey(kid, hmac.digest(secret.encode(), b"sellerwatch.exchange.v1\0hash", "sha256"))


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
    if _is_ipv4(text):
        return text
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return text.strip().casefold()
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _is_ipv4(text: str) -> bool:
    """Whether it is four plain decimal numbers, as nearly all are: a tenth of the price of `ipaddress`."""
    try:
        return socket.inet_ntoa(socket.inet_pton(socket.AF_INET, text)) == text
    except (OSError, ValueError):
        return False


@lru_cache(REMEMBERED_HASHES)
def ip_prefix(text: str) -> str | None:
    """The /24 of an IPv4 address, the /48 of an IPv6 one; `None` for what is no address."""
    if _is_ipv4(text):
        return text[: text.rindex(".")] + ".0/24"
    try:
        address = ipaddress.ip_address(_ip(text))
    except ValueError:
        return None
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


def _wallet(text: str) -> str:
    """Base58 tells capitals from small letters; hexadecimal and bech32 addresses do not."""
    plain = text.strip()
    return plain.lower() if _CASELESS.match(plain) else plain


_CASELESS = re.compile(r"0x[0-9a-f]{40}$|(?:bc|ltc|tb)1[02-9ac-hj-np-z]+$", re.IGNORECASE)

NORMALISE: dict[str, Callable[[str], str]] = {
    "email": _plain,
    "phone": _phone,
    "name": _address,
    "address": _address,
    "payout_account": _compact,
    "wallet": _wallet,
    "tax_id": _compact,
    "ip": _ip,
}


class Personal(Struct, frozen=True, gc=False):
    """One personal value of an event: its kind, its hash, and the value itself."""

    kind: str
    hash: str
    raw: str


class Pseudonyms:
    """Keyed hashes of personal values.

    Args:
        keys: The current key first, then former ones whose hashes are still to be found.
        exchange: Keys shared with other marketplaces: what these list under such a hash is found.
    """

    def __init__(self, keys: Sequence[HashKey], exchange: Sequence[HashKey] = ()) -> None:
        self._current, *self._former = map(_Hasher, keys)
        self._exchange = [_Hasher(key) for key in exchange]
        self.personal = lru_cache(REMEMBERED_HASHES)(self._personal)
        """A personal value with its hash, by kind and raw value."""

    def of(self, kind: str, value: str) -> str:
        """The hash of a value of this kind."""
        return self.personal(kind, value).hash

    def _personal(self, kind: str, value: str) -> Personal:
        return Personal(kind, self._current(kind, value), value)

    def former(self, kind: str, value: str) -> list[str]:
        """The hashes of the value under the former keys."""
        return [hasher(kind, value) for hasher in self._former]

    def shared(self, kind: str, value: str) -> list[str]:
        """The hashes of the value under the exchange keys; none of a kind that is not exchanged."""
        return [hasher(kind, value) for hasher in self._exchange] if kind in EXCHANGED else []

    @property
    def rotating(self) -> bool:
        """Whether former keys are still looked up."""
        return bool(self._former)

    @property
    def exchanging(self) -> bool:
        """Whether there are exchange keys."""
        return bool(self._exchange)


class _Hasher:
    """Hashes under one key; a kind's state with the key taken in is kept, to be gone on from."""

    def __init__(self, key: HashKey) -> None:
        self._key = key
        self._begun: dict[str, Any] = {}

    def __call__(self, kind: str, value: str) -> str:
        begun = self._begun.get(kind) or self._begin(kind)
        normalise = NORMALISE.get(kind)
        digest = begun.copy()
        digest.update((normalise(value) if normalise else value).encode())
        return f"{self._key.kid}:{base64.urlsafe_b64encode(digest.digest())[:22].decode()}"

    def _begin(self, kind: str) -> Any:
        begun = hashlib.blake2b(digest_size=16, key=self._key.secret, person=kind.encode()[:16])
        return self._begun.setdefault(kind, begun)


FIELDS: dict[type, dict[str, str]] = {
    OrderPlaced: {"buyer_id": "buyer", "device_id": "device"},
    PaymentCaptured: {"buyer_id": "buyer", "device_id": "device", "instrument": "instrument"},
    ReviewLeft: {"buyer_id": "buyer"},
    ReportFiled: {"reporter_id": "buyer"},
    VerdictGiven: {"analyst": "analyst"},
    AlertSnoozed: {"analyst": "analyst"},
    ActRecorded: {"actor": "analyst"},
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

NETWORKED = frozenset({OrderPlaced, PaymentCaptured, PaymentFailed, SellerRegistered, SellerUpdated})
PLACES: dict[type, tuple[str, ...]] = {
    OrderPlaced: ("ship_to",),
    ShipmentCreated: ("origin", "destination"),
    SellerRegistered: ("address",),
    SellerUpdated: ("address",),
}
FREE_TEXT: dict[type, str] = {ReportFiled: "text", VerdictGiven: "note"}
INTEL = (IntelListed, IntelWithdrawn)
ACT_SUBJECTS = frozenset(get_args(PersonalKind))
"""Kinds of an act's subject that are personal."""
ALSO_LISTED: dict[str, tuple[str, ...]] = {
    "wallet": ("payout_account",),
    "payout_account": ("wallet", "instrument"),
    "instrument": ("payout_account",),
}
"""A wallet is what one buyer pays from and what another seller is paid to: the same text under several kinds."""


def _replaced(kind: type) -> tuple[str, ...]:
    """The fields that leave as a hash or not at all."""
    network = ("ip", "ip_prefix") if kind in NETWORKED else ()
    text = (FREE_TEXT[kind],) if kind in FREE_TEXT else ()
    return (*FIELDS.get(kind, ()), *network, *PLACES.get(kind, ()), *text)


REPLACED = {kind: _replaced(kind) for kind in UpstreamBody.__args__}


def pseudonymise(body: UpstreamBody, pseudonyms: Pseudonyms) -> tuple[UpstreamBody, dict[str, Personal]]:
    """The body as it may stand in the log, and its personal values by the field they stood in."""
    kind = type(body)
    if isinstance(body, INTEL):
        return _pseudonymise_intel(body, pseudonyms)
    found = _personal_values(body, kind, pseudonyms)
    changed: dict[str, Any] = {field: found[field].hash if field in found else None for field in REPLACED[kind]}
    if isinstance(body, SellerAccount):
        changed["mail"] = mail_kind(body.email) if body.email else None
        changed["tax_check"] = tax_check(body.tax_id) if body.tax_id else None
        changed["country"] = one_spelling(body.country) if body.country else None
    if isinstance(body, ActRecorded) and body.subject and body.subject_kind and body.subject_kind in ACT_SUBJECTS:
        changed["subject"] = pseudonyms.of(body.subject_kind, body.subject)
    for field in PLACES.get(kind, ()):
        place = getattr(body, field)
        if isinstance(place, Place):
            changed[field] = Place(one_spelling(place.country), place.region, address=changed[field])
    return (msgspec.structs.replace(body, **changed) if changed else body), found


def _personal_values(body: Any, kind: type, pseudonyms: Pseudonyms) -> dict[str, Personal]:
    personal = pseudonyms.personal
    found = {}
    for field, of_kind in FIELDS.get(kind, {}).items():
        if raw := getattr(body, field):
            crypto = of_kind == "instrument" and body.method == "crypto"
            found[field] = personal("wallet" if crypto else of_kind, raw)
    if kind in NETWORKED and body.ip:
        found["ip"] = personal("ip", body.ip)
        if prefix := ip_prefix(body.ip):
            found["ip_prefix"] = personal("ip_prefix", prefix)
    for field in PLACES.get(kind, ()):
        if text := address_text(getattr(body, field)):
            found[field] = personal("address", text)
    return found


def one_spelling(country: str) -> str:
    """A country's code as all events have it: sources differ in case, and `de` is not abroad of `DE`."""
    return country.strip().upper()


def address_text(place: Place | str | None) -> str | None:
    """What is hashed of an address; a country or region alone is nobody's address."""
    if not isinstance(place, Place):
        return place
    if not place.line and not place.postal_code:
        return None
    return " ".join([part for part in (place.country, place.postal_code, place.line) if part])


def _pseudonymise_intel(
    body: IntelListed | IntelWithdrawn, pseudonyms: Pseudonyms
) -> tuple[UpstreamBody, dict[str, Personal]]:
    if body.value_hash or not body.value:
        return msgspec.structs.replace(body, value=None), {}
    found = {kind: pseudonyms.personal(kind, body.value) for kind in (body.kind, *ALSO_LISTED.get(body.kind, ()))}
    return msgspec.structs.replace(body, value=None, value_hash=found[body.kind].hash), found
