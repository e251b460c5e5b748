"""Whatever bytes come from a store: a learner that works, or a SnapshotError; never anything else."""

import zlib
from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.models.cohort_snapshot import MAX_SNAPSHOT, CohortState, Snapshot, pack, unpack
from detectors.models.cohorts import CohortLearner, CohortModels, SnapshotError
from detectors.models.half_space import ForestState
from detectors.models.peers import RANKS, SCORES
from tests.detectors.rows import FEATURES, traffic

HEADER = 5


@cache
def small_snapshot() -> bytes:
    learner = CohortLearner(FEATURES, n_trees=2, height=2, window_size=20, max_cohorts=6)
    for each in traffic(1, 700):
        learner.learn_one(each)
    return learner.snapshot()


def works_or_is_refused(snapshot: bytes) -> bool:
    """Whether the snapshot was taken; then it must score, learn on, and be written again."""
    try:
        models = CohortModels.from_snapshot(snapshot, "fuzz")
        learner = CohortLearner.restore(snapshot)
    except SnapshotError:
        return False
    opinions = models.anomaly(["all"], np.full((1, len(models.features)), 0.5))
    assert np.isnan(opinions[0]) or 0 <= opinions[0] <= 1
    for each in traffic(2, 60):
        learner.learn_one(each)
    CohortLearner.restore(learner.snapshot())
    return True


def packed(content: bytes) -> bytes:
    return small_snapshot()[:HEADER] + zlib.compress(content)


def content() -> bytes:
    return zlib.decompress(small_snapshot()[HEADER:])


def full_cohort(random: np.random.Generator, name: str, learner: CohortLearner, filled: float) -> CohortState:
    """A cohort whose rows are spread as evenly as can be: the hardest to compress."""
    params = learner.params
    shape, window = params.forest, int(filled * params.forest.window_size)

    def masses(rows: int) -> bytes:
        even = np.full(shape.leaves, 1 / shape.leaves)
        return random.multinomial(rows, even, size=shape.n_trees).astype(np.uint8).tobytes()

    return CohortState(
        name=name,
        uses=5_000,
        rows=2**40,
        offered=900,
        sellers=np.sort(random.choice(2**32, window, replace=False)).astype("<u4").tobytes()
        + random.integers(1, 6, window).astype(np.uint8).tobytes(),
        norm=random.random(len(params.features)).astype("<f8").tobytes(),
        forest=ForestState(window, masses(window), masses(shape.window_size)),
        scores=random.integers(0, shape.max_total, int(filled * SCORES)).astype("<u4").tobytes(),
        knots=tuple(sorted(random.random(len(RANKS)).tolist())),
    )


@pytest.mark.parametrize(
    ("cohorts", "filled", "name", "most"),
    [(40, 0.5, "consumer|electronics|{:02}", 150_000), (64, 0.999, "{:02}" + "n" * 94, MAX_SNAPSHOT)],
)
def test_a_snapshot_fits_in_a_record(cohorts: int, filled: float, name: str, most: int) -> None:
    learner = CohortLearner([f"feature-{i}" for i in range(40)])
    random = np.random.default_rng(1)
    names = sorted(["all", *(name.format(i) for i in range(cohorts - 1))])
    full = tuple(full_cohort(random, each, learner, filled) for each in names)
    snapshot = pack(msgspec.structs.replace(unpack(learner.snapshot()), cohorts=full))
    assert len(snapshot) < most
    assert CohortLearner.restore(snapshot).snapshot() == snapshot


def test_even_what_does_not_compress_keeps_to_the_limit() -> None:
    learner = CohortLearner([f"feature-{i}" for i in range(40)])
    cohort = full_cohort(np.random.default_rng(2), "n" * 96, learner, 0.999)
    assert len(msgspec.msgpack.encode(cohort)) <= learner.params.cohort_bytes


def test_an_untouched_snapshot_works() -> None:
    assert works_or_is_refused(small_snapshot())


@given(st.binary(max_size=300), st.booleans())
def test_arbitrary_bytes_are_refused(noise: bytes, headed: bool) -> None:
    assert not works_or_is_refused(small_snapshot()[:HEADER] + noise if headed else noise)


