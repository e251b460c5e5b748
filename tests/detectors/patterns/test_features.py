"""What the numbers of a profile mean, from the outside: features after some events."""

from collections.abc import Mapping

import pytest

from detectors.events import (
    OrderCancelled,
    PaymentFailed,
    PaymentRefunded,
    PaymentReleased,
    Place,
    ReportFiled,
    SellerBanned,
    SellerUpdated,
)
from detectors.models.in_force import Models, PeerModels
from detectors.patterns.features import FEATURES
from detectors.patterns.norms import learn_norm, norm_of
from tests.builders import Market, known_buyer, order_placed, payment, registered, sighted


def features(market: Market) -> Mapping[str, float]:
    """Of the last scored event."""
    return {name: level / 255 for name, level in zip(FEATURES, market.effects.decisions[-1].features, strict=True)}


def test_nine_of_ten_orders_within_2_percent_are_a_near_repeat_of_nine_tenths() -> None:
    market = Market()
    for amount in (3_900, 3_930, 3_870, 3_900, 8_000, 3_910, 3_900, 3_890, 3_900, 3_900):
        market.happens(order_placed(amount_minor=amount))

    assert features(market)["near_repeat"] == pytest.approx(0.9, abs=0.003)
    assert (market.seller().usual_amount, market.seller().near) == (3_900, 9)


def test_the_same_number_in_another_currency_is_another_price() -> None:
    market = Market()
    for number in range(10):
        market.happens(order_placed(amount_minor=3_900, currency="EUR" if number % 2 else "JPY"))

    assert features(market)["near_repeat"] == pytest.approx(0.5, abs=0.003)


def test_amounts_3_percent_apart_are_not_the_same_price() -> None:
    market = Market()
    for number in range(12):
        market.happens(order_placed(amount_minor=int(1_000 * 1.03**number)))

    assert features(market)["near_repeat"] < 0.1


def test_a_fraud_of_large_amounts_hardly_moves_the_own_norm() -> None:
    market = Market()
    for number in range(60):
        market.happens(order_placed(amount_minor=2_000 + 20 * (number % 10)), days=0.5)
    norm = market.seller().amount_mean
    for _ in range(10):
        market.happens(order_placed(amount_minor=900_000), days=0.1)

    assert features(market)["amount_high"] > 0.8
    assert market.seller().amount_mean < norm + 0.15


def test_a_burst_is_measured_against_the_seller_s_own_month() -> None:
    slow, fast = Market(), Market()
    for market, gap in ((slow, 1.0), (fast, 0.05)):
        for _ in range(60):
            market.happens(order_placed(), days=gap)
    steady = features(fast)["burst_day"]
    for _ in range(15):
        slow.happens(order_placed(), days=0.01)

    assert features(slow)["burst_day"] > 0.5
    assert features(slow)["burst_hour"] > 0.2
    assert steady < features(slow)["burst_day"]


