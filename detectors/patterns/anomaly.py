"""The opinion of the half-space trees: this event is unlike what its peers do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detectors.batch import Batch, Column, above
from detectors.patterns.base import Case, Term, share


def _say_anomaly(case: Case) -> str:
    return f"unlike peers ({case.row.cohort.replace('|', ' ').strip()}): model opinion {share(case.observed)}"


@dataclass(frozen=True)
class Anomaly:
    """Adds what the model of the seller's peers finds rare; for tactics that no pattern knows.

    Rare is not wrong: by itself it stays below the line, and it counts in support of patterns.

    Args:
        floor: Opinions up to this are ordinary.
        weight: Of an opinion above it.
    """

    name: ClassVar[str] = "anomaly"
    terms: ClassVar[tuple[Term, ...]] = (Term("unlike_peers", "anomaly", _say_anomaly),)

    floor: float = 0.6
    weight: float = 0.4

    def weigh(self, batch: Batch) -> Sequence[Column]:
        opinion = np.where(np.isnan(batch.anomaly), 0.0, batch.anomaly)
        return (self.weight * above(opinion, self.floor),)
