"""Several sellers whom the same people praise are found; what honest sellers have in common is left alone."""

import random
from collections.abc import Callable, Sequence

import pytest

from detectors.events import OtherSeller, ReviewLeft, Sighting
from tests.builders import MONDAY, Market, order_placed, sighted
from tests.detectors.patterns.test_features import features
from tests.detectors.trades import shop

Others = Callable[[int], Sequence[str]]
RING = ("shop-2", "shop-3", "shop-4")


def reviewer(*sellers: str, own: int = 0, among: int | None = None) -> Sighting:
    """A person who has praised these sellers before."""
    others = tuple(OtherSeller(seller, MONDAY) for seller in sellers)
    count = len(sellers) if among is None else among
    return sighted("reviewer", events=count + own, own=own, sellers=count, others=others)


def praised(others: Others, *, order: bool, rating: int = 5, own: int = 0, among: int | None = None) -> Market:
    """A shop that gets twenty reviews within a month, each by a person who has praised these others."""
    market = shop(60)
    for number in range(20):
        review = ReviewLeft(f"reader-{number}", rating, f"order-{number}" if order else None)
        market.happens(review, reviewer(*others(number), own=own, among=among), days=1.5)
    market.happens(order_placed(), days=0.01)
    return market


def test_people_who_praise_the_same_sellers_without_orders_are_found_however_slowly_they_come() -> None:
    market = praised(lambda _: RING, order=False)

    assert market.patterns() == ["reviews"]
    reason = next(reason for reason in market.effects.alerts[0].reasons if reason.code == "review_circle")
    assert "shop-2 and shop-3" in reason.text


def test_the_same_with_an_order_each_raises_the_score_and_does_not_alert_alone() -> None:
    circle, nobody = praised(lambda _: RING, order=True), praised(lambda _: (), order=True)

    assert circle.risk() > nobody.risk() + 0.2
    assert circle.patterns() == []


def test_the_seller_next_door_has_the_same_customers_and_no_circle() -> None:
    market = praised(lambda _: ("next-door",), order=True)

    assert market.risk() == praised(lambda _: (), order=True).risk()


def test_customers_who_review_all_over_the_marketplace_have_no_seller_in_common() -> None:
    dice = random.Random(1)
    sellers = [f"shop-{number}" for number in range(200)]
    market = praised(lambda _: dice.sample(sellers, 5), order=True)

    assert features(market)["review_circle"] < 0.1
    assert market.patterns() == []


def test_a_popular_seller_whom_everybody_reviews_makes_no_circle_with_the_others() -> None:
    dice = random.Random(1)
    sellers = [f"shop-{number}" for number in range(200)]
    market = praised(lambda _: ["popular", *dice.sample(sellers, 3)], order=True)

    assert market.patterns() == []
    assert market.risk() < praised(lambda _: RING, order=True).risk() - 0.2


@pytest.mark.parametrize(("among", "least", "most"), [(3, 0.5, 1.0), (40, 0.0, 0.02), (1_000, 0.0, 0.0)])
def test_people_who_review_everywhere_join_nobody(among: int, least: float, most: float) -> None:
    found = features(praised(lambda _: RING, order=False, among=among))["review_circle"]

    assert least <= found <= most


def test_long_ids_of_sellers_are_kept_as_far_as_there_is_room() -> None:
    longest = ("a" * 128, "ß" * 128, "b" * 128)
    market = praised(lambda _: longest, order=False)

    kept = market.seller().review_circle
    assert kept is not None
    assert [known.seller_id for known in kept.praised] == [longest[0], longest[2]]
    assert features(market)["review_circle"] > 0.5


def test_one_person_who_praises_again_and_again_is_one() -> None:
    assert features(praised(lambda _: RING, order=False, own=1))["review_circle"] == 0.0


def test_what_no_praise_is_makes_no_circle() -> None:
    assert features(praised(lambda _: RING, order=False, rating=3))["review_circle"] == 0.0


def test_the_circle_fades_when_other_people_praise() -> None:
    market = praised(lambda _: RING, order=False)
    before = features(market)["review_circle"]
    for number in range(20):
        market.happens(ReviewLeft(f"new-{number}", 5, f"order-{number}"), days=1.0)
    market.happens(order_placed())

    assert features(market)["review_circle"] < before / 2
