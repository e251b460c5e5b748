"""What a seller says of itself when it registers, and what it changes later."""

from typing import Final
from zlib import crc32

from detectors.events import Micros, Record, SellerAccount, SellerRegistered
from detectors.profiles.moment import Moment
from detectors.profiles.profile import Profile
from detectors.profiles.sightings import see_sellers

UNVERIFIED: Final = {"verified": 0.0, "pending": 0.6, "none": 1.0, "failed": 1.0}


def learn_account(p: Profile, record: Record, body: SellerAccount, time: Micros, _m: Moment) -> None:
    """Takes over what is given; what is missing stays as it was."""
    if isinstance(body, SellerRegistered) and not p.known_since:
        p.since, p.known_since = time, 1.0
    country = body.country
    if country is None and body.address is not None and not isinstance(body.address, str):
        country = body.address.country
    if country:
        p.country = country[:8]
    if body.verification is not None:
        p.unverified = UNVERIFIED[body.verification]
    if body.payout_account:
        p.payout = _noticed(p, p.payout, body.payout_account, time)
    if body.device_id:
        p.device = _noticed(p, p.device, body.device_id, time)
    if body.ip:
        p.ip = crc32(body.ip.encode())
    if body.address is not None:
        place = body.address if isinstance(body.address, str) else body.address.address
        p.address = crc32((place or "").encode())
    if record.seen:
        see_sellers(p, record.seller_id, record.seen)


def _noticed(p: Profile, before: int, value: str, time: Micros) -> int:
    now = _mark(value)
    if before and now != before and now >> 32 == before >> 32:
        p.changed_at = time
    return now


def _mark(value: str) -> int:
    """Short hashes of a value's key id and of itself: under another key, equal values look different."""
    kid, _, _ = value.partition(":")
    return crc32(kid.encode()) << 32 | crc32(value.encode())
