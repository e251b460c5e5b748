"""Text is folded to the letters that a reader sees."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detectors.language.folding import canonical, fold_text, skeleton, skeleton_places


@pytest.mark.parametrize(
    "written",
    [
        "COCAINE",
        "ｃｏｃａｉｎｅ",  # noqa: RUF001
        "\u0441\u043e\u0441\u0430\u0456n\u0435",
        "c\u200bo\u200dca\u00adine",
        "coca\u0308ine",
        "c\u0336o\u0336c\u0336a\u0336i\u0336n\u0336e\u0336",
        "ᴄᴏᴄᴀɪɴᴇ",
        "ⓒⓞⓒⓐⓘⓝⓔ",
        "🅒🅞🅒🅐🅘🅝🅔",
        "𝓬𝓸𝓬𝓪𝓲𝓷𝓮",  # noqa: RUF001
    ],
)
def test_letters_that_look_alike_are_the_same_letter(written: str) -> None:
    assert fold_text(written).plain == " cocaine "


def test_words_stand_apart_by_one_space_whatever_stood_between_them() -> None:
    assert fold_text("Pure--Widget,\t5g\u3000(new)").plain == " pure widget 5g new "


def test_a_flag_beside_a_word_does_not_become_a_part_of_it() -> None:
    assert fold_text("🇨🇴cocaine").plain.endswith(" cocaine ")


def test_other_scripts_keep_their_words() -> None:
    assert fold_text("日本 カメラ").plain == " 日本 カメラ "


@given(st.text())
@example("ﬃ ĳ ㎏ ½")
@example("\ud800")
@example("ͅ")
def test_folding_a_second_time_changes_nothing(text: str) -> None:
    once = fold_text(text).plain
    assert fold_text(once).plain == once


@given(st.text())
def test_every_character_of_a_skeleton_has_its_place_in_the_text(text: str) -> None:
    canon = canonical(text)
    for signs in (True, False):
        bones = skeleton(canon, signs=signs)
        places = skeleton_places(canon, signs=signs)
        assert len(places) == len(bones)
        assert places == sorted(places)


def test_digits_signs_and_separators_are_read_as_the_letters_they_stand_for() -> None:
    assert skeleton(canonical("C0-c@ 1N3")) == "cocaine"
    assert skeleton(canonical("c|o|c"), signs=False) == "coc"
