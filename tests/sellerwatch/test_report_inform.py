"""When a seller is a high-volume one, against a count that tries every window."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellerwatch.report.inform import EPOCH, Day, months_before, standing

TODAY = (date(2026, 3, 31) - EPOCH).days


def on(day: date, sales: int = 200, cents: int = 500_000, unrated: int = 0) -> Day:
    return Day((day - EPOCH).days, sales, cents, unrated)


def since(days: list[Day], today: int = TODAY) -> date | None:
    found = standing(days, today).high_volume_since
    return None if found is None else EPOCH + timedelta(days=found)


def slow(days: list[Day], today: int, *, undecided: bool = False) -> bool:
    """Whether any continuous 12 months of the last 24 have both: the words of the Act, tried one by one.

    Args:
        undecided: Sales without a rate are worth as much as is needed.
    """
    now = EPOCH + timedelta(days=today)
    first = months_before(now, 24) + timedelta(days=1)
    for start in range((first - EPOCH).days, today + 1):
        end = (months_before(EPOCH + timedelta(days=start), -12) - EPOCH).days
        within = [each for each in days if start <= each.day < end and each.day <= today]
        worth = undecided and any(d.unrated for d in within)
        if sum(d.sales for d in within) >= 200 and (worth or sum(d.cents for d in within) >= 500_000):
            return True
    return False


def test_both_thresholds_are_needed_within_twelve_months() -> None:
    half = {"sales": 100, "cents": 250_000}

    assert since([on(date(2026, 1, 5))]) == date(2026, 1, 5)
    assert since([on(date(2026, 1, 5), sales=199)]) is None
    assert since([on(date(2026, 1, 5), cents=499_999)]) is None
    assert since([on(date(2025, 2, 1), **half), on(date(2026, 1, 31), **half)]) == date(2026, 1, 31)
    assert since([on(date(2025, 2, 1), **half), on(date(2026, 2, 1), **half)]) is None


def test_it_ends_when_the_sales_are_older_than_two_years_and_begins_anew() -> None:
    old, new = on(date(2023, 6, 1)), on(date(2026, 3, 1))

    assert since([old]) is None
    assert since([old, new]) == date(2026, 3, 1)
    assert since([on(date(2024, 6, 1)), new]) == date(2024, 6, 1)
    assert since([on(date(2024, 3, 31))]) is None
    assert since([on(date(2024, 4, 1))]) == date(2024, 4, 1)


def test_enough_sales_in_currencies_without_a_rate_are_undecided() -> None:
    assert standing([on(date(2026, 1, 5), cents=100, unrated=150)], TODAY).undecided
    assert not standing([on(date(2026, 1, 5), cents=100)], TODAY).undecided
    assert not standing([on(date(2026, 1, 5), unrated=150)], TODAY).undecided


def test_the_undecided_are_looked_for_in_any_twelve_of_the_last_twenty_four_months() -> None:
    half = {"sales": 100, "cents": 0, "unrated": 100}

    assert standing([on(date(2024, 4, 1), cents=100, unrated=1)], TODAY).undecided
    assert not standing([on(date(2024, 3, 31), cents=100, unrated=1)], TODAY).undecided
    assert standing([on(date(2024, 5, 1), **half), on(date(2025, 4, 30), **half)], TODAY).undecided
    assert not standing([on(date(2024, 5, 1), **half), on(date(2025, 5, 1), **half)], TODAY).undecided


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        (date(2024, 2, 29), 12, date(2023, 2, 28)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), -12, date(2025, 2, 28)),
        (date(2026, 1, 15), 24, date(2024, 1, 15)),
    ],
)
def test_months_are_those_of_the_calendar(day: date, months: int, before: date) -> None:
    assert months_before(day, months) == before


@given(
    st.lists(
        st.tuples(st.integers(-1_000, 0), st.integers(1, 150), st.integers(0, 400_000), st.integers(0, 1)),
        max_size=12,
        unique_by=lambda d: d[0],
    )
)
def test_it_agrees_with_trying_every_window(sold: list[tuple[int, int, int, int]]) -> None:
    days = sorted(Day(TODAY + back, sales, cents, unrated) for back, sales, cents, unrated in sold)
    found, passes = standing(days, TODAY), slow(days, TODAY)

    assert (found.high_volume_since is not None) == passes
    assert found.undecided == (not passes and slow(days, TODAY, undecided=True))
