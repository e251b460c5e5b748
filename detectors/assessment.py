"""Many patterns' evidence to one score, with contributions that add up to it."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from detectors.base import Case, Raw, Row, Term
from detectors.batch import Batch, Column, saturate
from detectors.catalogue import Catalogue
from detectors.features import FEATURES
from detectors.norms import norm_of

SELLER_SHARE: Final = 0.6
"""How much of the seller's evidence counts against each single order."""
IN_ALERT: Final = 8
IN_DECISION: Final = 4
"""Most reasons that are given."""
MICRO: Final = 1_000_000
_NUMBERS: Final = {name: number for number, name in enumerate(FEATURES)}


class Reason(Struct, frozen=True, gc=False):
    """A fact that an analyst can check, and how much of the score it makes."""

    code: str
    text: str
    observed: float
    own_norm: float | None
    peer_norm: float | None
    contribution: float


class Assessment:
    """All scores of a batch.

    The strongest pattern counts fully and the others half, since patterns look at overlapping facts;
    evidence then saturates towards 1, so that more evidence always gives a higher score.
    """

    def __init__(self, catalogue: Catalogue, batch: Batch) -> None:
        self._batch = batch
        self._terms: list[Term] = []
        sums: list[Column] = []
        columns: list[Column] = []
        for pattern in (*catalogue.seller, catalogue.order):
            weighed = pattern.weigh(batch)
            self._terms += pattern.terms
            columns += weighed
            sums.append(_sum(weighed))
        against_order = sums.pop()
        total, strongest = _sum(sums), np.maximum.reduce(sums)
        evidence = 0.5 * (total + strongest)
        self._columns = columns
        self._of_order: Final = len(catalogue.order.terms)
        self.seller_scores: Final = _rounded(saturate(evidence))
        self.order_scores: Final = _rounded(saturate(SELLER_SHARE * evidence + against_order))
        self.top: Final[list[int]] = np.argmax(np.stack(sums), axis=0).tolist()
        """Index of the strongest seller pattern."""
        self.alone: Final = _rounded(saturate(strongest))
        """Score of the strongest pattern by itself."""
        self._scale = SELLER_SHARE * np.divide(evidence, total, out=np.zeros_like(total), where=total > 0.0)

    def seller_reasons(self, at: int, row: Row, raw: Raw) -> list[Reason]:
        """Why the seller has its score: strongest first."""
        weights = [column[at] for column in self._columns[: -self._of_order]]
        return self._reasons(at, row, raw, weights, self.seller_scores[at], IN_ALERT)

    def order_reasons(self, at: int, row: Row, raw: Raw) -> list[Reason]:
        """Why the order, payment or listing has its score: strongest first."""
        weights = [column[at] for column in self._columns]
        scale = self._scale[at]
        for term in range(len(weights) - self._of_order):
            weights[term] *= scale
        return self._reasons(at, row, raw, weights, self.order_scores[at], IN_DECISION)

    def _reasons(
        self, at: int, row: Row, raw: Raw, weights: Sequence[float], score: float, most: int
    ) -> list[Reason]:
        found = [(weight, -term) for term, weight in enumerate(weights) if weight > 0.0]
        found.sort(reverse=True)
        del found[most:]
        parts = apportion(score, [float(weight) for weight, _ in found])
        return [
            self._reason(at, row, raw, self._terms[-term], part)
            for (_, term), part in zip(found, parts, strict=True)
            if part > 0.0
        ]

    def _reason(self, at: int, row: Row, raw: Raw, term: Term, contribution: float) -> Reason:
        batch, name = self._batch, term.feature
        if name == "anomaly":
            case = Case(round(float(batch.anomaly[at]), 4), None, 0.5, row, raw)
            return Reason(term.code, term.say(case), case.observed, None, None, contribution)
        own = norm_of(row.profile.own, _NUMBERS[name])
        case = Case(float(batch.features[name][at]), own, round(float(batch.peers[name][at]), 4), row, raw)
        return Reason(term.code, term.say(case), case.observed, own, case.peer, contribution)


def apportion(score: float, weights: Sequence[float]) -> list[float]:
    """Parts of `score` in proportion to `weights`, in millionths, that add up to it exactly."""
    total = sum(weights)
    if not weights or total <= 0.0:
        return []
    whole = round(score * MICRO)
    parts = [int(whole * weight / total) for weight in weights]
    parts[0] += whole - sum(parts)
    return [part / MICRO for part in parts]


def _sum(columns: Sequence[Column]) -> Column:
    """Adds in the order given: numpy's own sum may group otherwise for another shape."""
    total = columns[0]
    for column in columns[1:]:
        total = total + column
    return total


def _rounded(scores: Column) -> list[float]:
    rounded: list[float] = (np.rint(scores * MICRO) / MICRO).tolist()
    return rounded
