"""A profile is small whatever happens, and is read back as it was written."""

import msgspec
import pytest

from detectors.alert_policy import KEPT_ALERTS, KEPT_IDS
from detectors.events import DAY, HOUR
from detectors.patterns import reviewers, rings
from detectors.patterns.basket import KEPT_BUYERS, MOST_SELLERS
from detectors.patterns.buyer import KEPT_ODD
from detectors.patterns.catalogue import Catalogue
from detectors.patterns.facets import FACETS
from detectors.patterns.features import WIDTH
from detectors.patterns.prices import POINTS, SHOWN_BYTES
from detectors.profiles.facet_states import (
    Account,
    Basket,
    BuyerMix,
    Copies,
    Escrow,
    Far,
    Gathered,
    Intel,
    ListedName,
    ListedOwn,
    Outcomes,
    Parcels,
    PaymentMix,
    Praised,
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
from detectors.profiles.outcomes import REMEMBERED, SIZE
from detectors.profiles.profile import (
    AlertState,
    Link,
    Profile,
    UnknownFormatError,
    advance,
    decode_profile,
    encode_profile,
)
from detectors.profiles.sightings import KEPT_LINK_BYTES, KEPT_LINKS
from tests.builders import MONDAY, Market, order_placed

COUNT = 2**32 - 1
TIMES = (
    "clock",
    "logged_at",
    "since",
    "changed_at",
    "last_order",
    "woke_at",
    "last_dispute",
    "bad_run_since",
    "sampled_at",
)


FULLEST = {
    "reviews": Reviews(MONDAY, COUNT, 1.2345, 1.2345, 1.2345, 1.2345, 1.2345, 1.2345),
    "payment_mix": PaymentMix(MONDAY, COUNT, 1.2345, 1.2345, 1.2345, 1.2345, 1.2345),
    "account": Account("throwaway", ("email", "payout_account", "phone", "tax_id"), 1.0, 1.0),
    "parcels": Parcels(COUNT, 1.2345, 1.2345, 1.2345, 1.2345, "€" * 24, "€" * 24),
    "senders": Senders(COUNT, (COUNT,) * 8, 1.2345, 1.2345, 1.2345),
    "routes": Routes(COUNT, ("DE",) * 4, "DE", ("DE",) * 10, 1.2345, 1.2345, 1.2345, 1.2345, 1.2345),
    "escrow": Escrow(MONDAY, COUNT, COUNT, 1.2345, 1.2345, (COUNT,) * 16, 1, 1.2345),
    "reports": Reports(MONDAY, COUNT, 1.2345, b"x" * 32),
    "takeover": Takeover(MONDAY, ("device_id", "email", "payout_account", "phone"), 1.2345, 1.2345, COUNT, b"x" * 32),
    "buyer_mix": BuyerMix(COUNT, 1.2345, 1.2345, 1.2345, ("b" * 25,) * 2, b"x" * 4 * KEPT_ODD),
    "basket": Basket(b"x" * 96, 1.2345, 1.2345, COUNT, MONDAY),
    "outcomes": Outcomes(b"x" * SIZE * REMEMBERED, 1.2345, 1.2345),
    "intel": Intel(
        (ListedOwn("payout_account", "s" * 28, MONDAY, MONDAY, "r" * 28, COUNT),) * 2,
        ListedName("display_name", "s" * 28, "e" * 28, 0.9876, 0.9876, "other", "r" * 28),
        "instrument listed by " + "s" * 28 + " on 2026-03-02",
    ),
    "wording": Wording(1.2345, 1.2345, 1.2345, 1.2345, ("w" * 24,) * 3, ("c" * 24,) * 2, (2**32 - 1,) * 4),
    "copies": Copies(1.2345, 1.2345, 1.2345, "s" * 40, COUNT),
    "banned_prices": Prices("s" * 40, b"x" * 4 * POINTS, 1.2345, COUNT, b"x" * SHOWN_BYTES),
    "ring": Ring((Far("s" * (rings.KEPT_BYTES // rings.KEPT), "v" * 16, COUNT, 95, COUNT),) * rings.KEPT),
    "review_circle": ReviewCircle((Praised("s" * (reviewers.KEPT_BYTES // reviewers.KEPT), 1.2345),) * reviewers.KEPT),
    "gathered": Gathered(1.2345, 127, MOST_SELLERS, b"four" * KEPT_BUYERS, MONDAY),
    "wrong_tax_id": WrongTaxId(MONDAY),
}
"""Of every facet."""


def fullest_profile() -> Profile:
    """Every field as long as it can get: the longest texts, numbers that take all their bytes."""
    p = Profile()
    for field in msgspec.structs.fields(Profile):
        value = getattr(p, field.name)
        if isinstance(value, float):
            setattr(p, field.name, 1.2345)
        elif isinstance(value, int) and not isinstance(value, bool):
            setattr(p, field.name, MONDAY if field.name in TIMES else COUNT)
    for facet in FACETS:
        setattr(p, facet.state, FULLEST[facet.state])
    p.usual_amount = 10**15
    p.event_ids, p.buyers, p.own = b"x" * 256 * 6, b"x" * 32 * 6, b"x" * WIDTH
    p.prices, p.usual_price = "\U0010ffff" * 16, "\U0010ffff"
    p.cohort, p.usual_currency, p.country = f"consumer|{'€' * 24}|31", "€" * 8, "€" * 8
    p.recent = ("o" * 40,) * 6
    p.links = (Link("s" * (KEPT_LINK_BYTES // KEPT_LINKS), "v" * 16, 0.123, COUNT, "confirmed"),) * KEPT_LINKS
    earlier = b"a" * 10 * KEPT_IDS
    state = AlertState(b"a" * 10, b"a" * 10, 3, 0.123456, MONDAY, MONDAY, 200, "confirmed", MONDAY, 1.2345, earlier)
    p.alerts = {pattern.name: state for pattern in Catalogue().seller[:KEPT_ALERTS]}
    return p


def test_the_fullest_profile_stays_under_7_and_a_half_kib() -> None:
    assert len(encode_profile(fullest_profile())) < 7.5 * 1024


def test_what_is_written_is_read_back() -> None:
    p = fullest_profile()
    assert decode_profile(encode_profile(p)) == p


@pytest.mark.parametrize(("stored", "found"), [(b"\x63abc", "format 99"), (b"", "format nothing")])
def test_a_profile_of_another_format_is_refused_by_name(stored: bytes, found: str) -> None:
    with pytest.raises(UnknownFormatError, match=found):
        decode_profile(stored)


def test_counts_fade_with_their_time_constants() -> None:
    p = Profile(clock=MONDAY, orders_1h=1.0, orders_1d=1.0, orders_30d=1.0, complained=True, disputes_7d=1.0)
    advance(p, MONDAY + 7 * DAY)

    assert p.orders_1h == pytest.approx(0.0, abs=1e-12)
    assert p.orders_1d == pytest.approx(2.718281828**-7)
    assert p.disputes_7d == pytest.approx(1 / 2.718281828)
    assert p.orders_30d == pytest.approx(2.718281828 ** (-7 / 30))


def test_fading_in_two_steps_or_one_is_the_same() -> None:
    one, two = Profile(clock=MONDAY, orders_7d=5.0), Profile(clock=MONDAY, orders_7d=5.0)
    advance(one, MONDAY + 3 * DAY)
    advance(two, MONDAY + DAY + HOUR)
    advance(two, MONDAY + 3 * DAY)

    assert two.orders_7d == pytest.approx(one.orders_7d)


def test_a_late_event_fades_nothing_and_does_not_turn_the_clock_back() -> None:
    p = Profile(clock=MONDAY, orders_1d=2.0)
    advance(p, MONDAY - 5 * DAY)

    assert (p.clock, p.orders_1d) == (MONDAY, 2.0)


def test_a_seller_of_whom_nothing_came_for_longer_than_stores_remember_begins_anew() -> None:
    market = Market()
    market.happens(order_placed())
    market.happens(order_placed(), days=389)
    assert market.seller().orders == 2

    market.happens(order_placed(), days=391)

    assert market.seller().orders == 1
    assert market.seller().since == market.now
