import itertools
import random
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import pytest

from detectors.events import DAY, SECOND
from detectors.models.clean_orders import CleanOrders, order_key
from detectors.models.risk_learner import RiskLearner
from detectors.models.risk_model import RiskModel
from detectors.models.risk_snapshot import (
    Held,
    RiskSnapshotError,
    pack_state,
    training_offset_of,
    unpack_publication,
    unpack_state,
)
from detectors.models.training import TrainingRow
from tests.detectors.orders_with_labels import DELAY, FEATURES, chance, labelled, order, traffic

PAIRS = (("amount", "hour"),)


def new() -> RiskLearner:
    return RiskLearner("risk", FEATURES, pairs=PAIRS)


@lru_cache(maxsize=1)
def taught() -> RiskLearner:
    learner = new()
    for row in traffic(7, 6_000):
        learner.learn_one(row)
    return learner


def model_of(learner: RiskLearner) -> RiskModel:
    return RiskModel(learner.publication(), "risk-test", FEATURES)


def levels_of(rows: Sequence[tuple[float, ...]]) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    return np.rint(np.array(rows) * 255.0).astype(np.uint8)


def test_orders_like_those_that_were_disputed_get_a_chance_that_means_what_it_says() -> None:
    draw = random.Random(1)
    rows = [(draw.random(), draw.random(), draw.random(), 0.0) for _ in range(4_000)]
    said = model_of(taught()).judge(levels_of(rows), [True] * len(rows)).probability
    true = np.array([chance(row) for row in rows])

    night, day, usual = said[true == 0.6], said[true == 0.15], said[true == 0.005]
    assert np.median(night) > 0.4
    assert 0.05 < np.median(day) < 0.3
    assert np.median(usual) < 0.02
    assert abs(said.mean() - true.mean()) < 0.02


def test_nothing_is_taken_for_good_before_its_label_could_have_come() -> None:
    learner = new()
    for row in traffic(3, 900):  # six days: no label, and no order is old enough
        learner.learn_one(row)
    assert learner.learned == 0
    assert len(learner._clean) == 900


def test_where_bad_labels_come_at_once_and_good_ones_in_weeks_the_usual_is_not_taken_for_bad() -> None:
    draw, learner, said = random.Random(9), new(), []
    usual = levels_of([(draw.random() * 0.7, draw.random(), draw.random(), 0.0) for _ in range(200)])
    for number in range(4_000):  # a backfill: a year of trade in an hour
        features = (draw.random(), draw.random(), draw.random(), 0.0)
        row = order(number, features, weight=8, logged_at=400 * DAY + number * SECOND)
        rows = [row]
        if draw.random() < chance(features):
            rows.append(msgspec.structs.replace(row, label="bad", label_source="dispute", weight=1))
        for each in rows:
            learner.learn_one(each)
            if learner.due:
                said.append(np.median(model_of(learner).judge(usual, [True] * len(usual)).probability))

    assert learner.bad > 100
    assert len(learner._clean) > 1_000, "none of them can count as clean yet"
    assert len(said) > 3
    assert max(said) < 0.1


def test_an_order_that_was_disputed_is_never_learned_as_good() -> None:
    queue = CleanOrders(100)
    queue.note_delay(7.0)
    disputed, other = order_key("disputed"), order_key("other")
    for key in (disputed, other):
        queue.hold(Held(key, 0, 8, b"\x00", -1.0))
    assert list(queue.clean(DELAY)) == []
    assert queue.take(disputed) is not None
    assert [held.key for held in queue.clean(8 * DAY)] == [other]


def test_a_full_queue_keeps_every_second_order_for_two() -> None:
    queue = CleanOrders(1_000)
    for number in range(5_000):
        queue.hold(Held(order_key(f"order-{number}"), number, 8, b"\x00", -1.0))
        assert len(queue) <= 1_000
    assert sum(held.weight for held in queue.held) == pytest.approx(8 * 5_000, rel=0.15)


def test_silence_says_nothing_where_labels_do_not_judge() -> None:
    learner = new()
    learner.learn_one(order(1, (0.5, 0.5, 0.5, 0.0), unjudged=True))
    assert len(learner._clean) == 0


def test_a_second_label_of_an_order_teaches_nothing() -> None:
    learner = RiskLearner.restore("risk", taught().snapshot())
    before = learner.learned
    row = labelled(order(100_000, (0.9, 0.1, 0.5, 0.0)), "bad")
    learner.learn_one(row)
    after = learner.learned
    learner.learn_one(row)
    assert after > before
    assert learner.learned == after


def test_no_seller_teaches_more_than_its_share_of_the_labels() -> None:
    learner = RiskLearner.restore("risk", taught().snapshot())
    before = learner.bad
    for number in range(200):
        row = order(200_000 + number, (0.1, 0.9, 0.5, 0.0), seller_id="one")
        learner.learn_one(labelled(row, "bad"))
    assert learner.bad - before <= 50


