"""Listings that name illicit goods alert; hints alone, books and kitchens do not."""

from typing import Any

import pytest

from detectors.events import DAY, Item, ListingPublished, Place
from detectors.patterns.facets import states_of
from tests.builders import Market, order_placed, payment, registered
from tests.detectors.patterns.test_features import features
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

    assert set(market.patterns()) == {"listing_language"}
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


def test_three_different_titles_that_name_goods_are_enough_among_a_dozen_that_do_not() -> None:
    others = [f"HONEY {number} gr." for number in range(10)]
    several = listed(*others[:5], "2 gr. MDMA powder", "1 gr. MDMA powder", *others[5:], "0,5 gr. MDMA powder")
    again = listed(*others[:5], "2 gr. MDMA powder", "2 gr. MDMA powder", *others[5:], "2 gr. MDMA powder")

    assert several.risk() > again.risk() + 0.1
    said = {reason.code: reason.text for reason in several.effects.decisions[-1].reasons}
    assert said["several_titles"].startswith("3 different titles name goods")


def hinting_trade(title: str, *, verification: str, varied: bool) -> Market:
    """Two dozen orders of one good, by a circle or by ever new buyers."""
    market = Market()
    market.happens(registered(verification=verification), days=60 if varied else 1)
    for number in range(24):
        amount, buyer = (1_500 + 777 * (number % 9), number) if varied else (3_900, number % 7)
        item = Item(1, amount, title=title)
        place = None if varied else Place("AT" if number % 4 else "DE")
        order = order_placed(buyer_id=f"b-{buyer}", amount_minor=amount, items=(item,), ship_to=place)
        market.happens(order, days=0.5)
    return market


def test_hints_alert_together_with_small_repeated_orders_of_an_account_that_nobody_knows() -> None:
    unknown, innocent, varied = (
        hinting_trade("Kratom tea", verification="none", varied=False),
        hinting_trade("Oak shelf", verification="none", varied=False),
        hinting_trade("Kratom tea", verification="verified", varied=True),
    )

    assert set(unknown.patterns()) == {"listing_language"}
    assert innocent.patterns() == []
    assert varied.patterns() == []
    said = {reason.code for reason in unknown.effects.alerts[0].reasons}
    assert {"hinted_goods", "words_and_small_trade", "account_behind_listings"} <= said


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
