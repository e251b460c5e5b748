"""What every pattern promises, whatever it looks for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from detectors.assessment import Assessment, apportion
from detectors.batch import Batch, Matrix, either, rise, saturate
from detectors.models.peer_features import PRIOR
from detectors.patterns.base import Case, Pattern, Raw, Row
from detectors.patterns.catalogue import Catalogue
from detectors.patterns.disputes import Disputes
from detectors.patterns.features import FEATURES, WIDTH
from detectors.profiles.profile import Link, Profile

PATTERNS = (*Catalogue().seller, Catalogue().order)
each_pattern = pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
shares = st.floats(0.0, 1.0)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    size = draw(st.integers(1, 12))
    opinions = st.one_of(shares, st.just(float("nan")))
    return Batch(
        FEATURES,
        draw(arrays(np.float64, (WIDTH, size), elements=shares)),
        draw(arrays(np.float64, (WIDTH, size), elements=shares)),
        draw(arrays(np.float64, (size,), elements=opinions)),
    )


def columns_of(batch: Batch) -> Matrix:
    return np.stack([*batch.features.values(), *batch.peers.values(), batch.anomaly])


def part_of(batch: Batch, rows: slice) -> Batch:
    features = np.stack([column[rows] for column in batch.features.values()])
    peers = np.stack([column[rows] for column in batch.peers.values()])
    return Batch(FEATURES, features, peers, batch.anomaly[rows])


idle = pytest.mark.parametrize(
    "pattern", [pattern for pattern in PATTERNS if hasattr(pattern, "idle_below")], ids=lambda pattern: pattern.name
)


@idle
@settings(max_examples=40, deadline=None)
@given(batch=batches())
def test_below_the_levels_that_it_names_a_pattern_has_no_evidence_at_all(pattern: Pattern, batch: Batch) -> None:
    levels = pattern.idle_below  # type: ignore[attr-defined]
    features = np.stack([np.minimum(column, levels.get(name, 1.0)) for name, column in batch.features.items()])
    peers = np.stack(list(batch.peers.values()))

    for column in pattern.weigh(Batch(FEATURES, features, peers, batch.anomaly)):
        assert not column.any()


@idle
def test_just_above_them_it_has_some(pattern: Pattern) -> None:
    for name, level in pattern.idle_below.items():  # type: ignore[attr-defined]
        features, nobody = np.full((WIDTH, 1), 0.5), np.zeros((WIDTH, 1))
        for other in pattern.idle_below:  # type: ignore[attr-defined]
            features[FEATURES.index(other)] = 0.0
        features[FEATURES.index(name)] = level + 0.01
        weighed = pattern.weigh(Batch(FEATURES, features, nobody, np.zeros(1)))
        assert any(column.any() for column in weighed), name


@each_pattern
@settings(max_examples=40, deadline=None)
@given(batch=batches())
def test_it_gives_evidence_for_each_term_and_changes_nothing(pattern: Pattern, batch: Batch) -> None:
    before = columns_of(batch).copy()
    weighed = pattern.weigh(batch)

    assert len(weighed) == len(pattern.terms)
    for column in weighed:
        assert column.shape == batch.anomaly.shape
        assert np.isfinite(column).all()
        assert (column >= 0.0).all()
    assert np.array_equal(columns_of(batch), before, equal_nan=True)


@each_pattern
@settings(max_examples=40, deadline=None)
@given(batch=batches(), cut=st.integers(0, 12))
def test_an_event_is_judged_the_same_in_any_company(pattern: Pattern, batch: Batch, cut: int) -> None:
    whole = np.stack(pattern.weigh(batch))
    parts = [part_of(batch, rows) for rows in (slice(0, cut), slice(cut, None))]
    weighed = np.concatenate([np.stack(pattern.weigh(part)) for part in parts], axis=1)

    assert weighed.tobytes() == whole.tobytes()


@each_pattern
def test_nothing_speaks_against_a_seller_of_whom_nothing_is_known(pattern: Pattern) -> None:
    nothing = np.zeros((WIDTH, 1))
    weighed = pattern.weigh(Batch(FEATURES, nothing, nothing, np.array([np.nan])))

    assert sum(float(column[0]) for column in weighed) == 0.0


@each_pattern
@pytest.mark.parametrize("observed", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("own", [None, 0.25])
def test_every_term_can_be_said(pattern: Pattern, observed: float, own: float | None) -> None:
    links = (Link("seller-9", "device", 0.7, 1, "banned"),)
    row = Row(0, Profile(), 0, 12, "EUR", ("order-1",), links, "consumer|garden|3", False)
    for term in pattern.terms:
        assert term.feature in (*FEATURES, "anomaly")
        assert len(term.say(Case(observed, own, 0.1, row, Raw(12, 9, 10, 3_900)))) > 20


def test_a_reason_s_code_belongs_to_one_pattern_where_it_can_stand_beside_another() -> None:
    names = [pattern.name for pattern in PATTERNS]
    assert len(set(names)) == len(names)
    for pattern in PATTERNS:
        codes = [term.code for term in pattern.terms]
        assert len(set(codes)) == len(codes)


def test_a_changed_parameter_changes_the_version() -> None:
    assert Catalogue(seller=(Disputes(week=9.0),)).version != Catalogue(seller=(Disputes(),)).version


def test_there_is_a_prior_norm_for_every_feature() -> None:
    assert set(PRIOR) == set(FEATURES)


@settings(max_examples=60, deadline=None)
@given(batches())
def test_scores_are_below_one_and_rise_with_every_piece_of_evidence(batch: Batch) -> None:
    assessment = Assessment(Catalogue(), batch, np.zeros((len(batch.anomaly), 4)))

    for at, score in enumerate(assessment.seller_scores):
        assert 0.0 <= score < 1.0
        assert 0.0 <= assessment.order_scores[at] < 1.0
        assert assessment.alone[at] <= score + 1e-6


@given(st.lists(st.floats(0.0, 40.0), min_size=2, max_size=2, unique=True))
def test_more_evidence_is_a_higher_score(evidence: list[float]) -> None:
    low, high = saturate(np.array(sorted(evidence))).tolist()
    assert low < high or high - low < 1e-9


@given(shares, shares)
def test_either_fact_makes_it_surer(one: float, other: float) -> None:
    both = float(either(np.array([one]), np.array([other]))[0])
    assert max(one, other) - 1e-12 <= both <= 1.0


def test_rising_evidence_never_saturates() -> None:
    risen = rise(np.array([0.0, 0.2, 0.4, 0.9, 0.99]), 0.2, 0.2)
    assert risen.tolist()[:2] == [0.0, 0.0]
    assert risen[2] == pytest.approx(0.5)
    assert risen[3] < risen[4] < 1.0


@given(st.integers(0, 999_999), st.lists(st.floats(0.0, 9.0), min_size=1, max_size=9))
def test_parts_of_a_score_add_up_to_it_in_millionths(millionths: int, weights: list[float]) -> None:
    score = millionths / 1e6
    parts = apportion(score, sorted(weights, reverse=True))

    assert round(sum(parts), 6) == (score if sum(weights) > 0.0 else 0.0)
    assert all(part >= 0.0 for part in parts)
