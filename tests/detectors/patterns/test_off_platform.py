"""Contacts in listings are found however they are spelled; by themselves they stay below the line."""

import pytest

from detectors.events import DAY, ListingPublished
from detectors.language.contacts import contact_hints
from detectors.language.folding import fold_text
from detectors.language.reader import SAMPLE_READER
from tests.builders import Market, registered
from tests.detectors.patterns.test_features import features
from tests.detectors.patterns.test_listing_language import listed
from tests.detectors.trades import Trade

CONTACTS = (
    "Telegram: @snowman99",
    "message me on Wickr",
    "add us on T e l e g r a m",
    "wh@tsapp me +49 151 2345 6789",
    "t.me/bestshop",
    "john (at) proton (dot) me",
    "call 0151 2345 6789",
    "0 1 5 1 2 3 4 5 6 7 8",
    "zero one five one two three four five",
    "тelegram me: shop",
    "DM for menu",
)
HARMLESS = (
    "Vintage telegram 1912, postcard",
    "Signal booster for wifi",
    "Discord-blue hoodie",
    "EAN 4006381333931",
    "ISBN 978-3-16-148410-0",
    "Size 10 20 30 40 50 60 70",
    "50 % off @ the fair",
    "Contact lenses, phone case, text book",
    "Screws 4x40 mm, 200 pieces",
)


@pytest.mark.parametrize("text", CONTACTS)
def test_a_contact_is_found(text: str) -> None:
    assert SAMPLE_READER.title(f"Nice lamp. {text}").contact >= 0.5


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_one_is_not(text: str) -> None:
    assert SAMPLE_READER.title(text).contact <= 0.15


def test_plain_text_is_not_searched_further() -> None:
    assert contact_hints(fold_text("Organic strawberry yogurt")) == []


def test_a_service_number_in_every_listing_stays_below_the_line() -> None:
    market = listed(*["Lamp, questions? call 0151 2345 6789"] * 30)

    assert market.patterns() == []
    assert 0.2 < market.risk() < 0.7


def test_with_hints_at_illicit_goods_it_alerts_and_names_the_contact() -> None:
    market = listed(*["Kratom and shrooms menu, telegram: @snowman99, research chemicals"] * 10)

    assert market.patterns() != []
    assert any("messenger" in reason.text for reason in market.effects.alerts[0].reasons)


def leads_off(text: str, method: str, **account: str) -> Market:
    """Two listings with a contact in their descriptions, then orders whose titles leave it out."""
    trade = Trade()
    trade.market.happens(registered(**account))
    for title in ("Ceramic vase", "Table lamp"):
        trade.market.happens(ListingPublished(title, title=title, description=f"{title}. {text}"))
    for number in range(12):
        trade.order(2_000 + 300 * number, f"buyer-{number}", days=0.4, method=method if number % 2 else "card")
    return trade.market


def test_titles_that_are_sold_do_not_wash_a_contact_out_of_the_descriptions() -> None:
    market = leads_off("20 % off, order via telegram @lampman99", "crypto", verification="none")

    assert features(market)["contact_hints"] > 0.3
    assert "contact_and_payment" in {reason.code for alert in market.effects.alerts for reason in alert.reasons}


def test_a_verified_shop_of_some_age_with_a_service_number_may_take_coins() -> None:
    trade = Trade(Market(), seed=2)
    trade.market.happens(registered())
    trade.market.now += 200 * DAY
    for number in range(30):
        trade.market.happens(ListingPublished(f"{number}", title="Lamp", description="Questions? call 0151 2345 6789"))
        trade.order(1_000 + 200 * number, f"b-{number}", days=0.4, method="crypto" if number % 5 < 2 else "card")

    assert trade.market.effects.alerts == []
