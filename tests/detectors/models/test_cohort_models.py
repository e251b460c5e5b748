"""The reader: river's scores, ranked among peers, for whole batches at once."""

import random

import numpy as np
import pytest
from river.anomaly import HalfSpaceTrees

from detectors.models.cohorts import CohortLearner, CohortModels, SnapshotError
from tests.detectors.models.test_cohorts import learner_of, models_of
from tests.detectors.rows import FEATURES, honest_features, illicit_features, row, traffic

COHORT = "consumer|toys|2"


def honest(seed: int, count: int) -> np.ndarray:
    random_ = random.Random(seed)
    return np.array([honest_features(random_) for _ in range(count)])


def illicit(seed: int, count: int) -> np.ndarray:
    random_ = random.Random(seed)
    return np.array([illicit_features(random_) for _ in range(count)])


def auc(higher: np.ndarray, lower: np.ndarray) -> float:
    """The chance that one of `higher` scores above one of `lower`."""
    above = (higher[:, None] > lower).mean()
    return float(above + (higher[:, None] == lower).mean() / 2)


def test_scores_equal_those_of_a_river_model_that_learned_the_same_rows() -> None:
    rows = list(traffic(1, 1_400))
    trees = ("rebuy", "count", "equal")
    learner = CohortLearner(FEATURES, tree_features=trees, seller_share=1.0)
    rivers = {name: HalfSpaceTrees(20, 6, 250, seed=7) for name in ("all", "consumer|toys")}
    for each in rows:
        learner.learn_one(each)
        x = {name: each.features[FEATURES.index(name)] for name in trees}
        rivers["all"].learn_one(x)
        if "toys" in each.cohort:
            rivers["consumer|toys"].learn_one(x)

    models, batch = models_of(learner), honest(2, 300)
    for cohort, river in rivers.items():
        expected = [river.score_one(dict(zip(FEATURES, x, strict=True))) for x in batch.tolist()]
        assert models.raw([cohort] * 300, batch).tolist() == expected


def test_an_opinion_depends_on_nothing_else_in_the_batch() -> None:
    models = models_of(learner_of(traffic(3, 6_000)))
    cohorts = [f"consumer|{c}|{band}" for c in ("toys", "books", "nothing") for band in range(2, 5)] * 20
    batch = honest(4, len(cohorts))
    batch[7, 1] = np.nan
    whole = models.anomaly(cohorts, batch)
    one_by_one = [models.anomaly([c], batch[i : i + 1])[0] for i, c in enumerate(cohorts)]
    assert np.array(one_by_one).tobytes() == whole.tobytes()
    assert len(set(whole.tolist())) > 100


def test_the_prior_has_no_opinion_but_norms() -> None:
    models = CohortModels.prior(FEATURES, {"equal": 0.05})
    assert np.isnan(models.anomaly([COHORT, "all"], honest(5, 2))).all()
    assert models.norm(COHORT) == (0.2, 0.2, 0.05, 0.2, 0.2)
    assert models.norms([COHORT, ""]).tolist() == [[0.2, 0.2, 0.05, 0.2, 0.2]] * 2
    assert models.version == "prior"


@pytest.mark.parametrize("rows", [0, 100, 249, 300])
def test_models_that_have_seen_too_little_have_no_opinion(rows: int) -> None:
    assert np.isnan(models_of(learner_of(traffic(6, rows))).anomaly([COHORT], honest(7, 1))).all()


def test_a_first_snapshot_already_has_an_opinion_on_every_row() -> None:
    learner = CohortLearner(FEATURES)
    for each in traffic(8, 5_000):
        learner.learn_one(each)
        if learner.due:
            break
    assert learner.learned == 500
    assert not np.isnan(models_of(learner).anomaly(["business|cars|1"], honest(9, 1))).any()


def test_a_young_cohort_is_judged_by_its_nearest_parent() -> None:
    rows = [*traffic(10, 3_000), row(9_001, seller="new", cohort="consumer|toys|8")]
    models, batch = models_of(learner_of(rows)), honest(11, 200)
    by_parent = models.anomaly(["consumer|toys"] * 200, batch)
    assert (models.anomaly(["consumer|toys|8"] * 200, batch) == by_parent).all()
    assert (models.anomaly(["consumer|toys|never seen"] * 200, batch) == by_parent).all()
    by_all = models.anomaly(["all"] * 200, batch)
    assert (models.anomaly(["business|cars|1"] * 200, batch) == by_all).all()
    assert (by_parent != by_all).any()


