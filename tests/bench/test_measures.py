import numpy as np
import pytest

from bench.replays.measures import Ranking


def ranking(score: list[float], bad: list[int], card: list[int] | None = None, day: list[int] | None = None) -> Ranking:
    size = len(score)
    return Ranking(
        np.array(score),
        np.array(bad) == 1,
        np.array(card or range(size), np.int64),
        np.array(day or [0] * size, np.int64),
    )


def test_roc_auc_is_the_share_of_pairs_in_order_and_ties_count_half() -> None:
    # pairs (bad, good): .9>.5, .9>.1, .5=.5, .5>.1
    assert ranking([0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0]).roc_auc() == pytest.approx(3.5 / 4)


def test_average_precision_takes_tied_scores_together() -> None:
    # at .9: precision 1, recall 1/2; at .5: precision 2/3, recall 1
    assert ranking([0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0]).average_precision() == pytest.approx(1 / 2 + 2 / 6)


def test_all_scores_equal_say_nothing() -> None:
    flat = ranking([0.0] * 10, [1, 0, 0, 0, 0, 0, 0, 0, 1, 0])

    assert flat.roc_auc() == pytest.approx(0.5)
    assert flat.average_precision() == pytest.approx(0.2)


def test_measures_agree_with_counting_pairs_and_steps_one_by_one() -> None:
    rng = np.random.default_rng(5)
    score, bad = rng.integers(0, 40, 500) / 40, rng.random(500) < 0.1
    measured = ranking(score.tolist(), bad.astype(int).tolist())

    pairs = np.sign(score[bad][:, None] - score[~bad][None, :])
    steps = [bad[score >= at].mean() * bad[score == at].sum() for at in np.unique(score)]
    assert measured.roc_auc() == pytest.approx((pairs.mean() + 1) / 2)
    assert measured.average_precision() == pytest.approx(sum(steps) / bad.sum())


def test_card_precision_ranks_cards_by_their_highest_score() -> None:
    # card 1: .9 genuine and .1 fraud, so bad at .9; card 2: .8 fraud; card 3: .7 genuine
    day = ranking([0.9, 0.1, 0.8, 0.7], [0, 1, 1, 0], card=[1, 1, 2, 3])

    assert day.card_precision(top=1) == 1.0
    assert day.card_precision(top=4) == 0.5


def test_a_card_found_one_day_is_out_of_the_next_days() -> None:
    days = ranking([0.9, 0.5, 0.9, 0.5], [1, 0, 1, 1], card=[1, 2, 1, 2], day=[0, 0, 1, 1])

    assert days.card_precision(top=1) == 1.0  # card 1 on the first day, then card 2
