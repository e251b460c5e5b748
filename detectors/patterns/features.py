"""Bounded 0..1 features of a seller's trade and of the event at hand.

`measure` takes the raw numbers of one event, as the profile is right then; `features_of` turns those of a
whole batch into features at once. Features of the facets follow those of the trade.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Final

import numpy as np

from detectors.batch import Matrix, half
from detectors.events import DAY
from detectors.patterns.facets import FACET_FEATURES
from detectors.profiles.labels import bad_now
from detectors.profiles.moment import Moment
from detectors.profiles.profile import Profile

TRADE_FEATURES: Final = (
    # -- the seller's trade
    "near_repeat",  # share of the last 16 amounts within 2 % of the usual one
    "small_amount",  # own norm of amounts: 1 for some cents, 0.5 for about EUR 60
    "amount_spread",  # spread of the log amounts
    "experience",  # orders so far: 0.5 after 10
    "pace",  # orders a day: 0.5 for 20
    "burst_day",  # last day against the month before
    "burst_hour",  # last hour against the last week
    "gap_regular",  # 1 where orders come like clockwork
    "rebuy",  # share of orders by buyers who bought here before
    "rebuy_soon",  # the same among the last 32 orders, more the sooner
    "rebuy_irregular",  # 1 where re-buying follows no rhythm, 0 for a subscription
    "new_buyers",  # share of buyers never seen anywhere
    "pool_shared",  # share of orders whose device, instrument or address other buyers here use
    "foreign",  # share shipped to another country than the seller's
    "risky_method",  # share of crypto, and of gift cards at a third
    "method_turn",  # how far that share of late lies above the long-run one
    "failed_payments",  # share of payments that failed
    "released_early",  # escrow released before delivery, by early confirmation, against orders
    # -- what came back, against orders: 0.5 where all of many orders came back
    "disputes_1d",
    "disputes_7d",
    "disputes_30d",
    "bad_episode",  # share of bad among the last orders old enough to be labelled
    "bad_since",  # age of the present run of bad orders: 0.5 after four weeks
    "refunds",
    "cancels",
    "reports",
    # -- the account
    "account_new",  # 0.5 after two weeks
    "unverified",  # 1 none or failed, 0.5 unknown, 0 verified
    "account_changed",  # payout account or device changed lately
    "woken",  # trade after a long silence
    "links",  # other sellers with the same values
    "ban_match",  # values of a banned or confirmed seller
    "ban_buyers",  # share of buyers who came from one banned seller
    "standing",  # 1 while banned or confirmed
    # -- the order or payment at hand
    "amount_high",  # above the seller's own norm
    "buyer_amount_high",  # above the buyer's own norm
    "buyer_bad",  # the buyer's orders were disputed
    "buyer_pace",  # the buyer's day against its month
    "shared_here",  # device, instrument or address of other buyers here
)

FEATURES: Final = (*TRADE_FEATURES, *FACET_FEATURES)
WIDTH: Final = len(FEATURES)

NEVER: Final = 1e9
"""Days since what never happened."""
_QUIET: Final = (0.0,) * 8
_DAY: Final = float(DAY)
RAW_WIDTH: Final = 44
TOLD: Final = np.array((0, 1, 2, 3, 29, 31))
"""Which of the raw numbers sentences need, in the order of `detectors.patterns.base.Raw`."""
_pack: Final = Struct(f"<{RAW_WIDTH}d").pack
TEN_THOUSAND: Final = 10_000.0


def measure(p: Profile, m: Moment) -> bytes:
    """Raw numbers of one event after it was learned, packed; `features_of` reads them in this order."""
    clock, changed, woke = p.clock, p.changed_at, p.woke_at
    complaints = _QUIET
    if p.complained:
        complaints = (
            p.disputes_1d,
            p.disputes_7d,
            p.disputes_30d,
            bad_now(p) if p.disputes else 0.0,
            (clock - p.bad_run_since) / _DAY if p.disputes else 0.0,
            p.refunds_30d,
            p.cancels_30d,
            p.reports_30d,
        )
    return _pack(
        p.orders,
        p.near,
        len(p.prices),
        p.usual_amount,
        p.amount_mean,
        p.amount_var,
        p.orders_1h,
        p.orders_1d,
        p.orders_7d,
        p.orders_30d,
        p.gap_var,
        p.rebuy,
        p.rebuy_soon,
        p.rebuy_gap_var,
        p.new_buyers,
        p.pool_shared,
        p.foreign,
        p.risky_slow,
        p.risky_fast,
        p.failed,
        p.early_30d,
        *complaints,
        (clock - p.since) / _DAY,
        p.known_since,
        p.unverified,
        (clock - changed) / _DAY if changed else NEVER,
        (clock - woke) / _DAY if woke else NEVER,
        p.silence_days,
        p.link_strength,
        p.ban_match,
        p.ban_buyers,
        p.standing,
        m.amount_z,
        m.buyer_z,
        m.buyer_bad,
        m.buyer_pace,
        m.shared,
    )


def unpacked(measured: Sequence[bytes]) -> Matrix:
    """What `measure` gave, one row an event."""
    return np.frombuffer(b"".join(measured), dtype="<f8").reshape(len(measured), RAW_WIDTH)


def features_of(raw: Matrix, facets: Matrix) -> Matrix:
    """Features of a batch, one line a feature, rounded so that a machine's last bits do not matter.

    Args:
        raw: One line a raw number of the trade.
        facets: `FacetNumbers.features`.

    Only + - * / and square roots: the same bits for one event as for thousands, on every machine.
    """
    (n, near, ring, _, price, price_var, hour, day, week, month, gap_var) = raw[:11]
    (rebuy, rebuy_soon, rebuy_var, new_buyers, pool, foreign, risky_slow, risky_fast, failed) = raw[11:20]
    early = raw[20]
    (bad_day, bad_week, bad_month, episode, bad_since, refunds, cancels, reports) = raw[21:29]
    (age, known, unverified, changed, woken, silence, links, match, ban_buyers, standing) = raw[29:39]
    (amount_z, buyer_z, buyer_bad, buyer_pace, shared) = raw[39:]
    spread = np.sqrt(price_var)
    usual_day = np.maximum(month - day, 0.0) / np.minimum(np.maximum(age - 1.0, 1.0), 29.0) + 1.0
    usual_hour = np.maximum(week - hour, 0.0) / np.minimum(np.maximum(24.0 * age - 1.0, 8.0), 167.0) + 0.5
    trade = np.stack(
        (
            np.where(ring > 1.0, near / np.maximum(ring, 1.0), 0.0),
            np.where(n > 0.0, 8.0 / (8.0 + 0.12 * price * price * price), 0.0),
            half(spread, 0.4),
            half(n, 10.0),
            half(day, 20.0),
            half(np.maximum(day / usual_day - 2.0, 0.0), 4.0),
            half(np.maximum(hour / usual_hour - 4.0, 0.0), 8.0),
            np.where(n > 4.0, 1.0 / (1.0 + 3.0 * gap_var), 0.0),
            rebuy,
            rebuy_soon,
            half(rebuy_var, 0.1),
            new_buyers,
            pool,
            foreign,
            risky_slow,
            np.maximum(risky_fast - risky_slow - 0.12 - 0.6 * risky_slow * (1.0 - risky_slow), 0.0),
            failed,
            np.minimum(early / (month + 2.0), 1.0),
            bad_day / (bad_day + day + 2.0),
            bad_week / (bad_week + week + 2.0),
            bad_month / (bad_month + month + 2.0),
            episode,
            half(np.maximum(bad_since, 0.0), 28.0),
            refunds / (refunds + month + 2.0),
            cancels / (cancels + month + 2.0),
            reports / (reports + month + 2.0),
            (0.5 + 0.5 * known) * 14.0 / (14.0 + age),
            unverified,
            3.0 / (3.0 + changed),
            half(silence, 30.0) * 3.0 / (3.0 + woken),
            half(links, 1.0),
            match,
            ban_buyers,
            standing,
            half(amount_z, 3.0),
            half(buyer_z, 3.0),
            buyer_bad,
            buyer_pace,
            shared,
        )
    )
    features = np.concatenate((trade, facets))
    features *= TEN_THOUSAND
    np.rint(features, out=features)
    features /= TEN_THOUSAND
    return features