@given(st.integers(0, len(small_snapshot()) - 1), st.integers(1, 255))
def test_one_changed_byte_is_refused(at: int, change: int) -> None:
    damaged = bytearray(small_snapshot())
    damaged[at] ^= change
    # The two bits that only say how hard zlib tried do not touch the content.
    assert not works_or_is_refused(bytes(damaged)) or unpack(bytes(damaged)) == unpack(small_snapshot())


@given(st.integers(0, len(small_snapshot()) - 1))
def test_a_cut_snapshot_is_refused(length: int) -> None:
    assert not works_or_is_refused(small_snapshot()[:length])


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_content_changed_under_a_right_checksum_is_refused_or_works(data: st.DataObject) -> None:
    changed = bytearray(content())
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    works_or_is_refused(packed(bytes(changed)))


@pytest.mark.parametrize("position", range(9))
@pytest.mark.parametrize(
    "wrong", [None, -1, 2**63, "x", b"x", [], [1], float("nan"), {}], ids=lambda wrong: repr(wrong)[:9]
)
def test_a_field_of_a_cohort_with_a_wrong_value_is_refused(position: int, wrong: object) -> None:
    fields = msgspec.msgpack.decode(content())
    good = fields[-1][0][position]
    fields[-1][0][position] = wrong
    refused = not works_or_is_refused(packed(msgspec.msgpack.encode(fields)))
    assert refused or wrong == "x" or (wrong == [] and isinstance(good, list))  # a new name; no ranks yet


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -0.01, 1.01])
def test_a_norm_that_is_no_share_is_refused(wrong: float) -> None:
    state = unpack(small_snapshot())
    norm = np.array([0.5] * 4 + [wrong], "<f8").tobytes()
    cohort = msgspec.structs.replace(state.cohorts[0], norm=norm)
    with pytest.raises(SnapshotError, match="a norm outside"):
        unpack(pack(msgspec.structs.replace(state, cohorts=(cohort, *state.cohorts[1:]))))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -0.01, 1.01])
def test_a_rank_that_is_no_score_is_refused(wrong: float) -> None:
    state = unpack(small_snapshot())
    cohort = msgspec.structs.replace(state.cohorts[0], knots=(0.1,) * (len(RANKS) - 1) + (wrong,))
    with pytest.raises(SnapshotError, match=r"rank.* (outside|not in order)|ranks not"):
        unpack(pack(msgspec.structs.replace(state, cohorts=(cohort, *state.cohorts[1:]))))


def test_trees_that_cannot_be_grown_again_are_refused() -> None:
    state = unpack(small_snapshot())
    with pytest.raises(SnapshotError, match="another version of river or Python"):
        unpack(pack(msgspec.structs.replace(state, shape=b"12345678")))


def test_a_snapshot_without_its_last_resort_is_refused() -> None:
    state = unpack(small_snapshot())
    others = tuple(cohort for cohort in state.cohorts if cohort.name != "all")
    with pytest.raises(SnapshotError, match="the cohort of every row is missing"):
        unpack(pack(msgspec.structs.replace(state, cohorts=others)))


@pytest.mark.parametrize("times", [2, 30])
def test_more_cohorts_than_may_be_are_refused(times: int) -> None:
    state: Snapshot = unpack(small_snapshot())
    with pytest.raises(SnapshotError, match="twice, out of order, or too many"):
        unpack(pack(msgspec.structs.replace(state, cohorts=state.cohorts * times)))


def test_an_unknown_version_is_refused_and_says_so() -> None:
    with pytest.raises(SnapshotError, match="unknown version"):
        unpack(b"SWCO\x02" + small_snapshot()[HEADER:])


def test_something_that_swells_when_unpacked_is_refused() -> None:
    with pytest.raises(SnapshotError, match="too long"):
        unpack(packed(bytes(40 * MAX_SNAPSHOT)))


def test_something_behind_the_end_is_refused() -> None:
    with pytest.raises(SnapshotError, match="followed by something"):
        unpack(small_snapshot() + b"x")
