"""Everything remembered about one seller, in under 7.5 KiB whatever happens."""

import math

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from detectors.events import DAY, HOUR, SECOND, Micros
from detectors.profiles.facet_states import (
    Account,
    Basket,
    BuyerMix,
    Copies,
    Escrow,
    Gathered,
    Intel,
    Outcomes,
    Parcels,
    PaymentMix,
    Prices,
    Reports,
    ReviewCircle,
    Reviews,
    Ring,
    Routes,
    Senders,
    Takeover,
    Wording,
    WrongTaxId,
)

FORMAT = 1
"""First byte of a stored profile; a change of the fields below gets a new one and a way to read the old."""

REMEMBERED_EVENTS = 256
EVENT_HASH = 6
"""Bytes of hash for each: by chance, one event in 10^11 is taken for one of the 256 before it."""
REMEMBERED_PRICES = 16
REMEMBERED_BUYERS = 32
AHEAD: Micros = 120 * SECOND
"""How far an event may be dated after its entry into the log before it is taken to be wrong."""


REMEMBERED: Micros = 390 * DAY
"""A seller of whom the log has said nothing for longer is a new one; stores may drop its profile after that."""


class Link(Struct, frozen=True, array_like=True, gc=False):
    """Another seller that shares a value with this one."""

    seller_id: str
    via: str
    strength: float
    mark: int
    """Short hash of the value, so that a value that becomes a hub weakens the links it made."""
    status: str = ""


class AlertState(Struct, array_like=True, gc=False):
    """The last alert of one pattern; belongs to the alert policy alone."""

    alert_id: bytes
    latest_id: bytes
    severity: int
    score: float
    sent_at: Micros
    seen_at: Micros
    escalations: int = 0
    closed: str = ""
    """`dismissed` or `confirmed`, once an analyst has said so; `withheld` by the budget; `snoozed`."""
    silent_until: Micros = 0
    told: float = 0.0
    """The highest score that learn was told of, for the budget."""
    earlier: bytes = b""
    """Ids of the escalations before the latest, one behind the other: a verdict may name any of them."""


