"""The second phase of the fold: models and patterns judge a whole batch at once."""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from detectors.assessment import Assessment
from detectors.batch import Batch, Matrix
from detectors.models.in_force import Models
from detectors.models.risk_model import MICRO, Opinion
from detectors.patterns.base import Row
from detectors.patterns.catalogue import Catalogue
from detectors.patterns.features import FEATURES, features_of
from detectors.profiles.order_rows import levels_of, quantised


class Judged(Struct, gc=False):
    """Scores of a batch, and its features in the form in which they are kept."""

    assessment: Assessment
    features: list[bytes]
    versions: Mapping[str, str]
    """Of the models."""
    risk: list[float]
    """How likely each order turns out bad; -1 where no model says."""
    challenger: list[float]
    """The same, in the shadow."""
    risk_offset: int
    challenger_offset: int
    """Which versions say so; see `RiskModel.offset`."""


def judge(rows: Sequence[Row], raw: Matrix, facets: Matrix, models: Models, catalogue: Catalogue) -> Judged:
    """Judges each row by itself: what else is in the batch makes no difference."""
    features = features_of(np.ascontiguousarray(raw.T), facets)
    by_row = np.ascontiguousarray(features.T)
    cohorts = [row.cohort for row in rows]
    orders = [row.is_order for row in rows]
    peers, levels = models.peers, levels_of(by_row)
    batch = Batch(FEATURES, features, np.ascontiguousarray(peers.norms(cohorts).T), peers.anomaly(cohorts, by_row))
    risk, challenger = (m.judge(levels, orders) if m else None for m in (models.risk, models.challenger))
    assessment = Assessment(catalogue, batch, raw, risk)
    return Judged(
        assessment,
        quantised(levels),
        models.versions,
        _chances(risk, len(rows)),
        _chances(challenger, len(rows)),
        models.risk.offset if models.risk else -1,
        models.challenger.offset if models.challenger else -1,
    )


def _chances(opinion: Opinion | None, rows: int) -> list[float]:
    if opinion is None:
        return [-1.0] * rows
    chances: list[float] = (np.rint(np.where(opinion.trust > 0.0, opinion.probability, -1.0) * MICRO) / MICRO).tolist()
    return chances
