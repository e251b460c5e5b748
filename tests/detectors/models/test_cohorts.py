"""The learner: a pure fold over rows that a few sellers cannot lead astray."""

import itertools
import math
import random
import re
import subprocess
import sys
import zlib
from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from detectors.events import HOUR, SECOND
from detectors.models.cohorts import CohortLearner, CohortModels, lineage, snapshot_version
from detectors.models.training import TrainingRow
from tests.detectors.rows import FEATURES, honest_features, row, traffic


def learner_of(rows: Iterable[TrainingRow], **params: float) -> CohortLearner:
    learner = CohortLearner(FEATURES, **params)  # type: ignore[arg-type]
    learn_all(learner, rows)
    return learner


def learn_all(learner: CohortLearner, rows: Iterable[TrainingRow]) -> None:
    for each in rows:
        learner.learn_one(each)


def models_of(learner: CohortLearner) -> CohortModels:
    return CohortModels.from_snapshot(learner.snapshot(), "test")


def cohorts_of(learner: CohortLearner) -> set[str]:
    return set(models_of(learner).cohorts)


@pytest.mark.parametrize("learned", [0, 1, 249, 600, 2_500])
def test_a_restored_learner_goes_on_exactly_where_it_stood(learned: int) -> None:
    rows = list(traffic(1, learned + 1_500))
    original = learner_of(rows[:learned])
    restored = CohortLearner.restore(original.snapshot())
    assert restored.snapshot() == original.snapshot()

    for each in rows[learned:]:
        original.learn_one(each)
        restored.learn_one(each)
        assert restored.due == original.due
    assert restored.snapshot() == original.snapshot()


def test_the_same_rows_give_the_same_bytes_in_every_process() -> None:
    program = (
        "import sys; from tests.detectors.models.test_cohorts import *;"
        "sys.stdout.buffer.write(learner_of(traffic(2, 1_200)).snapshot())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs == [learner_of(traffic(2, 1_200)).snapshot()] * 2


def test_suspicious_and_bad_rows_teach_nothing() -> None:
    rows = list(traffic(3, 600))
    shady = row(9_000, seller="x", features=(1.0,) * 5, suspicious=True)
    bad = row(9_001, seller="y", features=(1.0,) * 5, label="bad", label_source="dispute")
    plain, guarded = learner_of(rows), learner_of([*rows, shady, bad])

    assert guarded.protected == 2
    assert guarded.learned == plain.learned
    guarded.protected = 0
    assert guarded.snapshot() == plain.snapshot()


@pytest.mark.parametrize("broken", [(math.nan,) * 5, (0.1, 0.1, math.inf, 0.1, 0.1), (0.1,) * 4, ()])
def test_broken_rows_are_counted_and_teach_nothing(broken: tuple[float, ...]) -> None:
    rows = list(traffic(4, 300))
    plain, guarded = learner_of(rows), learner_of([*rows, row(9_000, features=broken)])
    assert guarded.skipped == 1
    guarded.skipped = 0
    assert guarded.snapshot() == plain.snapshot()


def test_a_good_label_teaches_like_any_other_row() -> None:
    assert learner_of([row(1, label="good", label_source="verdict")]).learned == 1


def test_a_seller_who_floods_a_cohort_hardly_moves_its_norm() -> None:
    random_ = random.Random(5)
    flood = [
        row(n, seller="flood", features=(1.0,) * 5)
        if n % 10
        else row(n, seller=f"honest-{n}", features=honest_features(random_))
        for n in range(20_000)
    ]
    honest = [each for each in flood if each.seller_id != "flood"]

    moved = np.subtract(models_of(learner_of(flood)).norm("all"), models_of(learner_of(honest)).norm("all"))
    unguarded = models_of(learner_of(flood, seller_share=1.0)).norm("all")
    assert np.abs(moved).max() < 0.07
    assert min(unguarded) > 0.8


def test_a_window_holds_few_rows_of_one_seller() -> None:
    honest = [row(n, seller=f"honest-{n}") for n in range(240)]
    learner = learner_of([row(n, seller="flood") for n in range(500)] + honest)
    assert learner.learned == 5 + 240


def test_a_cohort_of_few_sellers_comes_to_an_opinion_all_the_same() -> None:
    random_ = random.Random(6)
    rows = (row(n, seller=f"s{n % 12}", features=honest_features(random_)) for n in range(9_000))
    assert not np.isnan(models_of(learner_of(rows)).anomaly(["consumer|toys|3"], np.full((1, 5), 0.3)))


def test_a_flood_of_categories_neither_grows_the_learner_nor_puts_out_busy_cohorts() -> None:
    random_ = random.Random(7)
    rows = [
        row(n, seller=f"s{n % 300}", cohort=f"consumer|{'toys' if n % 3 else f'one-off-{n}'}|3") for n in range(9_000)
    ]
    random_.shuffle(rows)
    cohorts = cohorts_of(learner_of(rows, max_cohorts=12, n_trees=2, height=2))
    assert len(cohorts) == 12
    assert {"all", "consumer", "consumer|toys", "consumer|toys|3"} <= cohorts


def test_a_cohort_loses_its_place_only_when_its_uses_are_spent() -> None:
    names = ("red", "green", "blue")
    rows = [row(n, seller=f"s{n}", cohort=names[n % 3]) for n in range(900)]
    misses = [row(n, seller=f"s{n}", cohort="new") for n in range(1_000, 2_000)]
    trees = {"max_cohorts": 4, "n_trees": 2, "height": 2}
    assert set(names) <= cohorts_of(learner_of(rows + misses[:300], **trees))
    assert not set(names) <= cohorts_of(learner_of(rows + misses, **trees))


def test_a_cohort_that_nobody_uses_any_more_makes_place() -> None:
    trees = {"max_cohorts": 8, "n_trees": 2, "height": 2}
    old = [row(n, seller=f"s{n}", cohort="business|cars|9") for n in range(2_000)]
    new = [row(n, seller=f"s{n}", cohort=f"consumer|{'abcdef'[n % 6]}|3") for n in range(12_000)]
    assert {"business", "business|cars|9"} <= cohorts_of(learner_of(old, **trees))
    assert not {"business", "business|cars|9"} & cohorts_of(learner_of(old + new, **trees))


def test_a_cohort_in_the_place_of_another_knows_nothing_of_it() -> None:
    random_ = random.Random(9)
    numbers = itertools.count()

    def rows(count: int, cohort: str) -> Iterator[TrainingRow]:
        for n in itertools.islice(numbers, count):
            yield row(n, seller=f"s{n}", cohort=cohort, features=honest_features(random_))

    learner = learner_of((r for name in ("red", "green", "blue") for r in rows(1_000, name)), max_cohorts=4)
    while "new" not in models_of(learner).cohorts:
        learn_all(learner, rows(50, "new"))
    learn_all(learner, rows(190, "new"))  # fewer than a window in all

    batch = np.array([honest_features(random_) for _ in range(50)])
    models = models_of(learner)
    assert len(models.cohorts) == 4
    assert (models.raw(["new"] * 50, batch) == models.raw(["all"] * 50, batch)).all()


def test_a_new_cohort_starts_from_the_norm_of_its_parent() -> None:
    rows = [row(n, seller=f"s{n}", features=(0.9,) * 5) for n in range(200)]
    models = models_of(learner_of([*rows, row(999, seller="t", cohort="consumer|toys|7", features=(0.9,) * 5)]))
    assert models.norm("consumer|toys|7") == pytest.approx((0.9,) * 5, abs=0.05)


@pytest.mark.parametrize(
    ("cohort", "names"),
    [
        ("consumer|toys|3", ("consumer|toys|3", "consumer|toys", "consumer", "all")),
        ("consumer|a|b|3", ("consumer|a|b|3", "consumer|a|b", "consumer", "all")),
        ("consumer||3", ("consumer||3", "consumer", "all")),
        ("consumer", ("consumer", "all")),
        ("consumer|" + "ä" * 90 + "|3", ("consumer", "all")),
        ("all", ("all",)),
        ("", ("all",)),
    ],
)
def test_every_cohort_has_its_line_of_parents(cohort: str, names: tuple[str, ...]) -> None:
    assert lineage(cohort) == names


def test_more_cohorts_than_fit_in_a_record_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="max_cohorts can be at most"):
        CohortLearner(FEATURES, max_cohorts=200)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tree_features": ("count", "nonsense")},
        {"prior": {"count": 1.5}},
        {"prior": {"count": math.nan}},
        {"seller_share": 0.0},
        {"max_cohorts": 3},
        {"publish_rows": 0},
    ],
)
def test_parameters_that_cannot_work_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"prior|feature|share|positive"):
        CohortLearner(FEATURES, **wrong)  # type: ignore[arg-type]


