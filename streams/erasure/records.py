"""What is left of a stored record without a person: pure."""

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from detectors.erasure import is_erased
from detectors.patterns.parts import without_orders
from detectors.profiles.kept_texts import decode_kept_text
from detectors.profiles.marks import mark_of
from detectors.profiles.order_rows import decode_order_row
from detectors.profiles.profile import decode_profile
from streams.erasure.person import Person
from streams.facts.encoding import decode_order, decode_standing, decode_value, encode
from streams.facts.standings import Standing

Gone = Literal["gone"]
GONE: Final[Gone] = "gone"
"""Nothing is left: the record is to be deleted."""
EVER: Final = 2**63
Left = bytes | Gone | None
"""`None`: the record does not hold the person, and stays as it is."""


def value_without(key: str, raw: bytes, person: Person) -> Left:
    """A device, contact, buyer, ...; one whose only seller it was goes whole, unless others have listed it."""
    if key in person.keys:
        return GONE
    value = decode_value(raw)
    sellers = [s for s in value.sellers if s.seller_id != person.seller]
    if len(sellers) == len(value.sellers):
        return None
    if not sellers and not value.listed and value.buyer is None:
        return GONE
    value.sellers, value.distinct = sellers, value.distinct - 1
    if value.buyer is not None and person.seller:
        value.buyer.parts = without_orders(value.buyer.parts, mark_of(person.seller))
    return encode(value)


def order_without(_: str, raw: bytes, person: Person) -> Left:
    """An order: the seller's goes whole, the buyer's loses its buyer."""
    order = decode_order(raw)
    if person.seller and order.seller_id == person.seller:
        return GONE
    if order.buyer is not None and order.buyer in person.all_hashes:
        order.buyer = None
        return encode(order)
    return None


def standing_without(key: str, raw: bytes, person: Person) -> Left:
    """A seller's standing: its own goes whole, another's loses its links with it."""
    if not person.seller:
        return _without_values(decode_standing(raw), person)
    if key == f"s:{person.seller}":
        return GONE
    standing = decode_standing(raw)
    kept = [linked for linked in standing.linked if linked.seller_id != person.seller]
    if len(kept) == len(standing.linked):
        return None
    standing.linked = kept
    return encode(standing)


def _without_values(standing: Standing, person: Person) -> Left:
    hashes = set(person.all_hashes)
    kept = [linked for linked in standing.linked if linked.value not in hashes]
    if len(kept) == len(standing.linked):
        return None
    standing.linked = kept
    return encode(standing)


def row_without(raw: bytes, seller: str, until: int = EVER) -> Left:
    """An order's features: deleted when the fold does not look at them any more."""
    row = decode_order_row(raw)
    return GONE if row.seller_id == seller and row.logged_at <= until else None


def text_without(raw: bytes, seller: str, until: int = EVER) -> Left:
    """A listing's text, likewise."""
    text = decode_kept_text(raw)
    return GONE if text.seller_id == seller and text.logged_at <= until else None


def erased_until(profile: bytes | None) -> int:
    """Up to when the fold looks at nothing of a seller; 0: it has not erased it."""
    return decode_profile(profile).erased_at if profile else 0


def has_begun_anew(profile: bytes | None) -> bool:
    """Whether something has come of the seller since it was erased."""
    return profile is not None and not is_erased(decode_profile(profile))


BY_KIND: Final[dict[str, Callable[[str, bytes, Person], Left]]] = {
    "v:": value_without,
    "o:": order_without,
    "s:": standing_without,
}
"""Intake's records, by how their keys begin."""
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, ValueError)
