"""Money in sentences and in rough comparison."""

import pytest

from detectors.decision import say_time
from detectors.events import SECOND
from detectors.money import say_money, unit
from tests.builders import MONDAY


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        (3_900, "EUR", "EUR 39.00"),
        (5, "EUR", "EUR 0.05"),
        (3_900, "JPY", "JPY 3900"),
        (1_234, "KWD", "KWD 1.234"),
        (150_000, "BTC", "BTC 0.00150000"),
        (10**15, "EUR", "EUR 10000000000000.00"),
        (10**15 - 1, "XXX", "XXX 9999999999999.99"),
    ],
)
def test_amounts_are_said_exactly(amount: int, currency: str, said: str) -> None:
    assert say_money(amount, currency) == said


def test_a_satoshi_a_yen_and_a_cent_are_compared_by_what_they_are_worth() -> None:
    assert unit("EUR").worth == 0.01
    assert unit("JPY").worth == pytest.approx(0.008)
    assert unit("BTC").worth == pytest.approx(0.0006)


def test_currencies_keep_their_price_marks_apart() -> None:
    marks = {unit(currency).first_mark for currency in ("EUR", "USD", "GBP", "JPY", "BRL", "SEK", "BTC")}

    assert len(marks) == 7
    assert all(mark >= 0x10000 and mark + 4096 <= 0x110000 for mark in marks)


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (MONDAY, "2026-03-02T00:00:00Z"),
        (MONDAY + 59 * SECOND + 123_000, "2026-03-02T00:00:59.123000Z"),
        (0, "1970-01-01T00:00:00Z"),
        (253_402_300_799 * SECOND, "9999-12-31T23:59:59Z"),
    ],
)
def test_times_are_rfc_3339_in_utc(time: int, said: str) -> None:
    assert say_time(time) == said
