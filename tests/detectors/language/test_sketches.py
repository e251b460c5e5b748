"""Copies are found by their sketches, other pictures and texts are not."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.language.sketches import IMAGE, TEXT, image_sketch, names, near, text_sketch

LEATHER = (
    "Handmade leather wallet with six card slots, brass snap and hand stitched edges. Ships within two days from our "
    "workshop in Porto, gift wrapped on request. Every piece is unique, numbered and signed by the maker."
)
LAMP = (
    "Bedside lamp in brushed steel with a linen shade, dimmable in three steps. The cable is two metres long and has "
    "a switch in the middle. Bulb not included. Wipe with a dry cloth, do not use solvents or abrasive sponges."
)
hashes = (
    st.integers(0, 2**64 - 1).map(lambda bits: f"{bits:016x}").filter(lambda sketch: image_sketch(sketch) is not None)
)


@given(hashes, st.lists(st.integers(0, 63), max_size=3, unique=True))
def test_pictures_that_differ_in_up_to_three_bits_share_a_name_and_are_near(sketch: str, flips: list[int]) -> None:
    other = f"{int(sketch, 16) ^ sum(1 << bit for bit in flips):016x}"

    assert set(names(IMAGE, sketch)) & set(names(IMAGE, other))
    assert near(IMAGE, sketch, other)


def test_a_longer_hash_is_compared_in_full_and_found_by_a_part() -> None:
    dice = random.Random(4)
    sketch = f"{dice.getrandbits(256):064x}"
    close = f"{int(sketch, 16) ^ 0b1011:064x}"
    far = f"{dice.getrandbits(256):064x}"

    assert near(IMAGE, sketch, close)
    assert not near(IMAGE, sketch, far)
    assert set(names(IMAGE, sketch)) & set(names(IMAGE, close))


def test_unlike_pictures_are_not_near_even_where_they_share_a_name() -> None:
    assert not near(IMAGE, "ffff0000ffff0000", "ffff0000ffff7fff")
    assert not near(IMAGE, "ffff0000ffff0000", "ff" * 32)


@pytest.mark.parametrize("given", ["", "xyz", "00" * 8, "ff" * 8, "abc", "0123456789abcdeg", "phash:zz"])
def test_what_is_no_hash_or_of_an_empty_picture_is_left_out(given: str) -> None:
    assert image_sketch(given) is None


def test_ways_of_writing_a_hash_are_the_same_hash() -> None:
    assert image_sketch("phash:0F0F3C3C5A5A9966") == image_sketch(" 0x0f0f3c3c5a5a9966 ") == "0f0f3c3c5a5a9966"


def test_a_copied_text_is_near_though_words_and_spelling_were_changed() -> None:
    copy = LEATHER.replace("two days", "three days").upper().replace("O", "О")  # noqa: RUF001
    one, other = text_sketch(LEATHER), text_sketch(copy)

    assert one is not None
    assert other is not None
    assert near(TEXT, one, other)
    assert set(names(TEXT, one)) & set(names(TEXT, other))


def test_another_text_is_not_near_and_a_short_one_has_no_sketch() -> None:
    one, other = text_sketch(LEATHER), text_sketch(LAMP)

    assert one is not None
    assert other is not None
    assert not near(TEXT, one, other)
    assert text_sketch("Leather wallet, brown, as new") is None


def test_a_hash_of_48_bits_is_compared_in_proportion() -> None:
    sketch = "f0253107f1c9"
    close, far = f"{int(sketch, 16) ^ 0b101:012x}", f"{int(sketch, 16) ^ 0xFF00:012x}"

    assert image_sketch(sketch) == sketch
    assert set(names(IMAGE, sketch)) & set(names(IMAGE, close))
    assert near(IMAGE, sketch, close)
    assert not near(IMAGE, sketch, far)