def published(rows: Iterable[TrainingRow], **params: int) -> list[int]:
    """The rows after which a snapshot was due."""
    learner = CohortLearner(FEATURES, n_trees=1, height=1, seller_share=1.0, **params)  # type: ignore[arg-type]
    due = []
    for each in rows:
        learner.learn_one(each)
        if learner.due:
            due.append(each.source.offset)
    return due


def test_the_first_snapshot_comes_early_and_then_one_per_interval() -> None:
    rows = [row(n) for n in range(1, 4_001)]  # one a second
    assert published(rows, publish_every=600 * SECOND, publish_rows=100, first_rows=500) == [
        500, 600, 1_200, 1_800, 2_400, 3_000, 3_600,
    ]  # fmt: skip


def test_the_learner_says_when_it_was_due_last_and_so_does_a_restored_one() -> None:
    assert CohortLearner(FEATURES).published_at is None
    learner = learner_of((row(n) for n in range(700, 1_200)), n_trees=1, height=1, seller_share=1.0)
    assert learner.published_at == 600 * SECOND
    assert CohortLearner.restore(learner.snapshot()).published_at == 600 * SECOND


def test_no_snapshot_is_due_before_enough_new_rows() -> None:
    rows = [row(n, logged_at=n * HOUR) for n in range(1, 1_000)]
    assert published(rows, publish_rows=300, first_rows=50) == [50, 350, 650, 950]


def test_rows_that_jitter_around_a_boundary_give_one_snapshot() -> None:
    edge = 6_000 * SECOND
    rows = [row(n, logged_at=edge + (-SECOND if n % 2 else SECOND)) for n in range(1, 500)]
    assert published(rows, publish_rows=10, first_rows=101) == [101, 112]


def test_a_clock_that_once_ran_ahead_does_not_stop_publication() -> None:
    ahead = [row(n, logged_at=n * SECOND + 10_000 * HOUR) for n in range(100)]
    right = [row(n, logged_at=n * SECOND) for n in range(100, 300)]
    assert published(ahead + right, publish_rows=50, first_rows=60) == [59, 109]


def test_a_version_names_the_offset_and_what_was_learned() -> None:
    snapshot, later = (learner_of(traffic(8, rows)).snapshot() for rows in (20, 21))
    version = snapshot_version(1_234, snapshot)
    assert re.fullmatch("cohorts-1234-[0-9a-f]{8}", version)
    assert version != snapshot_version(1_234, later)
    packed_otherwise = snapshot[:5] + zlib.compress(zlib.decompress(snapshot[5:]), 1)
    assert packed_otherwise != snapshot
    assert version == snapshot_version(1_234, packed_otherwise)
