"""What orders, payments and listings teach a profile, and what they say of themselves.

This is the part that runs for nearly every event, so it is written for few calls and no objects.
"""

from functools import lru_cache
from math import log, log1p, sqrt
from typing import Final
from zlib import crc32

from detectors.events import (
    DAY,
    HOUR,
    ListingPublished,
    Micros,
    OrderPlaced,
    PaymentCaptured,
    PaymentFailed,
    PaymentReleased,
    Record,
)
from detectors.money import unit
from detectors.profiles.marks import mark_of
from detectors.profiles.moment import Moment
from detectors.profiles.profile import REMEMBERED_BUYERS, REMEMBERED_PRICES, Profile
from detectors.profiles.sightings import pool_weight, see_buyer, see_sellers

MEMORY: Final = 20
"""Orders (payments) that a running share remembers."""
SLOW: Final = 1.0 / MEMORY
DOUBT: Final = 3
"""Ordinary orders that every seller is taken to have had, so that the first few do not say too much."""
MARKS: Final = 101.0
"""Price marks per e-fold: two marks side by side are less than 2 % apart."""
BAND: Final = log(3.0)
SILENCE: Final[Micros] = 21 * DAY
RISKY_METHODS: Final = {"crypto": 1.0, "gift_card": 0.35}
"""Money that cannot be called back."""
_KEPT_PRICES: Final = 1 - REMEMBERED_PRICES
_KEPT_BUYERS: Final = 6 - 6 * REMEMBERED_BUYERS


def learn_order(p: Profile, record: Record, body: OrderPlaced, time: Micros, m: Moment) -> None:
    p.orders = n = p.orders + 1
    p.orders_1h += 1.0
    p.orders_1d += 1.0
    p.orders_7d += 1.0
    p.orders_30d += 1.0
    rate = 1.0 / (n + DOUBT) if n < MEMORY - DOUBT else SLOW
    if n > 1:
        gap = time - p.last_order
        if gap > SILENCE:
            p.woke_at, p.silence_days = time, gap / DAY
        mean = p.gap_mean
        off = log1p(gap * 1e-6) - mean
        p.gap_mean = mean + off * rate
        var = p.gap_var
        p.gap_var = var + (off * off * (1.0 - rate) - var) * rate
    p.last_order = time
    _learn_amount(p, body, n, m)
    _learn_buyer(p, record, body, time, rate, m)
    place = body.ship_to
    if place is not None and p.country:
        p.foreign += ((place.country != p.country) - p.foreign) * rate
    order_id = body.order_id
    if len(order_id) <= 40 and order_id.isascii():
        p.recent = (*p.recent[-5:], order_id)


@lru_cache(maxsize=8192)
def cohort_of(buyer_kind: str, category: str, band: int) -> str:
    return f"{buyer_kind}|{category[:24].casefold().replace('|', '/')}|{band}"


def _learn_amount(p: Profile, body: OrderPlaced, n: int, m: Moment) -> None:
    amount, currency = body.amount_minor, body.currency
    worth, first_mark = unit(currency)
    value = amount * worth
    m.level = level = log1p(value)
    items = body.items
    p.cohort = cohort_of(
        body.buyer_kind,
        (items[0].category if items else None) or "",
        int(level / BAND),
    )
    if n == 1:
        p.amount_mean, p.amount_var = level, 0.25
    else:
        mean, var = p.amount_mean, p.amount_var
        spread = sqrt(var)
        m.amount_offset = off = level - mean
        if off > 0.0 and n > 5:
            m.amount_z = off / (spread + 0.15)
        spread += 0.02
        if off > spread:
            off = spread
        elif off < -2.5 * spread:
            off = -2.5 * spread
        rate = 1.0 / n if n < 80 else 0.0125
        p.amount_mean = mean + off * rate
        p.amount_var = var + (off * off - var) * rate
    _learn_price(p, first_mark + int(log1p(amount) * MARKS), amount, currency)


def _learn_price(p: Profile, mark: int, amount: int, currency: str) -> None:
    here = chr(mark)
    ring = p.prices = p.prices[_KEPT_PRICES:] + here
    usual = p.usual_price
    if usual == here:
        p.near = near_count(ring, mark)
        p.usual_amount, p.usual_currency = amount, currency
        return
    near = near_count(ring, ord(usual)) if usual else 0
    if near < 8:  # with half of the ring it stays the usual price
        near_here = near_count(ring, mark)
        if near_here > near:
            p.usual_price, p.usual_amount, p.usual_currency = here, amount, currency
            near = near_here
    p.near = near