def test_a_restored_learner_goes_on_exactly_where_it_stood() -> None:
    one, rows = new(), list(traffic(11, 3_000))
    for row in rows[:2_000]:
        one.learn_one(row)
    other = RiskLearner.restore("risk", one.snapshot())
    for row in rows[2_000:]:
        one.learn_one(row)
        other.learn_one(row)
        assert one.due == other.due
    assert one.snapshot() == other.snapshot()
    assert one.publication() == other.publication()


def test_what_is_damaged_or_of_other_features_is_refused() -> None:
    publication = taught().publication()
    for wrong in (b"", publication[:-3], publication[:20] + b"\x00" + publication[21:], b"SWRP\x02" + publication[5:]):
        with pytest.raises(RiskSnapshotError):
            RiskModel(wrong, "v", FEATURES)
    with pytest.raises(RiskSnapshotError, match="other features"):
        RiskModel(publication, "v", FEATURES[:-1])
    with pytest.raises(RiskSnapshotError):
        RiskLearner.restore("risk", taught().snapshot()[:-1])


def test_an_order_is_judged_alone_as_among_thousands() -> None:
    draw = random.Random(5)
    levels = levels_of([(draw.random(), draw.random(), draw.random(), 0.0) for _ in range(500)])
    model = model_of(taught())
    together = model.judge(levels, [True] * 500).odds
    alone = np.concatenate([model.judge(levels[at : at + 1], [True]).odds for at in range(500)])
    assert (together == alone).all()
    assert len(set(together.tolist())) > 490


def test_the_published_curves_say_what_the_learner_says() -> None:
    learner = taught()
    model, levels = model_of(learner), levels_of([(0.93, 0.11, 0.4, 0.0)])
    assert learner._shape is not None
    row = learner._shape.row(levels[0].tobytes())
    said = sum(learner._weights.averages.get(key, 0.0) * part for key, part in row.items())
    heights = sum(height for _, height in model.contributions(levels[0].tolist()))
    assert model._sums(levels)[0][0] / 1e6 == pytest.approx(said, abs=1e-4)
    assert heights + model._bias / 1e6 == pytest.approx(said, abs=1e-4)
    assert model.contributions(levels[0].tolist())[0][0] == "amount"


def test_a_feature_that_never_showed_says_nothing() -> None:
    model = model_of(taught())
    with_it, without = (model.judge(levels_of([(0.3, 0.6, 0.5, quiet)]), [True]).odds[0] for quiet in (0.0, 1.0))
    assert with_it == without


def test_other_events_than_orders_are_not_trusted_to_it() -> None:
    opinion = model_of(taught()).judge(levels_of([(0.9, 0.1, 0.5, 0.0)] * 2), [True, False])
    assert opinion.trust[0] > 0.5
    assert opinion.trust[1] == 0.0


def test_opinions_are_held_against_outcomes_once_these_are_known() -> None:
    learner, model = new(), model_of(taught())
    learner.publishes_as("risk", 10)
    for row in traffic(13, 3_000):
        said = float(model.judge(levels_of([row.features]), [True]).probability[0])
        learner.learn_one(msgspec.structs.replace(row, risk=said, risk_offset=10))
    figures = learner.validation.figures()
    assert figures.bad > 30
    assert figures.precision_at_50 > 0.3
    assert figures.average_precision > 0.2
    assert figures.calibration_error < 0.05


def test_an_opinion_counts_only_for_the_learner_whose_version_gave_it() -> None:
    def judged(learner: RiskLearner, **given: Any) -> int:
        number = 300_000 + next(unused)
        before = learner.validation.figures().rows
        learner.learn_one(labelled(order(number, (0.9, 0.1, 0.5, 0.0), **given), "bad"))
        return learner.validation.figures().rows - before

    unused = itertools.count()
    risk, shadow, anew = (RiskLearner.restore(name, taught().snapshot()) for name in ("risk", "challenger", "risk"))
    for learner, names in ((risk, ("risk", "challenger")), (shadow, ("challenger", "risk"))):
        for name, offset in zip(names, (10, 50), strict=True):
            learner.publishes_as(name, offset)
    anew.publishes_as("risk", 60)

    def each(**given: Any) -> list[int]:
        return [judged(learner, **given) for learner in (risk, shadow, anew)]

    assert each(risk=0.5, risk_offset=49) == [1, 0, 0]
    assert each(risk=0.5, risk_offset=50) == [0, 1, 0]
    assert each(risk=0.5, risk_offset=60) == [0, 1, 1]
    assert each(challenger=0.5, challenger_offset=49) == [0, 1, 0]
    assert each(challenger=0.5, challenger_offset=50) == [1, 0, 0]
    assert each(risk=0.5, risk_offset=9) == [0, 0, 0]
    assert each(risk=0.5, challenger=0.5) == [0, 0, 0]


def test_a_restored_learner_knows_its_versions_and_one_kept_before_those_were_takes_the_one_in_force() -> None:
    def opinion(learner: RiskLearner, offset: int) -> float:
        return learner._opinion(order(1, (0.5,) * 4, risk=0.5, risk_offset=offset))

    learner = RiskLearner.restore("risk", taught().snapshot())
    learner.publishes_as("risk", 40)
    again = RiskLearner.restore("risk", learner.snapshot())
    old = unpack_state(learner.snapshot())
    kept_before = RiskLearner.restore("risk", pack_state(msgspec.structs.replace(old, names=None)))

    assert [opinion(again, offset) for offset in (39, 40)] == [-1.0, 0.5]
    assert [opinion(kept_before, offset) for offset in (39, -1)] == [0.5, -1.0]
    assert opinion(new(), 40) == -1.0


