"""The published models as watch uses them: opinions and norms of many rows at once, nothing learned."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from detectors.models.cohort_snapshot import ALL, MAX_NAME, Snapshot, SnapshotError, unpack
from detectors.models.half_space import Floats, HalfSpaceScorer
from detectors.models.peers import RankScale

DEFAULT_NORM = 0.2
"""For features that the prior does not name: risk is rare among honest sellers."""


@lru_cache(maxsize=4_096)
def lineage(cohort: str) -> tuple[str, ...]:
    """A cohort and its parents, nearest first: `kind|category|band`, `kind|category`, `kind`, `all`."""
    kind, _, rest = cohort.partition("|")
    category = rest.rpartition("|")[0]
    names = (cohort, f"{kind}|{category}" if category else kind, kind)
    return (*dict.fromkeys(n for n in names if n and n != ALL and len(n.encode()) <= MAX_NAME), ALL)


def prior_norms(features: Sequence[str], prior: Mapping[str, float] | None) -> tuple[float, ...]:
    """The norm of each feature before anything was learned."""
    return tuple(float((prior or {}).get(name, DEFAULT_NORM)) for name in features)


class CohortModels:
    """One version of the models; immutable. A cohort that knows too little leaves it to its parents."""

    def __init__(
        self, features: Sequence[str], prior: Sequence[float], version: str, snapshot: Snapshot | None
    ) -> None:
        self.features = tuple(features)
        self.version = version
        cohorts = snapshot.cohorts if snapshot else ()
        self.cohorts = tuple(cohort.name for cohort in cohorts)
        norms = {ALL: tuple(prior)} | {c.name: tuple(c.read_norm().tolist()) for c in cohorts}
        self._norms: Mapping[str, tuple[float, ...]] = norms
        self._norm_rows = {name: i for i, name in enumerate(norms)}
        self._norm_table = np.array(list(norms.values()))
        self._trees: _Trees | None = _Trees(snapshot) if snapshot else None

    @classmethod
    def prior(cls, features: Sequence[str], prior: Mapping[str, float] | None = None) -> "CohortModels":
        """What is in force before anything was published: no opinion, built-in norms."""
        return cls(features, prior_norms(features, prior), "prior", None)

    @classmethod
    def from_snapshot(cls, snapshot: bytes, version: str, features: Sequence[str] | None = None) -> "CohortModels":
        """Raises SnapshotError for bytes that cannot be read, or that were learned from other features."""
        state = unpack(snapshot)
        if features is not None and tuple(features) != state.params.features:
            raise SnapshotError("these models were learned from other features than this version computes")
        return cls(state.params.features, state.params.prior, version, state)

    def norm(self, cohort: str) -> Sequence[float]:
        """What is usual among the peers, feature by feature; known from a cohort's first row on."""
        return self._norms.get(cohort) or next(self._norms[n] for n in lineage(cohort) if n in self._norms)

    def norms(self, cohorts: Sequence[str]) -> Floats:
        """`norm` of many cohorts at once, a row each."""
        rows = self._norm_table[_places(self._norm_rows, cohorts)]
        return rows.reshape(len(cohorts), len(self.features))

    def anomaly(self, cohorts: Sequence[str], features: Floats) -> Floats:
        """How unusual each row is among its peers: 0.99 says that 1 in 100 is as unusual; nan = no opinion."""
        places, scores = self._score(cohorts, features)
        ranks = np.full(len(scores), np.nan)
        known = ~np.isnan(scores)
        if self._trees and known.any():
            ranks[known] = self._trees.scale.ranks(places[known], scores[known])
        return ranks

    def raw(self, cohorts: Sequence[str], features: Floats) -> Floats:
        """The score of river's `score_one` for each row; nan = no opinion."""
        return self._score(cohorts, features)[1]

    def _score(self, cohorts: Sequence[str], features: Floats) -> tuple[NDArray[np.intp], Floats]:
        if features.shape != (len(cohorts), len(self.features)):
            raise ValueError(f"{len(cohorts)} rows of {len(self.features)} features, not {features.shape}")
        scores = np.full(len(cohorts), np.nan)
        if self._trees is None:
            return np.full(len(cohorts), -1), scores
        places = _places(self._trees.places, cohorts)
        rows = features[:, self._trees.columns]
        known = (places >= 0) & np.isfinite(rows).all(axis=1)
        scores[known] = self._trees.scorer.score_many(places[known], rows[known])
        return places, scores


class _Trees:
    """The cohorts that have an opinion: a full window, and enough scores to rank against."""

    def __init__(self, snapshot: Snapshot) -> None:
        params = snapshot.params
        judges = [(c, knots) for c in snapshot.cohorts if (knots := c.rank_knots(params))]
        self.places = {cohort.name: i for i, (cohort, _) in enumerate(judges)}
        self.columns = [params.features.index(name) for name in params.forest.features]
        self.scorer = HalfSpaceScorer(params.forest, [cohort.forest.reference for cohort, _ in judges])
        self.scale = RankScale([knots for _, knots in judges])


def _places(known: Mapping[str, int], cohorts: Sequence[str]) -> NDArray[np.intp]:
    """Where each cohort, or else its nearest known parent, stands; -1 for none."""
    places = {c: known[c] if c in known else _parent_place(known, c) for c in set(cohorts)}
    return np.array([places[c] for c in cohorts], np.intp)


def _parent_place(known: Mapping[str, int], cohort: str) -> int:
    return next((known[name] for name in lineage(cohort) if name in known), -1)