class Profile(Struct, array_like=True, gc=False):
    """One seller's trade as numbers that fade with event time.

    `_1h`, `_1d`, `_7d`, `_30d` are counts that fade exponentially with that time constant; shares are
    running averages over about the last 20 orders (or payments). Learned by `detectors.learning`, except
    for the last block, which only `detectors.fold` changes after scoring.
    """

    clock: Micros = 0
    """Highest event time so far; everything that fades has faded to here."""
    logged_at: Micros = 0
    """When the log last said something of the seller."""

    # -- account
    since: Micros = 0
    """Registration, or the first event where that was not seen."""
    known_since: float = 0.0
    """1 where the registration was seen."""
    country: str = ""
    unverified: float = 0.5
    """0 verified, 1 not verified or failed; 0.5 where nothing is known."""
    changed_at: Micros = 0
    """Last change of payout account or device, on an account that had one before."""
    payout: int = 0
    device: int = 0
    """Short hashes of the values in force and of the key they were hashed with, to notice a change."""
    ip: int = 0
    address: int = 0
    """Short hashes of the values in force, to know them again."""
    standing: float = 0.0
    """1 while banned, or confirmed by an analyst."""
    confirmed: int = 0
    dismissed: int = 0

    # -- orders
    orders: int = 0
    last_order: Micros = 0
    orders_1h: float = 0.0
    orders_1d: float = 0.0
    orders_7d: float = 0.0
    orders_30d: float = 0.0
    cohort: str = "consumer||0"
    amount_mean: float = 0.0
    """Own norm of ln(1 + rough EUR); what is learned is clipped, so that fraud hardly moves it."""
    amount_var: float = 0.0
    prices: str = ""
    """Amounts of the last orders, one character each: currency and a step of 1 %."""
    usual_price: str = ""
    usual_amount: int = 0
    usual_currency: str = ""
    near: int = 0
    """How many of `prices` lie within 2 % of the usual price."""
    gap_mean: float = 0.0
    gap_var: float = 0.0
    """Of ln(1 + seconds) between orders."""
    woke_at: Micros = 0
    """When the last long silence ended."""
    silence_days: float = 0.0

    # -- buyers
    buyers: bytes = b""
    """The last buyers: 4 bytes of hash and 2 of the hour, each."""
    rebuy: float = 0.0
    rebuy_soon: float = 0.0
    rebuy_gap_mean: float = 0.0
    rebuy_gap_var: float = 0.0
    rebuys: int = 0
    new_buyers: float = 0.0
    pool_shared: float = 0.0
    foreign: float = 0.0

    # -- payments and listings
    payments: int = 0
    risky_fast: float = 0.0
    risky_slow: float = 0.0
    failed: float = 0.0
    early_30d: float = 0.0
    """Escrow releases by early confirmation."""
    listings: int = 0

    # -- labels and complaints, by arrival
    complained: bool = False
    disputes_1d: float = 0.0
    disputes_7d: float = 0.0
    disputes_30d: float = 0.0
    refunds_7d: float = 0.0
    refunds_30d: float = 0.0
    cancels_7d: float = 0.0
    cancels_30d: float = 0.0
    reports_7d: float = 0.0
    reports_30d: float = 0.0
    disputes: int = 0
    last_dispute: Micros = 0
    label_delay: float = 7.0
    """Days from order to dispute, running average."""
    bad_run: int = 0
    bad_run_since: Micros = 0
    """When the first bad order of the present run was placed."""
    bad_number: int = 0
    """The highest number of an order that was disputed."""
    bad_share: float = 0.0
    """Share of bad among the orders just before `bad_number`."""

    # -- other sellers
    links: tuple[Link, ...] = ()
    link_strength: float = 0.0
    ban_match: float = 0.0
    ban_buyers: float = 0.0
    ban_buyers_of: int = 0
    """Short hash of the banned seller that they came from."""

    # -- memory
    recent: tuple[str, ...] = ()
    """Ids of the last orders, as evidence."""
    event_ids: bytes = b""
    """Hashes of the last event ids: a second event with the same id changes nothing."""

    # -- norms, alert policy and training, after scoring
    own: bytes = b""
    """Own norm of every feature, one byte each."""
    alerts: dict[str, AlertState] = {}
    sampled_1d: float = 0.0
    sampled_at: Micros = 0

    # -- facets (`detectors.patterns.facets`): None until an event of theirs has come
    reviews: Reviews | None = None
    payment_mix: PaymentMix | None = None
    account: Account | None = None
    parcels: Parcels | None = None
    senders: Senders | None = None
    routes: Routes | None = None
    escrow: Escrow | None = None
    reports: Reports | None = None
    takeover: Takeover | None = None
    buyer_mix: BuyerMix | None = None
    basket: Basket | None = None
    outcomes: Outcomes | None = None
    intel: Intel | None = None
    wording: Wording | None = None
    copies: Copies | None = None

    # -- erasing (`detectors.erasure`)
    erased_at: Micros = 0
    """Rows and texts of the seller that entered the log up to here count no more."""

    # -- further facets
    banned_prices: Prices | None = None
    ring: Ring | None = None
    review_circle: ReviewCircle | None = None
    gathered: Gathered | None = None
    wrong_tax_id: WrongTaxId | None = None


class UnknownFormatError(ValueError):
    """A stored profile has a format that this version cannot read; a newer version wrote it."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Profile).decode
_PREFIX = bytes([FORMAT])


def encode_profile(profile: Profile) -> bytes:
    return _PREFIX + _encode(profile)


def decode_profile(stored: bytes) -> Profile:
    if stored[:1] != _PREFIX:
        found = stored[0] if stored else "nothing"
        raise UnknownFormatError(f"profile format {found}: this version reads format {FORMAT}")
    return _decode(memoryview(stored)[1:])


def kept_aside(p: Profile) -> Profile:
    """The profile as it is now, whatever it learns later; what it shares with the copy is replaced, never changed."""
    return replace(p, alerts={pattern: replace(state) for pattern, state in p.alerts.items()})


def advance(p: Profile, time: Micros) -> None:
    """Lets everything that fades fade to `time`; a late event finds the profile's clock unchanged."""
    elapsed = time - p.clock
    if elapsed <= 0:
        return
    days = elapsed / DAY
    keep_1d = math.exp(-days)
    keep_7d = math.exp(days / -7.0)
    keep_30d = math.exp(days / -30.0)
    p.orders_1h *= math.exp(elapsed / -HOUR)
    p.orders_1d *= keep_1d
    p.orders_7d *= keep_7d
    p.orders_30d *= keep_30d
    p.early_30d *= keep_30d
    if p.complained:
        p.disputes_1d *= keep_1d
        p.disputes_7d *= keep_7d
        p.refunds_7d *= keep_7d
        p.cancels_7d *= keep_7d
        p.reports_7d *= keep_7d
        p.disputes_30d *= keep_30d
        p.refunds_30d *= keep_30d
        p.cancels_30d *= keep_30d
        p.reports_30d *= keep_30d
    p.clock = time
