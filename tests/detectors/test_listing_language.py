"""Listings that name illicit goods alert; hints alone, books and kitchens do not."""

from typing import Any

import pytest

from detectors.events import DAY, Item, ListingPublished
from detectors.facets import states_of
from tests.builders import Market, order_placed, payment, registered
from tests.detectors.test_features import features
from tests.detectors.trades import shop

NAMED = ("MDMA crystals 5g", "Pure c0ca1ne 1 gram, stealth", "Xanax 2mg x 50 pills", "О.G. Kush ½ oz")  # noqa: RUF001
HINTS = ("Molly dolls", "Snow shovel, acid blue", "Weed", "Crack repair, hash table", "Kratom tea", "Skunk", "Plug")


def listed(*titles: str, market: Market | None = None, days: float = 0.3, **fields: Any) -> Market:
    """A seller's listings, one after the other."""
    if market is None:
        market = Market()
        market.happens(registered(verification="pending"))
    for title in titles:
        market.happens(ListingPublished(f"listing-{market.now}", title=title, **fields), days=days)
    return market


def test_listings_that_name_the_goods_alert_and_say_which_words_counted() -> None:
    market = listed(*NAMED)

    assert market.patterns() == ["listing_language"]
    alert = market.effects.alerts[0]
    assert alert.reasons[0].code == "named_goods"
    assert "mdma" in alert.reasons[0].text
    assert abs(sum(reason.contribution for reason in alert.reasons) - alert.score) < 1e-9


def test_one_such_title_is_not_enough() -> None:
    assert listed(NAMED[0]).patterns() == []


def test_orders_of_such_goods_count_as_listings_do() -> None:
    market = shop(3)
    for number in range(8):
        item = Item(1, 3_900, title="Heroin #3, 1g")
        market.happens(order_placed(buyer_id=f"b-{number}", items=(item,)), days=0.2)

    assert "listing_language" in market.patterns()


def test_a_disguised_name_is_read_in_a_description_too() -> None:
    market = listed(*["Garden gnome"] * 6, description="Ask for f e n t a n y l or 0xycod0ne, tested, no cut")

    assert market.patterns() == ["listing_language"]


def test_hints_raise_the_score_and_never_alert_alone_whatever_their_number() -> None:
    market = listed(*(HINTS * 6))

    assert market.patterns() == []
    assert 0.0 < market.risk() < 0.7


def test_research_material_alone_never_alerts() -> None:
    market = listed(*["Research material, 10 pieces"] * 40)

    assert market.patterns() == []
    assert market.risk() < 0.4


@pytest.mark.parametrize(
    "titles",
    [
        ("Cocaine: a novel, paperback", "History of opium, hardcover book", "Heroin chic poster", "Meth drug test kit"),
        ("Weed killer 5 l", "Lawn weed and feed", "Weed barrier fabric 5 oz", "Garden pot", "Grass seed 5 kg"),
        ("Hash browns 500 g", "Coke zero 330 ml can", "Crab pot pie", "Mushroom soup 400 g", "Poppy seed bagels"),
        ("Fentanyl test strips", "Counterfeit money detector pen", "Lab acid wash jeans", "Crystal glass set"),
    ],
    ids=["books", "garden", "kitchen", "tests"],
)
def test_a_shop_whose_goods_only_sound_so_is_left_alone(titles: tuple[str, ...]) -> None:
    market = listed(*(titles * 5))

    assert market.patterns() == []
    assert market.risk() < 0.35


def test_one_such_listing_among_many_others_is_left_alone() -> None:
    market = listed(*[f"Oak shelf {number}" for number in range(30)], NAMED[0])

    assert market.patterns() == []


def test_a_seller_whose_texts_say_nothing_has_no_state() -> None:
    market = listed("Oak shelf", "Pine shelf", market=shop(5))

    assert market.seller().wording is None
    assert all(state is None or type(state).__name__ != "Wording" for state in states_of(market.seller()))


def test_after_other_listings_the_share_falls_again() -> None:
    market = listed(NAMED[0])
    high = features(market)["words_named"]
    listed(*["Oak shelf"] * 20, market=market)

    assert features(market)["words_named"] < 0.2 * high


def test_the_same_words_behind_crypto_weigh_more() -> None:
    plain, crypto = listed(NAMED[0]), listed(NAMED[0])
    for market, method in ((plain, "card"), (crypto, "crypto")):
        for _ in range(4):
            market.happens(payment(method=method), days=0.1)

    assert crypto.risk() > plain.risk()
    assert market.now > DAY
