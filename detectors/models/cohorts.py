"""Cohorts of peers: the writer that learns what is normal in each, and the reader that watch scores with."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from detectors.events import SECOND, Micros
from detectors.models.cohort import Cohort
from detectors.models.cohort_models import CohortModels, lineage, prior_norms
from detectors.models.cohort_snapshot import (
    ALL,
    LearnerParams,
    Snapshot,
    SnapshotError,
    pack,
    snapshot_version,
    unpack,
)
from detectors.models.half_space import Floats, ForestParams, ForestState, forest_shape, new_forest, write_forest
from detectors.models.publication import PublicationClock
from detectors.models.training import TrainingRow

__all__ = ["CohortLearner", "CohortModels", "SnapshotError", "lineage", "snapshot_version"]

AGEING = 2_000
"""Rows after which past uses count half."""


class CohortLearner:
    """Learns what is normal among peers, per cohort and for all its parents. A pure fold over rows.

    Suspicious and bad rows teach nothing. At most `max_cohorts` are kept: when all places are taken, a
    row of an unknown cohort costs the least used cohort one use, and one without uses makes place.

    Args:
        features: Names of the columns of a row.
        tree_features: Those of them that the half-space trees look at.
        prior: Norms to start from, by feature.
        seller_share: The most of one window that one seller may fill, but never less than 3 rows.
        publish_every, publish_rows, first_rows: When a snapshot is due; see `PublicationClock`.
    """

    def __init__(
        self,
        features: Sequence[str],
        *,
        seed: int = 7,
        tree_features: Sequence[str] | None = None,
        prior: Mapping[str, float] | None = None,
        n_trees: int = 20,
        height: int = 6,
        window_size: int = 250,
        max_cohorts: int = 64,
        seller_share: float = 0.02,
        publish_every: Micros = 600 * SECOND,
        publish_rows: int = 200,
        first_rows: int = 500,
    ) -> None:
        forest = ForestParams(tuple(tree_features or features), n_trees, height, window_size, seed)
        norms = prior_norms(features, prior)
        params = LearnerParams(tuple(features), norms, forest, max_cohorts, seller_share)
        clock = PublicationClock(publish_every, publish_rows, first_rows)
        self._start(Snapshot(params, forest_shape(forest).digest(), clock, 0, 0, 0, ()))

    @classmethod
    def restore(cls, snapshot: bytes) -> "CohortLearner":
        """The learner that goes on exactly where the one of this snapshot stood, or SnapshotError."""
        learner = cls.__new__(cls)
        learner._start(unpack(snapshot))
        return learner

    def _start(self, state: Snapshot) -> None:
        self.params = state.params
        self.due = False
        """Whether a snapshot is to be published now, after the row learned last."""
        self.learned, self.protected, self.skipped = state.learned, state.protected, state.skipped
        """Rows that taught a cohort; that were kept from teaching as suspicious or bad; that were broken."""
        self._shape, self._clock = state.shape, state.clock
        self._cohorts = {c.name: Cohort.restore(c, state.params) for c in state.cohorts}
        self._columns = [state.params.features.index(name) for name in state.params.forest.features]

    @property
    def published_at(self) -> Micros | None:
        """When a snapshot was due last, by the log's clock: the start of that interval."""
        return None if self._clock.last_slot is None else self._clock.last_slot * self._clock.interval

    def snapshot(self) -> bytes:
        """Everything learned: equal bytes for equal learners, at most `MAX_SNAPSHOT` of them."""
        cohorts = tuple(self._cohorts[name].state() for name in sorted(self._cohorts))
        counts = self.learned, self.protected, self.skipped
        return pack(Snapshot(self.params, self._shape, self._clock, *counts, cohorts))

    def publication(self) -> bytes:
        """What watch needs: for cohorts, all of it."""
        return self.snapshot()

    def version(self, training_offset: int, publication: bytes) -> str:
        return snapshot_version(training_offset, publication)

    def against_norm(self, row: TrainingRow) -> tuple[Sequence[float], Sequence[float]]:
        """The features of a row that the trees look at, and what is usual of them among its peers."""
        known = next((self._cohorts[name] for name in lineage(row.cohort) if name in self._cohorts), None)
        norm = self.params.prior if known is None else known.norm
        return [row.features[at] for at in self._columns], [float(norm[at]) for at in self._columns]

    def learn_one(self, row: TrainingRow) -> None:
        self.due = False
        values = np.array(row.features, np.float64)
        if len(values) != len(self.params.features) or not np.isfinite(values).all():
            self.skipped += 1
        elif row.extra:
            pass
        elif row.suspicious or row.label == "bad":
            self.protected += 1
        elif self._teach(row, np.clip(values, 0.0, 1.0)):
            self.learned += 1
            self._age()
            self.due = self._clock.tick(row.logged_at, self.learned)

    def _teach(self, row: TrainingRow, values: Floats) -> bool:
        seller = _seller_hash(row.seller_id)
        trees = dict(zip(self.params.forest.features, values[self._columns].tolist(), strict=True))
        taught = False
        parent = np.array(self.params.prior)
        for name in reversed(lineage(row.cohort)):  # parents first: a new cohort starts from their norm
            cohort = self._cohorts.get(name) or self._admit(name, parent)
            if cohort is not None:
                taught |= cohort.learn_one(seller, trees, values)
                parent = cohort.norm
        return taught

    def _age(self) -> None:
        if self.learned % AGEING == 0:
            for cohort in self._cohorts.values():
                cohort.uses //= 2

    def _admit(self, name: str, norm: Floats) -> Cohort | None:
        if len(self._cohorts) >= self.params.max_cohorts:
            others = (cohort for cohort in self._cohorts.values() if cohort.name != ALL)
            least = min(others, key=lambda cohort: (cohort.uses, -cohort.name.count("|"), cohort.name))
            least.uses -= 1
            if least.uses > 0:
                return None
            forest = self._cohorts.pop(least.name).forest
            write_forest(forest, self.params.forest, ForestState())  # growing new trees takes 10 ms
        else:
            forest = new_forest(self.params.forest)
        cohort = self._cohorts[name] = Cohort(name, self.params, norm, forest)
        return cohort


@lru_cache(maxsize=65_536)
def _seller_hash(seller_id: str) -> int:
    return int.from_bytes(blake2b(seller_id.encode(), digest_size=4).digest(), "little")