def near_count(ring: str, mark: int) -> int:
    """How many amounts of the ring lie within 2 % of the one marked so."""
    return ring.count(chr(mark)) + ring.count(chr(mark - 1)) + ring.count(chr(mark + 1))


def _learn_buyer(p: Profile, record: Record, body: OrderPlaced, time: Micros, rate: float, m: Moment) -> None:
    own, unseen, banned, shared = 0, 1.0, "", 0.0
    seen = record.seen
    for sighting in seen:
        if sighting.kind == "buyer":
            own = sighting.own
            unseen = 0.0 if sighting.events else 1.0  # a buyer never seen has no sighting at all
            if sighting.others and sighting.others[0].status:
                banned = sighting.others[0].seller_id
            if sighting.buyer is not None:
                see_buyer(m, sighting.buyer, body.amount_minor, time)
                m.buyer_seen = sighting.last_seen or time
        elif sighting.own > own:
            weight = pool_weight(sighting, own)
            if weight > shared:
                shared = weight
    p.new_buyers += (unseen - p.new_buyers) * rate
    m.shared = shared
    if banned and m.prolific:
        m.led = 1.0
    if shared or p.pool_shared:
        p.pool_shared += (shared - p.pool_shared) * rate
    if banned or p.ban_buyers:
        _learn_ban_buyer(p, banned)
    _learn_rebuy(p, body.buyer_id, own, time, rate)


def _learn_ban_buyer(p: Profile, banned: str) -> None:
    """Share of orders by buyers of one and the same banned seller; of several, less each."""
    hit = 0.0
    if banned:
        mark = crc32(banned.encode())
        if mark == p.ban_buyers_of or p.ban_buyers < 0.1:
            hit, p.ban_buyers_of = 1.0, mark
        else:
            hit = 0.3
    n = p.orders
    p.ban_buyers += (hit - p.ban_buyers) * (1.0 / n if n < MEMORY else SLOW)


def _learn_rebuy(p: Profile, buyer_id: str, own: int, time: Micros, rate: float) -> None:
    hour = time // HOUR & 0xFFFF
    buyer = mark_of(buyer_id)
    ring = p.buyers
    at = ring.rfind(buyer)
    again = own > 0
    soon = 0.0
    if at >= 0:
        again = True
        days = ((hour - int.from_bytes(ring[at + 4 : at + 6], "big")) & 0xFFFF) / 24.0
        soon = 10.0 / (10.0 + days)
        p.rebuys = count = p.rebuys + 1
        slow = 1.0 / count if count < MEMORY else SLOW
        off = log1p(days) - p.rebuy_gap_mean
        p.rebuy_gap_mean += off * slow
        p.rebuy_gap_var += (off * off * (1.0 - slow) - p.rebuy_gap_var) * slow
    p.rebuy_soon += (soon - p.rebuy_soon) * rate
    p.rebuy += (again - p.rebuy) * rate
    p.buyers = ring[_KEPT_BUYERS:] + buyer + hour.to_bytes(2, "big")


def learn_payment(p: Profile, record: Record, body: PaymentCaptured | PaymentFailed, time: Micros, m: Moment) -> None:
    p.payments = n = p.payments + 1
    rate = 1.0 / (n + DOUBT) if n < MEMORY - DOUBT else SLOW
    p.failed += ((type(body) is PaymentFailed) - p.failed) * rate
    risky = RISKY_METHODS.get(body.method, 0.0)
    if risky or p.risky_fast:
        p.risky_fast += (risky - p.risky_fast) * 0.125
        p.risky_slow += (risky - p.risky_slow) * (1.0 / (n + 8) if n < 32 else 0.025)
    amount = body.amount_minor
    if p.orders > 5:
        off = log1p(amount * unit(body.currency).worth) - p.amount_mean
        if off > 0.0:
            m.amount_z = off / (sqrt(p.amount_var) + 0.15)
    for sighting in record.seen:
        if sighting.buyer is not None:
            see_buyer(m, sighting.buyer, amount, time)


def learn_release(p: Profile, _record: Record, body: PaymentReleased, _time: Micros, _m: Moment) -> None:
    if body.confirmed_by == "early":
        p.early_30d += 1.0


def learn_listing(p: Profile, record: Record, _body: ListingPublished, _time: Micros, _m: Moment) -> None:
    p.listings += 1
    if record.seen:
        see_sellers(p, record.seller_id, record.seen)
