"""Word lists are checked before they are loaded; new words are shown with the cases they come from."""

from pathlib import Path

import pytest

from detectors.events import ModelPublished, Record, Source, encode_record
from detectors.models.learners import WORDS, Learners
from sellerwatch import words
from streams.errors import SettingsError
from streams.lexicons import lexicon_of
from streams.settings import Settings
from streams.signing import sign
from tests.builders import MONDAY
from tests.detectors.models.test_words_learning import learned

KEY = b"a key to sign models with"


def test_the_sample_that_is_printed_can_be_read_as_a_list(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(words.sample())

    assert words.check([path]).version == lexicon_of(["sample"]).version


def test_a_mistake_in_a_list_is_an_error_of_the_settings_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("term,weight\nzorp,heavy\n")

    with pytest.raises(SettingsError, match=r"own\.csv, line 2: the weight 'heavy'"):
        lexicon_of([str(path)])


def test_own_lists_stand_in_place_of_the_sample_unless_it_is_named_too(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("term,weight\nzorp,0.9\n")

    assert [term.text for term in lexicon_of([str(path)]).terms] == ["zorp"]
    assert len(lexicon_of(["sample", str(path)]).terms) == len(lexicon_of(["sample"]).terms) + 1
    assert lexicon_of([]).terms == ()


def test_candidates_are_those_of_the_last_model_in_a_log_without_what_a_list_has(tmp_path: Path) -> None:
    log, own = tmp_path / "log.jsonl", tmp_path / "own.csv"
    published = learned(Learners.new())
    records = [
        Record(
            0,
            Source("t", 0, n),
            MONDAY,
            f"m{n}",
            MONDAY,
            "",
            ModelPublished(WORDS, each.version, sign(KEY, each.publication)),
        )
        for n, each in enumerate(published)
    ]
    log.write_bytes(b"\n".join(map(encode_record, records)))
    own.write_text("term,weight\nzorpite,0.9\n")

    assert words.candidates(Settings(), log, 10)[0].term == "zorpite"
    assert all(one.term != "zorpite" for one in words.candidates(Settings(lexicons=[str(own)]), log, 10))


def test_without_any_model_nothing_is_proposed(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"")

    assert words.candidates(Settings(), log, 10) == []
