"""Many patterns' evidence to one score, with contributions that add up to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from msgspec import Struct

from detectors.base import Case, Raw, Row, Term
from detectors.batch import Batch, Column, Matrix, saturate
from detectors.catalogue import Catalogue
from detectors.features import FEATURES
from detectors.norms import norm_of

SELLER_SHARE: Final = 0.6
"""How much of the seller's evidence counts against each single order."""
IN_ALERT: Final = 8
IN_DECISION: Final = 4
"""Most reasons that are given."""
MICRO: Final = 1_000_000
_NUMBERS: Final = {name: number for number, name in enumerate((*FEATURES, "anomaly"))}


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

    Patterns look at overlapping facts, so they do not simply add up: evidence is the length of the vector of
    theirs, which the strongest rules and several weak ones hardly move. It then saturates towards 1, so that
    more evidence always gives a higher score.
    """

    def __init__(self, catalogue: Catalogue, batch: Batch, raw: Matrix) -> None:
        self._batch, self._raw = batch, raw
        self._terms: list[Term] = []
        self._of_order: Final = len(catalogue.order.terms)
        self._columns: list[Column] = []
        sums: list[Column] = []
        for pattern in (*catalogue.seller, catalogue.order):
            weighed = pattern.weigh(batch)
            self._terms += pattern.terms
            self._columns += weighed
            sums.append(_sum(weighed))
        against_order = sums.pop()
        total, strongest = _sum(sums), np.maximum.reduce(sums)
        evidence = np.sqrt(_sum([own * own for own in sums]))
        self._scale = SELLER_SHARE * np.divide(evidence, total, out=np.zeros_like(total), where=total > 0.0)
        self.seller_scores: Final = _rounded(saturate(evidence))
        self.order_scores: Final = _rounded(saturate(SELLER_SHARE * evidence + against_order))
        self.alone: Final = _rounded(saturate(strongest))
        """Score of the strongest seller pattern by itself."""
        self.top: Final[list[int]] = np.argmax(np.stack(sums), axis=0).tolist()
        """Index of that pattern."""

    def explainer(self, orders_from: float, sellers_from: float) -> "Explainer":
        """What can put the scores of the batch from these levels on into words."""
        high = np.array(self.order_scores) >= orders_from
        at = np.flatnonzero(high | (np.array(self.seller_scores) >= sellers_from))
        batch = self._batch
        return Explainer(
            self._terms,
            self._of_order,
            dict(zip(at.tolist(), range(len(at)), strict=True)),
            np.stack(self._columns)[:, at].T.tolist(),
            self._scale[at].tolist(),
            self._raw[at, : len(Raw._fields)].astype(np.int64).tolist(),
            np.vstack((batch.observed[:, at], batch.anomaly[at])).T.tolist(),
            np.vstack((batch.usual[:, at], np.zeros(len(at)))).T.tolist(),
        )


@dataclass(slots=True)
class Explainer:
    """Reasons for the few scores of a batch that people may look at."""

    terms: Sequence[Term]
    of_order: int
    lines: Mapping[int, int]
    """Which line of the lists below belongs to which event of the batch."""
    weights: Sequence[list[float]]
    scales: Sequence[float]
    raws: Sequence[list[int]]
    observed: Sequence[list[float]]
    peers: Sequence[list[float]]

    def of_seller(self, at: int, row: Row, score: float) -> list[Reason]:
        """Why the seller has its score: strongest first."""
        line = self.lines[at]
        return self._reasons(line, row, self.weights[line][: -self.of_order], score, IN_ALERT)

    def of_event(self, at: int, row: Row, score: float) -> list[Reason]:
        """Why the order, payment or listing has its score: strongest first."""
        line = self.lines[at]
        weights, scale = self.weights[line], self.scales[line]
        scaled = [weight * scale for weight in weights[: -self.of_order]]
        return self._reasons(line, row, scaled + weights[-self.of_order :], score, IN_DECISION)

    def _reasons(self, line: int, row: Row, weights: list[float], score: float, most: int) -> list[Reason]:
        strongest = sorted(range(len(weights)), key=weights.__getitem__, reverse=True)[:most]
        parts = apportion(score, [weights[term] for term in strongest])
        raw = Raw(*self.raws[line])
        return [
            self._reason(line, row, raw, self.terms[term], part)
            for term, part in zip(strongest, parts, strict=True)
            if part > 0.0
        ]

    def _reason(self, line: int, row: Row, raw: Raw, term: Term, contribution: float) -> Reason:
        number = _NUMBERS[term.feature]
        observed = self.observed[line][number]
        own, peer = norm_of(row.profile.own, number), round(self.peers[line][number], 4)
        said = term.say(Case(observed, own, peer, row, raw))
        return Reason(term.code, said, round(observed, 4), own, peer, contribution)


def apportion(score: float, weights: Sequence[float]) -> list[float]:
    """Parts of `score` in proportion to `weights`, in millionths, that add up to it exactly."""
    total = sum(weights)
    if total <= 0.0:
        return [0.0] * len(weights)
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