def test_norms_fall_back_to_the_nearest_known_parent() -> None:
    models = models_of(learner_of(traffic(12, 3_000)))
    assert models.norm("consumer|toys|never seen") == models.norm("consumer|toys")
    assert models.norm("business|cars|1") == models.norm("all")
    assert models.norm("consumer|toys") != models.norm("all")
    names = [COHORT, "consumer|toys|9", "business|cars|1", "all", ""]
    assert models.norms(names).tolist() == [list(models.norm(name)) for name in names]


def test_a_norm_lies_near_the_peers_after_some_dozen_rows() -> None:
    typical = honest(13, 2_000).mean(axis=0)
    norm = models_of(learner_of(traffic(14, 60))).norm("all")
    assert np.abs(np.array(norm) - typical).max() < 0.1


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_a_row_that_is_no_number_gets_no_opinion(broken: float) -> None:
    batch = honest(15, 3)
    batch[1, 4] = broken
    opinions = models_of(learner_of(traffic(16, 3_000))).anomaly(["all"] * 3, batch)
    assert np.isnan(opinions).tolist() == [False, True, False]


def test_an_opinion_rises_with_rivers_score() -> None:
    models = models_of(learner_of(traffic(17, 4_000)))
    batch = np.concatenate([honest(18, 2_000), illicit(19, 200), np.random.default_rng(1).random((500, 5))])
    raw, opinion = models.raw(["all"] * 2_700, batch), models.anomaly(["all"] * 2_700, batch)
    order = raw.argsort()
    steps, rises = np.diff(raw[order]), np.diff(opinion[order])
    assert (rises[steps > 0] > 0).all()
    assert (rises[steps == 0] == 0).all()
    assert opinion.min() >= 0
    assert opinion.max() < 1


def test_one_threshold_means_one_false_rate_in_every_cohort() -> None:
    models = models_of(learner_of(traffic(20, 16_000, sellers=2_000)))
    fresh = list(traffic(21, 12_000))
    batch = np.array([each.features for each in fresh])
    opinions = models.anomaly([each.cohort for each in fresh], batch)
    for name in sorted({each.cohort for each in fresh}):
        own = opinions[[each.cohort == name for each in fresh]]
        assert 0.4 < (own > 0.5).mean() < 0.6
        assert 0.05 < (own > 0.9).mean() < 0.15
        assert 0.002 < (own > 0.99).mean() < 0.03


@pytest.mark.parametrize(("share", "least"), [(0.0, 0.95), (0.03, 0.95), (0.17, 0.85)])
def test_the_illicit_few_stand_out_among_their_peers(share: float, least: float) -> None:
    models = models_of(learner_of(traffic(22, 12_000, illicit=share)))
    cohorts = ["consumer|toys|2"] * 500
    assert auc(models.anomaly(cohorts, illicit(23, 500)), models.anomaly(cohorts, honest(24, 500))) > least


def test_protection_is_what_keeps_a_poisoned_cohort_useful() -> None:
    cohorts = ["all"] * 500

    def separation(protected: bool) -> float:
        learner = learner_of(traffic(25, 8_000, illicit=0.4, protected=protected), seller_share=1.0)
        models = models_of(learner)
        return auc(models.anomaly(cohorts, illicit(26, 500)), models.anomaly(cohorts, honest(27, 500)))

    assert separation(protected=True) > 0.95 > 0.8 > separation(protected=False)


def test_models_of_other_features_are_refused() -> None:
    snapshot = learner_of(traffic(28, 10)).snapshot()
    assert CohortModels.from_snapshot(snapshot, "v", FEATURES).features == FEATURES
    with pytest.raises(SnapshotError, match="other features"):
        CohortModels.from_snapshot(snapshot, "v", FEATURES[:-1])


def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="rows of 5 features"):
        CohortModels.prior(FEATURES).anomaly(["all"], np.zeros((1, 4)))


def test_an_empty_batch_is_an_empty_answer() -> None:
    for models in (CohortModels.prior(FEATURES), models_of(learner_of(traffic(29, 3_000)))):
        assert models.anomaly([], np.empty((0, 5))).shape == (0,)
        assert models.norms([]).shape == (0, 5)
