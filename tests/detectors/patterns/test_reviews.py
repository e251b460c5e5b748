"""Reviews without trade behind them are found; a good shop after a sale is left alone."""

from detectors.events import DAY, KnownOrder, ReviewLeft, Sighting
from tests.builders import MONDAY, Market, known_buyer, order_placed, sighted
from tests.detectors.patterns.test_features import features
from tests.detectors.trades import shop


def reviews(market: Market, count: int, *, days: float, order: bool, rating: int = 5) -> Market:
    for number in range(count):
        market.happens(ReviewLeft(f"reader-{number}", rating, f"order-{number}" if order else None), days=days)
    market.happens(order_placed(), days=0.01)
    return market


def test_a_burst_of_praise_without_orders_alerts_and_says_so() -> None:
    market = shop(30)
    reviews(market, 25, days=0.02, order=False)

    assert market.patterns() == ["reviews"]
    codes = [reason.code for reason in market.effects.alerts[0].reasons[:3]]
    assert set(codes) == {"reviews_without_orders", "review_burst", "only_praise"}


def test_praise_for_real_orders_after_a_sale_does_not() -> None:
    market = reviews(shop(60), 60, days=0.01, order=True)

    assert market.patterns() == []
    assert market.risk() < 0.4


def test_some_reviews_of_an_earlier_shop_without_order_ids_do_not() -> None:
    market = shop(60)
    for number in range(40):
        reviews(market, 1, days=0.5, order=number % 4 > 0)

    assert market.patterns() == []


def test_reviews_fade_and_a_seller_without_any_has_no_state() -> None:
    market = Market()
    market.happens(order_placed())
    assert market.seller().reviews is None
    reviews(market, 20, days=0.0, order=False)
    burst = features(market)["review_burst"]
    market.now += 60 * DAY
    market.happens(order_placed())

    assert burst > 0.6
    assert features(market)["review_burst"] < 0.01


def test_a_burst_is_still_known_when_the_next_order_takes_some_days() -> None:
    market = shop(30)
    for number in range(40):
        market.happens(ReviewLeft(f"reader-{number}", 5), days=0.01)
    market.happens(order_placed(), days=2.0)

    assert market.patterns() == ["reviews"]


def praised_by(market: Market, *seen: Sighting, order: bool = False) -> Market:
    """A review every two days for a month."""
    for number in range(15):
        review = ReviewLeft(f"reader-{number}", 5, f"order-{number}" if order else None)
        market.happens(review, *seen, days=2.0)
    market.happens(order_placed(), days=0.01)
    return market


def test_reviewers_who_praise_several_sellers_and_buy_of_none_weigh_more() -> None:
    elsewhere = sighted("reviewer", sellers=4, events=9)
    shared, strangers = praised_by(shop(30), elsewhere), praised_by(shop(30))

    assert shared.risk() > strangers.risk() + 0.1
    assert "shared_reviewers" in {reason.code for reason in shared.effects.decisions[-1].reasons}


def test_customers_who_review_wherever_they_buy_are_none_of_them() -> None:
    elsewhere = sighted("reviewer", sellers=4, events=9)
    customers = praised_by(shop(30), elsewhere, known_buyer(own=1))
    named = praised_by(shop(30), elsewhere, order=True)

    assert features(customers)["reviewers_shared"] == 0.0
    assert features(named)["reviewers_shared"] == 0.0
    assert customers.patterns() == named.patterns() == []


def test_bad_words_of_strangers_speak_against_nobody_but_them() -> None:
    elsewhere = sighted("reviewer", sellers=4, events=9)
    slandered = shop(30)
    for number in range(25):
        slandered.happens(ReviewLeft(f"rival-{number}", 1), elsewhere, days=0.02)
    slandered.happens(order_placed(), days=0.01)

    assert slandered.patterns() == []
    assert [features(slandered)[name] for name in ("review_burst", "review_orderless", "reviewers_shared")] == [0] * 3


def test_an_order_that_somebody_else_placed_is_none_of_the_reviewer_s() -> None:
    borrowed, own = shop(30), shop(30)
    for number in range(10):
        review, placed_by = ReviewLeft(f"reader-{number}", 5, f"order-{number}"), ("ann", f"reader-{number}")
        for market, buyer in zip((borrowed, own), placed_by, strict=True):
            market.happens(review, days=0.1, order=KnownOrder(MONDAY, 3_900, "EUR", buyer))
    for market in (borrowed, own):
        market.happens(order_placed())

    assert features(borrowed)["review_orderless"] > 0.4
    assert features(own)["review_orderless"] == 0.0


def test_customers_who_were_asked_to_review_and_name_no_order_have_bought() -> None:
    market = shop(30)
    for number in range(30):
        market.happens(ReviewLeft(f"customer-{number}", 5), known_buyer(own=1), days=0.01)
    market.happens(order_placed(), days=0.01)

    assert features(market)["review_orderless"] == 0.0
    assert market.patterns() == []
