"""Contacts in listings are found however they are spelled; by themselves they stay below the line."""

import pytest

from detectors.language.contacts import contact_hints
from detectors.language.folding import fold_text
from detectors.language.reader import SAMPLE_READER
from tests.detectors.patterns.test_listing_language import listed

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
