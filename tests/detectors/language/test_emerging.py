"""New words of confirmed sellers are proposed; words that everybody uses are not."""

import random

from detectors.language.emerging import BAD_TERMS, CLEAN_TERMS, Emerging, terms_of

COMMON = [f"word{chr(97 + number % 26)}{chr(97 + number // 26)}" for number in range(300)]
TRADE = ["gram", "pure", "batch", "stealth", "top", "new", "shipping", "quality", "fresh", "sample"]


def texts(dice: random.Random, count: int, *words: str) -> list[str]:
    return [f" {' '.join([*dice.choices(COMMON, k=6), *words])} " for _ in range(count)]


def after(confirmed: int, planted: float = 1.0, seed: int = 1) -> Emerging:
    """Clean texts, and confirmed sellers of whom a share uses a new word in one of six listings."""
    dice, emerging = random.Random(seed), Emerging()
    for _ in range(4_000):
        emerging.learn(texts(dice, 1, dice.choice([*TRADE, *COMMON])), bad=False)
    for number in range(confirmed):
        said = texts(dice, 5, *dice.sample(TRADE, 3))
        said += texts(dice, 1, "zorpite") if number < planted * confirmed else []
        emerging.learn(said, bad=True)
    return emerging


def test_a_planted_word_is_among_the_first_ten_after_30_confirmed_cases() -> None:
    for seed in range(5):
        assert "zorpite" in [found.term for found in after(30, seed=seed).candidates(10)]


def test_a_word_that_only_a_third_of_them_use_is_too() -> None:
    assert "zorpite" in [found.term for found in after(30, 1 / 3).candidates(10)]


def test_a_candidate_says_how_many_used_it() -> None:
    (found,) = [found for found in after(30).candidates(10) if found.term == "zorpite"]

    assert (found.confirmed, found.clean) == (30, 0)
    assert 0.0 < found.at_least < found.log_odds


def test_what_two_sellers_use_and_what_is_known_is_not_proposed() -> None:
    assert "zorpite" not in [found.term for found in after(2).candidates(100)]
    assert "zorpite" not in [found.term for found in after(30).candidates(100, known={"zorpite"})]


def test_a_loud_seller_counts_once() -> None:
    emerging = Emerging()
    emerging.learn([" zorpite "] * 50, bad=True)

    assert emerging.bad == {"zorpite": 1}


def test_nothing_is_proposed_before_any_verdict() -> None:
    assert Emerging().candidates() == []
    assert after(0).candidates() == []


def test_memory_is_bounded_and_a_word_that_comes_often_is_kept() -> None:
    dice, emerging = random.Random(1), Emerging()
    for number in range(3_000):
        noise = "".join(dice.choices("abcdefghijkl", k=9))
        emerging.learn([f" zorpite {noise} x{noise} y{noise} z{noise} "], bad=number % 2 == 0)

    assert len(emerging.bad) <= 2 * BAD_TERMS
    assert len(emerging.clean) <= 2 * CLEAN_TERMS
    assert emerging.bad["zorpite"] == 1_500


def test_terms_are_words_and_pairs_without_amounts() -> None:
    assert terms_of(" blue dream 5g x 100 ") == ["blue", "dream", "blue dream"]
    assert "🍄" in terms_of(" 🍄 menu ")


def test_where_all_confirmed_sellers_use_one_word_and_nobody_else_wrote_it_is_proposed() -> None:
    emerging = Emerging()
    for _ in range(5):
        emerging.learn([" zorpite "], bad=True)

    (only,) = emerging.candidates()
    assert (only.term, only.confirmed) == ("zorpite", 5)
    assert only.log_odds > 0.0
