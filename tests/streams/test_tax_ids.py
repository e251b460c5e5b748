"""A tax id is right or wrong where it is a VAT number; of any other, nothing is said."""

import msgspec
import pytest

from detectors.events import SellerRegistered
from streams.privacy import HashKey, Pseudonyms, pseudonymise
from streams.tax_ids import tax_check
from streams.upstream import parse
from tests.upstream import event


@pytest.mark.parametrize(
    "number",
    ["DE136695976", "de 136.695.976", "FR40303265045", "IT00743110157", "ES54362315K", "NL4495445B01", "EL094259216"],
)
def test_vat_numbers_of_the_union_are_right_however_they_are_written(number: str) -> None:
    assert tax_check(number) == "right"


@pytest.mark.parametrize("number", ["DE136695977", "FR41303265045", "IT00743110158", "ES54362315L", "PL8567346216"])
def test_one_wrong_digit_is_seen(number: str) -> None:
    assert tax_check(number) == "wrong"


@pytest.mark.parametrize(
    "number", ["", "136695976", "DE12345678901", "93/815/08152", "US123456789", "GB123456789", "12-3456789", "ßß\x00"]
)
def test_other_numbers_of_a_state_are_neither(number: str) -> None:
    assert tax_check(number) is None


@pytest.mark.parametrize(("number", "said"), [("lv 328673-00677", None), ("LV40003521601", "wrong")])
def test_a_latvian_person_s_number_is_never_wrong_since_nobody_says_how_it_is_checked(number: str, said: str) -> None:
    assert tax_check(number) == said


@pytest.mark.parametrize(("given", "said"), [("DE136695977", "wrong"), ("DE136695976", "right"), (None, None)])
def test_the_log_has_the_check_beside_the_hash_and_not_what_upstream_says_of_it(given: str, said: str) -> None:
    read = parse(msgspec.json.encode(event("seller.registered", tax_id=given, tax_check="right")))
    body, _ = pseudonymise(read.body, Pseudonyms([HashKey("k1", b"a secret of some length")]))

    assert isinstance(body, SellerRegistered)
    assert body.tax_check == said
    assert body.tax_id is None or body.tax_id.startswith("k1:")
