"""Copies of a banned seller's listings alert; a maker's picture that all resellers show does not."""

from detectors.events import ListingPublished, OtherSeller, Sighting
from detectors.language.sketches import IMAGE, TEXT
from tests.builders import MONDAY, Market, registered
from tests.detectors.patterns.test_features import features


def copied(kind: str, *of: str, status: str = "", sellers: int | None = None) -> Sighting:
    others = tuple(OtherSeller(seller, MONDAY, "seller", status) for seller in of)  # type: ignore[arg-type]
    return Sighting(kind, "00ff" * 4, "seller", events=3, sellers=sellers or len(of), others=others)


def publishes(market: Market, times: int, *seen: Sighting) -> Market:
    for number in range(times):
        body = ListingPublished(f"l-{number}", title="Lamp", description="d", image_hashes=("00ff" * 4,))
        market.happens(body, *seen, days=0.2)
    return market


def newcomer() -> Market:
    market = Market()
    market.happens(registered(verification="pending"))
    return market


def test_pictures_and_texts_of_a_banned_seller_alert_and_name_it() -> None:
    market = publishes(newcomer(), 5, copied(IMAGE, "hydra", status="banned"), copied(TEXT, "hydra", status="banned"))

    assert "listing_reuse" in market.patterns()
    assert any("hydra" in reason.text for reason in market.effects.alerts[0].reasons)


def test_copies_of_a_seller_in_good_standing_raise_the_score_and_do_not_alert() -> None:
    market = publishes(newcomer(), 20, copied(IMAGE, "maker"), copied(TEXT, "maker"))

    assert market.patterns() == []
    assert 0.2 < market.risk() < 0.7


def test_a_stock_picture_that_hundreds_show_says_nothing() -> None:
    market = publishes(newcomer(), 20, copied(IMAGE, "maker", sellers=300))

    assert features(market)["images_reused"] < 0.01
    assert market.risk() < 0.1


def test_one_s_own_pictures_and_none_at_all_say_nothing() -> None:
    market = publishes(publishes(newcomer(), 5, copied(IMAGE, "seller-1")), 5)

    assert market.seller().copies is None