def test_weekly_rebuying_has_a_rhythm_and_daily_whims_have_none() -> None:
    weekly, whimsical = Market(), Market()
    for week in range(8):
        for number in range(7):
            weekly.happens(order_placed(buyer_id=f"b{number}"), known_buyer(own=week), days=1.0)
    for step in range(56):
        gap = (0.2, 3.0, 0.5, 1.7, 0.1, 2.2, 0.9)[step % 7]
        whimsical.happens(order_placed(buyer_id=f"b{step * step % 5}"), known_buyer(own=step // 5), days=gap)

    assert features(weekly)["rebuy"] > 0.8
    assert features(weekly)["rebuy_irregular"] < 0.05
    assert features(whimsical)["rebuy_irregular"] > 0.5
    assert features(whimsical)["rebuy_soon"] > features(weekly)["rebuy_soon"]


def test_one_device_behind_many_buyers_shows_and_a_buyer_s_own_device_does_not() -> None:
    pool, loyal = Market(), Market()
    for number in range(12):
        pool.happens(order_placed(), sighted("buyer"), sighted("device", own=number))
        loyal.happens(order_placed(buyer_id="b"), known_buyer(own=number), sighted("device", own=number))

    assert features(pool)["pool_shared"] > 0.5
    assert features(loyal)["pool_shared"] == 0.0


@pytest.mark.parametrize(
    ("feature", "body"),
    [
        ("refunds", PaymentRefunded("order-x")),
        ("cancels", OrderCancelled("order-x")),
        ("reports", ReportFiled("fake")),
        ("released_early", PaymentReleased("order-x", confirmed_by="early")),
        ("failed_payments", payment(PaymentFailed)),
        ("account_changed", SellerUpdated(payout_account="k:other")),
        ("standing", SellerBanned()),
    ],
)
def test_what_happens_raises_its_feature_and_time_heals_it_or_not(feature: str, body: object) -> None:
    market = Market()
    market.happens(registered(payout_account="k:first"))
    for _ in range(4):
        market.happens(order_placed())
    before = features(market)[feature]
    market.happens(body)  # type: ignore[arg-type]
    market.happens(order_placed(), days=0.1)

    assert before == 0.0
    assert features(market)[feature] > 0.05


def test_orders_abroad_count_where_the_seller_s_country_is_known() -> None:
    known, unknown = Market(), Market()
    known.happens(registered(country="DE"))
    for _ in range(8):
        known.happens(order_placed(ship_to=Place("FR")))
        unknown.happens(order_placed(ship_to=Place("FR")))

    assert features(known)["foreign"] > 0.6
    assert features(unknown)["foreign"] == 0.0


def test_a_buyer_s_amount_is_judged_by_the_buyer_s_own_norm() -> None:
    market = Market()
    market.happens(order_placed(amount_minor=3_900), known_buyer(log_amount_mean=8.27))
    usual = features(market)["buyer_amount_high"]
    market.happens(order_placed(amount_minor=39_000), known_buyer(log_amount_mean=8.27))

    assert usual < 0.1
    assert features(market)["buyer_amount_high"] > 0.4


def test_an_order_far_above_the_buyer_s_norm_ranks_above_the_others() -> None:
    market = Market()
    for _ in range(10):
        market.happens(order_placed(), known_buyer(), days=0.2)
    usual = market.effects.decisions[-1].score
    market.happens(order_placed(amount_minor=60_000), known_buyer(bad_orders=1, last_bad=market.now))

    assert market.effects.decisions[-1].score > usual + 0.4


def test_the_cohort_is_kind_category_and_price_band() -> None:
    market = Market()
    market.happens(order_placed(amount_minor=3_900))
    assert market.seller().cohort == "consumer|garden|3"


def test_the_own_norm_follows_slowly_and_clips_what_lies_far_off() -> None:
    calm, wild = bytes([20]) * len(FEATURES), bytes([255]) * len(FEATURES)
    own = learn_norm(b"", calm, 1)
    for number in range(2, 65):
        own = learn_norm(own, calm, number)
    after_one = learn_norm(own, wild, 72)
    for number in range(80, 8 * 200, 8):
        own = learn_norm(own, wild, number)

    assert norm_of(after_one, 0) == pytest.approx(24 / 255, abs=1e-4)
    assert own[0] > 240
    assert norm_of(b"", 0) is None


def test_models_are_asked_once_a_batch_and_without_opinion_they_add_nothing() -> None:
    class Silent:
        version = "silent"

        def __init__(self, models: PeerModels) -> None:
            self.models, self.asked = models, 0

        def anomaly(self, cohorts, rows):  # type: ignore[no-untyped-def]
            self.asked += 1
            return self.models.anomaly(cohorts, rows)

        def norms(self, cohorts):  # type: ignore[no-untyped-def]
            return self.models.norms(cohorts)

    market = Market()
    silent = Silent(market.models.peers)
    market.models = Models(silent)
    market.happens(order_placed())

    assert silent.asked == 1
    assert market.effects.decisions[0].versions["model"] == "silent"


@pytest.mark.parametrize(
    ("registered_with", "updated_with", "changed"),
    [("k1:abc", "k1:abc", False), ("k1:abc", "k1:xyz", True), ("k1:abc", "k2:uvw", False)],
)
def test_a_payout_account_under_another_hash_key_is_not_taken_for_another_one(
    registered_with: str, updated_with: str, changed: bool
) -> None:
    market = Market()
    market.happens(registered(payout_account=registered_with, device_id=registered_with))
    market.happens(SellerUpdated(payout_account=updated_with, device_id=updated_with), days=1)

    assert (market.seller().changed_at == market.now) == changed


def test_a_change_is_noticed_again_once_both_values_are_under_the_new_hash_key() -> None:
    market = Market()
    for value in ("k1:abc", "k2:uvw", "k2:xyz"):
        market.happens(SellerUpdated(payout_account=value), days=1)

    assert market.seller().changed_at == market.now
