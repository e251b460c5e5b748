"""The codec and the batch scorer against river itself."""

import random

import numpy as np
import pytest
from river.anomaly import HalfSpaceTrees

from detectors.models.half_space import (
    ForestParams,
    ForestState,
    HalfSpaceScorer,
    forest_shape,
    new_forest,
    read_forest,
    write_forest,
)

NAMES = ("zeta", "alpha", "mid", "beta", "eta", "theta", "iota", "kappa", "rho")


def rows(seed: int, count: int, names: tuple[str, ...] = NAMES) -> list[dict[str, float]]:
    random_ = random.Random(seed)
    edges = (0.0, 1.0, 0.5)
    return [
        {n: random_.choice(edges) if random_.random() < 0.1 else random_.betavariate(1, 4) for n in names}
        for _ in range(count)
    ]


def rivers_own(params: ForestParams) -> HalfSpaceTrees:
    return HalfSpaceTrees(params.n_trees, params.height, params.window_size, seed=params.seed)


def matrix(batch: list[dict[str, float]], names: tuple[str, ...] = NAMES) -> np.ndarray:
    return np.array([[x[name] for name in names] for x in batch])


@pytest.mark.parametrize("learned", [0, 1, 137, 249, 250, 251, 700])
def test_a_restored_forest_scores_and_learns_like_rivers_for_ever(learned: int) -> None:
    params = ForestParams(NAMES)
    original = rivers_own(params)
    for x in rows(1, learned):
        original.learn_one(x)
    if learned == 0:
        original = new_forest(params)

    restored = new_forest(params)
    for x in rows(2, 33):  # a forest that has seen other things, as a re-used one has
        restored.learn_one(x)
    write_forest(restored, params, read_forest(original, params))

    for x in rows(3, 1_300):
        assert restored.score_one(x) == original.score_one(x)
        restored.learn_one(x)
        original.learn_one(x)
    masses = [[(n.l_mass, n.r_mass) for n in nodes] for nodes in original._tree_nodes]
    assert [[(n.l_mass, n.r_mass) for n in nodes] for nodes in restored._tree_nodes] == masses


@pytest.mark.parametrize(
    "params",
    [
        ForestParams(NAMES),
        ForestParams(NAMES, seed=99, n_trees=7, height=8, window_size=255),
        ForestParams(("only",), n_trees=1, height=1, window_size=10),
    ],
)
def test_the_batch_scorer_equals_rivers_score_to_the_last_bit(params: ForestParams) -> None:
    forest, other = rivers_own(params), rivers_own(params)
    for x in rows(4, 3 * params.window_size + 5, params.features):
        forest.learn_one(x)
    for x in rows(5, params.window_size, params.features):
        other.learn_one({name: value**2 for name, value in x.items()})
    scorer = HalfSpaceScorer(params, [read_forest(f, params).reference for f in (forest, other)])

    batch = rows(6, 500, params.features)
    thresholds = sorted(set(forest_shape(params).threshold.ravel().tolist()))
    batch += [dict.fromkeys(params.features, at) for at in thresholds]  # exactly on a split
    turns = np.arange(len(batch)) % 2
    scores = scorer.score_many(turns, matrix(batch, params.features))

    assert scores.tolist() == [(forest, other)[i % 2].score_one(x) for i, x in enumerate(batch)]
    assert len(set(scores.tolist())) > 1


def test_a_rows_score_depends_on_nothing_else_in_its_batch() -> None:
    params = ForestParams(NAMES)
    forest = rivers_own(params)
    for x in rows(7, 600):
        forest.learn_one(x)
    scorer = HalfSpaceScorer(params, [read_forest(forest, params).reference])
    batch = matrix(rows(8, 301))

    whole = scorer.score_many(np.zeros(301, np.intp), batch)
    for size in (1, 2, 7, 64):
        parts = [
            scorer.score_many(np.zeros(len(part), np.intp), part)
            for part in (batch[start : start + size] for start in range(0, 301, size))
        ]
        assert np.concatenate(parts).tobytes() == whole.tobytes()
    backwards = scorer.score_many(np.zeros(301, np.intp), np.asfortranarray(batch[::-1]))
    assert backwards[::-1].tobytes() == whole.tobytes()


def test_no_forest_and_no_rows_are_no_scores() -> None:
    params = ForestParams(NAMES)
    assert HalfSpaceScorer(params, []).score_many(np.zeros(0, np.intp), np.empty((0, 9))).shape == (0,)


def test_river_grows_the_trees_that_published_snapshots_were_learned_on() -> None:
    """Fails when river, or Python's `random`, changes: then old snapshots need their old version."""
    assert forest_shape(ForestParams(NAMES)).digest().hex() == "287d418248e689b1"
    assert forest_shape(ForestParams(NAMES, seed=8)).digest() != forest_shape(ForestParams(NAMES)).digest()


def test_a_state_that_no_forest_can_be_in_is_refused() -> None:
    params = ForestParams(("a", "b"), n_trees=2, height=1, window_size=10)
    ForestState(3, bytes([1, 2, 3, 0]), bytes([5, 5, 10, 0])).check(params)
    for state in (
        ForestState(3, bytes([1, 2, 3]), b""),
        ForestState(3, bytes([1, 2, 3, 1]), b""),
        ForestState(3, b"", b""),
        ForestState(0, b"", bytes([5, 5, 10, 1])),
        ForestState(0, b"", bytes([5, 5])),
        ForestState(10, bytes([5, 5, 10, 0]), b""),
        ForestState(-1, b"", b""),
    ):
        with pytest.raises(ValueError, match=r"counter|masses|add up"):
            state.check(params)


@pytest.mark.parametrize(
    "wrong",
    [{"n_trees": 0}, {"height": 9}, {"window_size": 256}, {"window_size": 5}, {"features": ()}],
)
def test_params_that_the_codec_cannot_hold_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"must be|at least one"):
        ForestParams(**{"features": ("a",), **wrong})  # type: ignore[arg-type]
