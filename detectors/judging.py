"""The second phase of the fold: models and patterns judge a whole batch at once."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct

from detectors.assessment import Assessment
from detectors.base import Row
from detectors.batch import Batch, Column, Matrix
from detectors.catalogue import Catalogue
from detectors.features import FEATURES, WIDTH, features_of
from detectors.order_rows import quantise


class PeerModels(Protocol):
    """What the learned models say of peers; `detectors.cohorts.CohortModels` is one."""

    @property
    def version(self) -> str: ...

    def anomaly(self, cohorts: Sequence[str], features: Column) -> Column:
        """0..1 for each row, nan where there is no opinion; no row depends on the others."""
        ...

    def norm(self, cohort: str) -> Sequence[float]:
        """The peers' norm of each feature."""
        ...


class Judged(Struct, gc=False):
    """Scores of a batch, and its features in the form in which they are kept."""

    assessment: Assessment
    features: list[bytes]
    model_version: str


def judge(
    rows: Sequence[Row], raw: Matrix, facets: Sequence[Matrix], models: PeerModels, catalogue: Catalogue
) -> Judged:
    """Judges each row by itself: what else is in the batch makes no difference."""
    features = features_of(np.ascontiguousarray(raw.T), facets)
    by_row = np.ascontiguousarray(features.T)
    cohorts = [row.cohort for row in rows]
    batch = Batch(FEATURES, features, _peer_norms(cohorts, models), models.anomaly(cohorts, by_row))
    return Judged(Assessment(catalogue, batch, raw), quantise(by_row), models.version)


def _peer_norms(cohorts: Sequence[str], models: PeerModels) -> Matrix:
    """One line a feature."""
    numbers: dict[str, int] = {}
    at = [numbers.setdefault(cohort, len(numbers)) for cohort in cohorts]
    norms = np.array([models.norm(cohort) for cohort in numbers], dtype=np.float64).reshape(-1, WIDTH)
    return np.ascontiguousarray(norms.T[:, at])
