"""The second phase of the fold: models and patterns judge a whole batch at once."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct

from detectors.assessment import Assessment
from detectors.base import Raw, Row
from detectors.batch import Batch, Column, Matrix
from detectors.catalogue import Catalogue
from detectors.features import FEATURES, features_of
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
    """Scores of a batch, and its features in the forms in which they leave."""

    assessment: Assessment
    features: list[list[float]]
    quantised: list[bytes]
    counts: list[list[int]]
    model_version: str


def judge(rows: Sequence[Row], raw: Matrix, models: PeerModels, catalogue: Catalogue) -> Judged:
    """Judges each row by itself: what else is in the batch makes no difference."""
    columns = np.ascontiguousarray(raw.T)
    features = features_of(columns)
    by_row = np.ascontiguousarray(features.T)
    cohorts = [row.cohort for row in rows]
    batch = Batch(FEATURES, features, _peer_norms(cohorts, models), models.anomaly(cohorts, by_row))
    return Judged(
        Assessment(catalogue, batch),
        by_row.tolist(),
        quantise(by_row),
        raw[:, : len(Raw._fields)].astype(np.int64).tolist(),
        models.version,
    )


def _peer_norms(cohorts: Sequence[str], models: PeerModels) -> Matrix:
    """One line a feature."""
    numbers: dict[str, int] = {}
    at = [numbers.setdefault(cohort, len(numbers)) for cohort in cohorts]
    norms = np.array([models.norm(cohort) for cohort in numbers], dtype=np.float64)
    return np.ascontiguousarray(norms.T[:, at])
