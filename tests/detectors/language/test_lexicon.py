"""Terms are found however they are spelled, and left alone where other words make them harmless."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.language.folding import fold_text
from detectors.language.lexicon import NAMED, Lexicon, LexiconError, Words, sample_lexicon
from simulator.dice import Dice
from simulator.disguises import DISGUISES

SAMPLE = sample_lexicon()
NAMES = [term.text for term in SAMPLE.terms if term.weight >= NAMED and term.text.isascii()]
HEAD = "term,weight,topic,with,without\n"


def read(text: str, lexicon: Lexicon = SAMPLE) -> Words:
    return lexicon.match(fold_text(text))


def terms(text: str, lexicon: Lexicon = SAMPLE) -> list[str]:
    return [found.text for found in read(text, lexicon).found]


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_disguised_term_of_the_sample_is_found_in_19_of_20_cases(disguise: str) -> None:
    dice = Dice(3)
    missed = [
        term
        for term in NAMES
        if not any(term in found or found in term for found in terms(f"New {DISGUISES[disguise](term, dice)} today"))
    ]

    assert len(missed) <= 0.05 * len(NAMES), missed


@given(st.sampled_from(NAMES), st.sampled_from(sorted(DISGUISES)), st.integers(0, 9))
def test_whatever_is_read_stays_within_0_and_1(term: str, disguise: str, seed: int) -> None:
    words = read(f"5g {DISGUISES[disguise](term, Dice(seed))} telegram")

    assert 0.0 <= words.named < 1.0
    assert 0.0 <= words.hinted < 1.0


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    words = read(text)

    assert all(0.0 < found.weight < 1.0 for found in words.found)


def test_a_name_within_another_word_is_no_name() -> None:
    assert terms("Something methodical, a cokernel and a demandable thing") == []


def test_a_hint_counts_fully_only_beside_the_words_it_needs() -> None:
    alone, beside = read("weed"), read("weed 5g")

    assert 0.0 < alone.hinted < 0.2
    assert alone.named == 0.0
    assert beside.named >= NAMED


@pytest.mark.parametrize(
    "harmless",
    [
        "Garden weed killer 5 oz",
        "Coca-Cola coke zero can",
        "Cocaine: an unauthorized biography, paperback book",
        "Corned beef hash browns, frozen",
        "Fentanyl test strips",
        "Counterfeit money detector pen",
        "Sunglasses without prescription lenses",
    ],
)
def test_words_beside_it_make_a_term_harmless(harmless: str) -> None:
    assert read(harmless).named == 0.0


def test_research_material_alone_is_a_slight_hint() -> None:
    words = read("Research material, 10 pieces")

    assert words.named == 0.0
    assert 0.0 < words.hinted <= 0.2


def test_numbers_beside_a_word_are_not_read_as_its_letters() -> None:
    assert terms("heroin #3") == ["heroin"]
    assert terms("M3 TH 0 bolt") == []
    assert terms("15D batteries") == []


def test_a_part_of_a_longer_term_does_not_count_again() -> None:
    assert terms("crystal meth") == ["crystal meth"]


def test_drawn_out_and_masked_letters_are_read() -> None:
    assert terms("COCAIIIINE") == ["cocaine"]
    assert terms("c*caine") == ["cocaine"]


def test_a_list_is_read_with_groups_comments_and_quoted_cells(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(f'# ours\n{HEAD}@box,,,carton|"crate",\nblue widget,0.9,widgets,,@box\n\nzorp,0.4,,#kg,\n')
    own = Lexicon.read(path)

    assert terms("Blue widgets", own) == ["blue widget"]
    assert terms("blue widget, crate", own) == []
    assert read("2 kg zorp", own).named >= NAMED
    assert read("zorp", own).named == 0.0


def test_units_alone_beside_a_term_are_not_a_lone_s_and_may_be_capitals() -> None:
    own = Lexicon.parse(f"{HEAD}zorp,0.5,,#G|#mg,\n")

    assert read("men's zorp", own).named == 0.0
    assert read("zorp 5g", own).named >= NAMED


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no terms"),
        (f"{HEAD}zorp,heavy,,,\n", "line 2: the weight 'heavy'"),
        (f"{HEAD}zorp,0,,,\n", "line 2: the weight '0'"),
        (f"{HEAD}\n\nx,0.5,,,\n", "line 4: the term 'x' is a single letter"),
        (f"{HEAD}!!,0.5,,,\n", "line 2: the term '!!' has no letters"),
        (f"{HEAD}zorp,0.5,,@boxes,\n", "line 2: there is no group @boxes. Add a line '@boxes,,,word.word,'.$"),
        (f"{HEAD}@box,,,,\nzorp,0.5,,@box,\n", "line 2: the group @box has no words"),
        (f"{HEAD}@box,,,crate,\n@all,,,@box|bag,\nzorp,0.5,,@all,\n", "line 3: the group @all names another group"),
        (f'{HEAD}zorp,0.5,"goods,,\nblip,0.5,,,\n', "line 3: unexpected end of data. Close every quote"),
        (f"{HEAD}zorp,0.5,{'x' * 140_000},,\n", "line 2: field larger than field limit"),
        ("word,weight\nzorp,0.5\n", "line 1: column 'word'. Write the header term,weight"),
        ("term\nzorp,0.5\n", "line 2: 2 cells under 1 columns. Put a cell with a comma in double quotes"),
    ],
)
def test_a_mistake_in_a_list_is_told_with_its_line_and_what_to_write(text: str, says: str) -> None:
    csv.field_size_limit(131_072)  # of the whole process: readers of sanction lists allow more
    with pytest.raises(LexiconError, match=says.replace("(", r"\(")) as raised:
        Lexicon.parse(text, "own.csv")
    assert str(raised.value).startswith("own.csv")


def test_a_list_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary.csv").write_bytes(b"term\n\xff\xfe")
    for name, says in (("none.csv", "No such file"), ("binary.csv", "not UTF-8 at byte 5")):
        with pytest.raises(LexiconError, match=says):
            Lexicon.read(tmp_path / name)


def test_the_version_changes_with_a_term_a_weight_or_a_group_and_nothing_else() -> None:
    base = Lexicon.parse(f"{HEAD}@box,,,crate,\nzorp,0.5,,,@box\nblarg,0.6,,,\n")
    swapped = Lexicon.parse(f"{HEAD}blarg,0.6,,,\nzorp,0.5,,,@box\n@box,,,crate,\n", "other name")
    heavier = Lexicon.parse(f"{HEAD}@box,,,crate,\nzorp,0.6,,,@box\nblarg,0.6,,,\n")
    regrouped = Lexicon.parse(f"{HEAD}@box,,,carton,\nzorp,0.5,,,@box\nblarg,0.6,,,\n")

    assert base.version == swapped.version
    assert len({base.version, heavier.version, regrouped.version}) == 3


def test_joined_lists_find_the_terms_of_each_and_keep_the_heavier_weight() -> None:
    light, heavy = Lexicon.parse(f"{HEAD}zorp,0.3,,,\n"), Lexicon.parse(f"{HEAD}Zorp,0.8,,,\nblarg,0.7,,,\n")
    joined = Lexicon.joined(light, heavy)

    assert read("zorp", joined).named == read("zorp", heavy).named
    assert terms("blarg", joined) == ["blarg"]
