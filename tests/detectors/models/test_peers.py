import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.models.peers import RANKS, RankScale, learn_norm, rank_scores, renew_ranks

shares = st.floats(0, 1)


def norm_after(values: list[float], start: float = 0.2) -> float:
    norm = np.array([start])
    for rows, value in enumerate(values, start=1):
        learn_norm(norm, np.array([value]), rows)
    return float(norm[0])


def rank(scale: RankScale, score: float) -> float:
    return float(scale.ranks(np.zeros(1, np.intp), np.array([score]))[0])


@given(st.lists(shares, max_size=60), shares)
def test_a_norm_stays_a_share(values: list[float], start: float) -> None:
    assert 0 <= norm_after(values, start) <= 1


def test_a_norm_soon_lies_at_what_all_peers_do_and_follows_when_they_change() -> None:
    assert norm_after([0.8] * 30) == pytest.approx(0.8, abs=0.16)
    assert norm_after([0.8] * 300) == pytest.approx(0.8, abs=0.03)
    assert norm_after([0.8] * 20_000 + [0.4] * 2_000) == pytest.approx(0.4, abs=0.02)


def test_a_few_extreme_rows_pull_a_norm_less_than_a_mean() -> None:
    rows = [0.05] * 19 + [1.0]
    assert norm_after(rows * 100) < float(np.mean(rows)) - 0.01


@given(st.lists(shares, min_size=1, max_size=40), st.lists(shares, min_size=1, max_size=40))
def test_ranked_scores_stay_in_order_over_generations(first: list[float], second: list[float]) -> None:
    for ranked in (rank_scores(first), renew_ranks(rank_scores(first), rank_scores(second))):
        assert list(ranked) == sorted(ranked)
        assert min(first + second) <= ranked[0]
        assert ranked[-1] <= max(first + second)


def test_rounding_does_not_put_mixed_ranks_out_of_order() -> None:
    known = (7.075672980305131e-09, *(7.075673003522744e-09,) * (len(RANKS) - 1))
    mixed = renew_ranks(known, (0.5396174484497788,) * len(RANKS))
    assert list(mixed) == sorted(mixed)


def test_a_thousand_even_scores_rank_as_their_share() -> None:
    scale = RankScale([rank_scores([i / 1_000 for i in range(1_000)])])
    for score in (0.05, 0.3, 0.5, 0.77, 0.96, 0.99):
        assert rank(scale, score) == pytest.approx(score, abs=0.002)


def test_many_rows_of_one_score_do_not_rank_at_the_top() -> None:
    scale = RankScale([rank_scores([0.5] * 60 + [0.9] * 40)])
    assert rank(scale, 0.9) <= 0.7
    assert rank(scale, 0.5) <= RANKS[0]
    assert rank(scale, 0.91) > RANKS[-1]


@given(st.lists(shares, min_size=1, max_size=40), st.lists(shares, min_size=2, max_size=30))
def test_ranks_are_shares_that_never_fall(sample: list[float], scores: list[float]) -> None:
    scale = RankScale([rank_scores([0.5]), rank_scores(sample)])
    ranks = scale.ranks(np.ones(len(scores), np.intp), np.array(sorted(scores)))
    assert (np.diff(ranks) >= 0).all()
    assert 0 <= ranks[0] <= ranks[-1] <= 1
