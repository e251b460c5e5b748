"""Many patterns' evidence to one score, with contributions that add up to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import Final

import numpy as np
from msgspec import Struct

from detectors.batch import ANOMALY, Batch, Column, Matrix, above, saturate
from detectors.models.risk_model import Opinion, tells_of_seller
from detectors.patterns.base import Case, Raw, Row, Term
from detectors.patterns.catalogue import Catalogue
from detectors.patterns.features import FEATURES, TOLD
from detectors.patterns.norms import norm_of
from detectors.patterns.risk_reasons import learned_term, ordinary_term

SELLER_SHARE: Final = 0.6
"""How much of the seller's evidence counts against each single order."""
JUDGED_BY_LABELS: Final = frozenset(("disputes", "order"))
"""Patterns whose facts the risk model weighs by what became of such orders, once it has learned."""
ORDINARY: Final = 0.4
"""Evidence of the other patterns that ordinary trade gives, too: a model that has learned passes it over."""
IN_ALERT: Final = 8
IN_DECISION: Final = 4
"""Most reasons that are given."""
OWN: Final = 2
"""Which of the three scales goes for terms of the order itself."""
MICRO: Final = 1_000_000
_NUMBERS: Final = {name: number for number, name in enumerate((*FEATURES, ANOMALY))}


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

    An order's score takes in the risk model's probability, by as much as the model is trusted, in place of
    the patterns that look at the same facts; without other evidence the score is that probability.
    """

    def __init__(self, catalogue: Catalogue, batch: Batch, raw: Matrix, risk: Opinion | None = None) -> None:
        self._batch, self._raw, self._risk = batch, raw, risk
        self._terms: list[Term] = []
        self._columns: list[Column] = []
        sums: list[Column] = []
        nothing, highest = np.zeros_like(batch.anomaly), batch.highest
        for pattern in (*catalogue.seller, catalogue.order):
            self._terms += pattern.terms
            levels = getattr(pattern, "idle_below", None)
            if levels and all(highest[name] <= level for name, level in levels.items()):
                self._columns += [nothing] * len(pattern.terms)
                sums.append(nothing)
                continue
            weighed = pattern.weigh(batch)
            self._columns += weighed
            sums.append(_sum(weighed))
        against_order = sums.pop()
        active = [own for own in sums if own is not nothing]
        total, strongest = _sum([nothing, *active]), np.maximum.reduce(sums)
        evidence = np.sqrt(_sum([nothing, *(own * own for own in active)]))
        scale = SELLER_SHARE * np.divide(evidence, total, out=np.zeros_like(total), where=total > 0.0)
        judged = [pattern.name in JUDGED_BY_LABELS for pattern in catalogue.seller for _ in pattern.terms]
        self._kinds = [int(by_labels) for by_labels in judged] + [OWN] * len(catalogue.order.terms)
        self._scales = scale, scale, np.ones_like(scale)
        """Of the terms of sellers' patterns that labels do not judge, that they judge, and of the order's own."""
        self._learned = np.zeros_like(scale)
        self.seller_scores = _rounded(saturate(evidence))
        against = SELLER_SHARE * evidence + against_order
        self._learned_of_seller = np.zeros_like(scale)
        if risk is not None:
            of_labels = [column for column, p in zip(sums, catalogue.seller, strict=True) if p.name in JUDGED_BY_LABELS]
            against = self._with_risk(risk, _sum([np.zeros_like(total), *of_labels]), total, against_order)
            learned = risk.seller_evidence
            self.seller_scores = _rounded(saturate(evidence + learned))
            weight = np.divide(total, evidence, out=np.ones_like(total), where=evidence > 0.0)
            self._learned_of_seller = learned * weight  # in the measure of the patterns' own columns
        self.order_scores: Final = _rounded(saturate(against))
        self.alone: Final = _rounded(saturate(strongest))
        """Score of the strongest seller pattern by itself."""
        self.top: Final[list[int]] = np.argmax(np.stack(sums), axis=0).tolist()
        """Index of that pattern."""

    def _with_risk(self, risk: Opinion, of_labels: Column, total: Column, against_order: Column) -> Column:
        """Evidence against each order with the risk model's, and less of what that knows better."""
        scale, doubt = self._scales[0], 1.0 - risk.trust
        by_labels = scale * of_labels
        others = scale * np.maximum(total - of_labels, 0.0)
        left = doubt * others + risk.trust * above(others, ORDINARY)
        of_others = scale * np.divide(left, others, out=np.zeros_like(scale), where=others > 0.0)
        self._scales = of_others, doubt * scale, doubt
        self._learned = risk.trust * risk.evidence
        against: Column = left + doubt * (by_labels + against_order) + self._learned
        return against

    def explainer(self, orders_from: float, sellers_from: float) -> "Explainer":
        """What can put the scores of the batch from these levels on into words."""
        high = np.array(self.order_scores) >= orders_from
        at = np.flatnonzero(high | (np.array(self.seller_scores) >= sellers_from))
        weights = np.concatenate(self._columns).reshape(len(self._terms), -1)[:, at].T
        lines, terms = np.nonzero(weights)
        weighed = list(zip(terms.tolist(), weights[lines, terms].tolist(), strict=True))
        ends = np.searchsorted(lines, np.arange(len(at) + 1)).tolist()
        return Explainer(
            self._batch,
            self._terms,
            self._kinds,
            dict(zip(at.tolist(), range(len(at)), strict=True)),
            [weighed[start:end] for start, end in pairwise(ends)],
            np.stack(self._scales)[:, at].T.tolist(),
            self._learned[at].tolist(),
            self._learned_of_seller[at].tolist(),
            self._risk,
            self._raw[np.ix_(at, TOLD)].tolist(),
        )


