"""Intervals and tests against published or independently computed numbers."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.patterns.catalogue import Catalogue
from sellerwatch.report.grounds import GROUNDS, LEARNED, RULE, ground
from sellerwatch.report.intervals import fisher_greater, holm, interval, rate_ratio
from sellerwatch.report.tables import guarded


def test_fishers_test_is_the_one_of_the_lady_tasting_tea() -> None:
    assert fisher_greater(3, 4, 1, 4) == pytest.approx(17 / 70)
    assert fisher_greater(4, 4, 0, 4) == pytest.approx(1 / 70)


@given(st.integers(0, 20), st.integers(1, 20), st.integers(0, 20), st.integers(1, 20))
def test_fishers_test_is_the_sum_of_the_tables_that_are_as_far_off(a: int, n: int, b: int, m: int) -> None:
    a, b = min(a, n), min(b, m)
    tail = sum(comb(n, k) * comb(m, a + b - k) for k in range(a, min(n, a + b) + 1)) / comb(n + m, a + b)

    assert fisher_greater(a, n, b, m) == pytest.approx(1.0 if a * (n + m) <= (a + b) * n else tail)


def test_holm_corrects_for_the_number_of_tests() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_a_rate_that_doubles_is_seen_as_such_once_there_is_enough_of_it() -> None:
    few, many = rate_ratio(5, 10, 10, 10), rate_ratio(500, 10, 1_000, 10)

    assert few is not None
    assert many is not None
    assert few.value == pytest.approx(2.0)
    assert few.low < 1.0 < 2.0 < (few.high or 0)
    assert 1.7 < many.low < 2.0 < (many.high or 0) < 2.3
    only_after = rate_ratio(0, 10, 5, 10)
    assert only_after is not None
    assert (only_after.value, only_after.high) == (None, None)
    assert only_after.low == pytest.approx(1.3, abs=0.1)
    assert rate_ratio(0, 10, 0, 10) is None
    assert rate_ratio(3, 0, 3, 10) is None


def test_a_share_of_nothing_is_not_known() -> None:
    assert interval(0, 0) == (None, None, None)
    assert interval(1, 2)[0] == 0.5


def test_every_reason_has_a_sentence_for_the_seller() -> None:
    catalogue = Catalogue()
    codes = {term.code for pattern in (*catalogue.seller, catalogue.order) for term in pattern.terms}

    assert codes - GROUNDS.keys() == set()
    assert GROUNDS.keys() - codes == set()
    assert (ground("learned_order_amount"), ground("crypto_abroad")) == (LEARNED, RULE)
    assert not [text for text in GROUNDS.values() if any(char.isdigit() for char in text)]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM", "\t=1", "\r=1", "\n=1", "\uff1d1", "  =1"])
def test_a_cell_that_might_be_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert guarded(cell) == "'" + cell
    assert guarded(-1.5) == "-1.5"
    assert guarded("a=1") == "a=1"