def test_a_version_is_known_by_the_offset_in_its_name() -> None:
    publication = taught().publication()
    assert training_offset_of(taught().version(4_711, publication)) == 4_711
    assert [training_offset_of(other) for other in ("risk-test", "risk", "risk-x-ab", "")] == [-1] * 4


def again() -> RiskLearner:
    """A copy of the taught learner."""
    return RiskLearner.restore("risk", taught().snapshot())


NIGHT = (0.9, 0.1, 0.5, 0.0)


def bad_labels(first: int, count: int) -> list[TrainingRow]:
    return [labelled(order(first + number, NIGHT, seller_id=f"of-{number}"), "bad") for number in range(count)]


def test_labels_told_again_much_later_teach_nothing() -> None:
    learner, labels = again(), bad_labels(400_000, 60)
    for row in labels:
        learner.learn_one(row)
    once = learner.learned
    for row in labels:
        learner.learn_one(row)

    assert once - taught().learned >= 60
    assert learner.learned == once


def test_the_first_bad_rows_are_learned_three_times_each() -> None:
    learner = again()
    learner.bad = 149.0
    steps = []
    for row in bad_labels(400_000, 2):
        before = learner._weights.steps
        learner._learn_label(row, order_key(row.order_id or ""), bytes(4))
        steps.append(learner._weights.steps - before)

    assert steps == [3, 1]


def test_nothing_is_published_before_some_bad_orders_are_known() -> None:
    learner, published = new(), []
    for row in traffic(7, 2_500):
        learner.learn_one(row)
        if learner.due:
            published.append(learner.bad)

    assert published
    assert min(published) >= learner.params.warm_bad
    opened = unpack_publication(learner.publication())
    assert opened.trust == pytest.approx(learner.bad / (learner.bad + 15.0), abs=1e-6)


def test_knots_are_taken_anew_when_the_rows_have_doubled() -> None:
    learner, taken = new(), [0]
    for row in traffic(7, 5_000):
        learner.learn_one(row)
        if learner._shaped_at != taken[-1]:
            taken.append(learner._shaped_at)
    assert len(taken) >= 3
    assert all(now >= 2 * then for then, now in itertools.pairwise(taken))


def test_an_order_beyond_the_sample_says_nothing_of_what_is_usual() -> None:
    learner = new()
    learner.learn_one(order(1, NIGHT, extra=True))
    assert (learner._rows, learner._seen.sum(), len(learner._clean)) == (0, 0, 1)


def test_only_disputes_tell_how_long_labels_take() -> None:
    learner = new()
    label = labelled(order(1, NIGHT), "bad", days=30.0)
    learner.learn_one(msgspec.structs.replace(label, label_source="verdict"))
    learner.learn_one(labelled(order(2, NIGHT), "good", days=20.0))
    assert learner._clean.delays == []
    learner.learn_one(labelled(order(3, NIGHT), "bad", days=9.0))
    assert learner._clean.delays == [9.0]


def test_an_order_with_a_label_is_not_learned_as_clean_too_and_one_without_counts_for_all_it_stands_for() -> None:
    learner = again()
    learner.publishes_as("risk", 1)
    learner._clean = CleanOrders(100)
    given: dict[str, Any] = {"weight": 8, "risk": 0.25, "risk_offset": 1}
    with_label, without = order(500_000, NIGHT, **given), order(500_001, NIGHT, **given)
    for row in (with_label, without, labelled(with_label, "bad")):
        learner.learn_one(row)
    before = learner.learned, learner._scale._counts[0].sum()
    learner.learn_one(order(502_000, NIGHT, seller_id="later"))

    assert learner.learned - before[0] == 1
    assert learner._scale._counts[0].sum() - before[1] > 7.0
    assert list(learner.validation._rows)[-2:] == [(0.25, 1, 1), (0.25, 8, 0)]


def test_a_seller_may_teach_again_when_the_window_of_labels_is_over() -> None:
    learner = new()
    admitted = [learner._admits("one") for _ in range(40)]
    for number in range(460):
        learner._admits(f"other-{number}")

    assert admitted == [True] * 25 + [False] * 15
    assert learner._admits("one")


def test_a_row_from_a_partition_that_lags_does_not_turn_the_clock_back() -> None:
    learner = new()
    for number in (9, 4):
        learner.learn_one(order(number, NIGHT))
    assert learner.now == order(9, NIGHT).logged_at


def test_outcomes_before_the_first_knots_are_kept_up_to_a_bound() -> None:
    learner = new()
    for number in range(1_200):
        learner._teach(bytes([number % 256] * 4), False, 1.0)
    assert len(learner._early) == 1_000
    assert learner._early[-1].levels[0] == 1_199 % 256