@dataclass(slots=True)
class Explainer:
    """Reasons for the few scores of a batch that people may look at."""

    batch: Batch
    terms: Sequence[Term]
    kinds: Sequence[int]
    """Which of the three scales goes for each term."""
    lines: Mapping[int, int]
    """Which line of the lists below belongs to which event of the batch."""
    weighed: Sequence[list[tuple[int, float]]]
    """The terms that weigh something, by number, with their weights."""
    scales: Sequence[list[float]]
    learned: Sequence[float]
    learned_of_seller: Sequence[float]
    """The risk model's evidence against the seller, in the measure of the terms' weights."""
    risk: Opinion | None
    raws: Sequence[list[float]]

    def of_seller(self, at: int, row: Row, score: float) -> list[Reason]:
        """Why the seller has its score: strongest first."""
        line = self.lines[at]
        said = [(weight, self.terms[term]) for term, weight in self.weighed[line] if self.kinds[term] != OWN]
        learned = self._learned_terms(at, self.learned_of_seller[line], of_seller=True)
        return self._reasons(at, row, said, learned, score, IN_ALERT)

    def of_event(self, at: int, row: Row, score: float) -> list[Reason]:
        """Why the order, payment or listing has its score: strongest first."""
        line = self.lines[at]
        scales, kinds, terms = self.scales[line], self.kinds, self.terms
        said = [(weight * scales[kinds[term]], terms[term]) for term, weight in self.weighed[line]]
        learned = self._learned_terms(at, self.learned[line], of_seller=False)
        return self._reasons(at, row, said, learned, score, IN_DECISION)

    def _learned_terms(self, at: int, evidence: float, *, of_seller: bool) -> list[tuple[float, Term]]:
        """The risk model's evidence, shared out to the curves that raise it."""
        if self.risk is None or not evidence:
            return []
        risk = self.risk
        heights = risk.model.contributions(risk.levels[at].tolist())
        raising = [(f, height) for f, height in heights if height > 0.0 and (tells_of_seller(f) or not of_seller)]
        raising = raising[:IN_ALERT]
        if not raising:  # what is left is how often orders turn out bad
            odds = float((risk.seller_odds if of_seller else risk.odds)[at])
            return [(evidence, ordinary_term(odds / (1.0 + odds)))]
        total = sum(height for _, height in raising)
        return [(evidence * height / total, learned_term(feature, height)) for feature, height in raising]

    def _reasons(
        self,
        at: int,
        row: Row,
        patterns: list[tuple[float, Term]],
        learned: list[tuple[float, Term]],
        score: float,
        most: int,
    ) -> list[Reason]:
        """Of terms of patterns, of which one stands for all about a feature, and learned ones, each for itself."""
        said = [(weight, term, term.feature) for weight, term in patterns if weight > 0.0]
        said += [(weight, term, term.code) for weight, term in learned if weight > 0.0]
        told = _told_once(said)[:most]
        parts = apportion(score, [weight for weight, _ in told])
        raw = Raw.of(self.raws[self.lines[at]])
        return [
            self._reason(at, row, raw, term, part) for (_, term), part in zip(told, parts, strict=True) if part > 0.0
        ]

    def _reason(self, at: int, row: Row, raw: Raw, term: Term, contribution: float) -> Reason:
        observed, usual = self.batch.at(at, term.feature)
        own, peer = norm_of(row.profile.own, _NUMBERS[term.feature]), round(usual, 4)
        said = term.say(Case(observed, own, peer, row, raw))
        return Reason(term.code, said, round(observed, 4), own, peer, contribution)


def _told_once(said: Sequence[tuple[float, Term, str]]) -> list[tuple[float, Term]]:
    """Weights and terms, strongest first; of several terms about one thing, the strongest stands for all of them."""
    told: dict[str, tuple[float, Term]] = {}
    for weight, term, about in sorted(said, key=itemgetter(0), reverse=True):
        before, stands_for = told.get(about, (0.0, term))
        told[about] = before + weight, stands_for
    return sorted(told.values(), key=itemgetter(0), reverse=True)


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
