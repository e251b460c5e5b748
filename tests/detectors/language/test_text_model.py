"""The text model starts empty, learns from verdicts, and scores the same everywhere."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.language.folding import fold_text
from detectors.language.ngrams import READ, TABLE, ngrams
from detectors.language.text_learner import TextLearner
from detectors.language.text_model import (
    LEAST_BAD_SELLERS,
    LEAST_CLEAN,
    MAX_SNAPSHOT,
    TextModel,
    TextModelError,
)

THINGS = [
    "oak shelf",
    "linen lamp",
    "garden chair",
    "steel bottle",
    "wool scarf",
    "toy train",
    "tea pot",
    "desk mat",
    "rain coat",
    "bike bell",
]
WORDS = ["grade a", "fresh batch", "top quality", "limited drop", "new menu", "next day"]


def clean_texts(count: int, seed: int = 1) -> list[str]:
    dice = random.Random(seed)
    return [
        fold_text(f"{dice.choice(THINGS)} no {dice.randrange(500)} {dice.choice(THINGS)}").plain for _ in range(count)
    ]


def bad_texts(count: int, seed: int = 2) -> list[str]:
    """Coded listings: no list has their word."""
    dice = random.Random(seed)
    return [
        fold_text(f"zorpite {dice.choice(WORDS)} {dice.randrange(9) + 1}g {dice.choice(WORDS)}").plain
        for _ in range(count)
    ]


def taught(sellers: int = 20, clean: int = 2_000) -> TextLearner:
    learner = TextLearner()
    verdicts = [(text, False) for text in clean_texts(clean)]
    step = max(len(verdicts) // max(sellers, 1), 1)
    for number in range(sellers):
        verdicts.insert(number * step, (f"seller {number}", True))
    for text, bad in verdicts:
        if bad:
            learner.learn_seller(bad_texts(4, seed=int(text.split()[1]) + 10), bad=True)
        else:
            learner.learn_one(text, bad=False)
    return learner


def model_of(learner: TextLearner) -> TextModel:
    return TextModel.from_snapshot(learner.snapshot(), "words-1")


def share_above(model: TextModel, texts: Sequence[str], level: float) -> float:
    return float((model.score_many(texts) >= level).mean())


def test_without_anything_learned_it_has_no_opinion() -> None:
    assert not TextModel().ready
    assert TextModel().score_many(bad_texts(3)).tolist() == [0.0] * 3


@pytest.mark.parametrize(("sellers", "clean"), [(LEAST_BAD_SELLERS - 1, 1_000), (50, LEAST_CLEAN - 1)])
def test_with_too_few_of_either_kind_it_has_no_opinion_yet(sellers: int, clean: int) -> None:
    model = model_of(taught(sellers, clean))

    assert not model.ready
    assert share_above(model, bad_texts(50), 0.01) == 0.0


def test_sellers_confirmed_at_once_give_no_opinion_before_clean_texts_have_measured_it() -> None:
    learner = TextLearner()
    for text in clean_texts(1_000):
        learner.learn_one(text, bad=False)
    for seed in range(10):
        learner.learn_seller(bad_texts(4, seed=seed + 10), bad=True)
    assert not model_of(learner).ready

    for text in clean_texts(LEAST_CLEAN, seed=97):
        learner.learn_one(text, bad=False)
    assert model_of(learner).ready
    assert share_above(model_of(learner), clean_texts(2_000, seed=98), 0.5) <= 0.05
    assert share_above(model_of(learner), bad_texts(200, seed=99), 0.9) >= 0.95


def test_after_some_verdicts_it_knows_new_listings_of_that_kind_and_leaves_others_alone() -> None:
    model = model_of(taught())

    assert share_above(model, bad_texts(200, seed=99), 0.9) >= 0.95
    assert share_above(model, clean_texts(2_000, seed=98), 0.5) <= 0.03


def test_a_score_is_the_same_alone_and_in_a_batch() -> None:
    model, texts = model_of(taught(8, 400)), [*bad_texts(20), *clean_texts(20)]

    assert model.score_many(texts).tolist() == [model_of(taught(8, 400)).score(text) for text in texts]


def test_equal_learners_give_equal_bytes_and_a_restored_one_goes_on_where_it_stood() -> None:
    learner = taught(8, 400)
    restored = TextLearner.restore(learner.state())
    for each in (learner, restored):
        each.learn_seller(bad_texts(3, seed=77), bad=True)
        each.learn_one(clean_texts(1, seed=76)[0], bad=False)

    assert restored.state() == learner.state()
    assert restored.snapshot() == learner.snapshot()


def test_a_snapshot_stays_small_however_much_was_learned() -> None:
    dice = random.Random(1)
    learner = TextLearner()
    for number in range(3_000):
        text = "".join(dice.choices("abcdefghijklmnop ", k=80))
        learner.learn_one(f" {text.strip()} ", bad=number % 2 == 0)

    assert len(learner.snapshot()) < MAX_SNAPSHOT


def test_a_repeated_text_of_one_seller_counts_once() -> None:
    learner = TextLearner()
    learner.learn_seller([" zorpite ", " zorpite ", "  "], bad=True)

    assert (learner.bad, learner.bad_sellers) == (1, 1)


@pytest.mark.parametrize("damage", [b"", b"SWTX\x01", b"SWTX\x02abc", b"SWTX\x01abcdef"])
def test_what_is_no_snapshot_is_refused(damage: bytes) -> None:
    with pytest.raises(TextModelError):
        TextModel.from_snapshot(damage, "words-1")
    with pytest.raises(TextModelError):
        TextLearner.restore(damage)


def test_a_cut_snapshot_is_refused() -> None:
    packed = taught(5, 300).snapshot()
    with pytest.raises(TextModelError, match="damaged"):
        TextModel.from_snapshot(packed[:-7], "words-1")


def test_learning_a_seller_s_texts_changes_nothing_in_what_was_published_before() -> None:
    learner = taught(8, 400)
    model, text = model_of(learner), bad_texts(1)[0]
    before = model.margin(text)
    learner.learn_seller(bad_texts(20, seed=5), bad=True)

    assert model.margin(text) == before


@given(st.text(max_size=400))
def test_every_text_has_its_places_in_the_table(text: str) -> None:
    places = ngrams(fold_text(text).plain)

    assert places.tolist() == sorted(set(places.tolist()))
    assert all(0 <= place < TABLE for place in places)
    assert len(places) <= 6 * READ


def test_ngrams_stay_within_words() -> None:
    apart = set(ngrams(" ab cd ").tolist())
    joined = set(ngrams(" abcd ").tolist())

    assert set(ngrams(" ab ").tolist()) <= apart
    assert not set(ngrams(" ab ").tolist()) <= joined
