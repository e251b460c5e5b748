"""One cohort while it learns: its trees, its norms, its ranks, and who has taught it."""

from typing import Any

import numpy as np

from detectors.models.cohort_snapshot import CohortState, LearnerParams
from detectors.models.half_space import Floats, new_forest, read_forest, write_forest
from detectors.models.peers import SCORES, learn_norm, rank_scores, renew_ranks

HEAD_START = 50
"""Uses that a new cohort begins with, so that it is not put out before it has learned anything."""
PATIENCE = 4
"""Windows' worth of rows offered after which everybody may teach again: few sellers must not block."""


class Cohort:
    """Learns rows of peers. No seller fills more than its share of a window."""

    def __init__(self, name: str, params: LearnerParams, norm: Floats, forest: Any) -> None:
        self.name = name
        self.uses = HEAD_START
        self.norm = norm.copy()
        self._params = params
        self._rows = 0
        self._offered = 0
        self._sellers: dict[int, int] = {}
        self.forest = forest
        self._totals: list[int] = []
        self._knots: tuple[float, ...] = ()

    def learn_one(self, seller: int, trees: dict[str, float], values: Floats) -> bool:
        """Learns a row, unless its seller has taught this window enough; says whether it did."""
        if not self._admits(seller):
            return False
        self.uses += 1
        self._rows += 1
        learn_norm(self.norm, values, self._rows)
        self._learn_score(trees)
        self.forest.learn_one(trees)
        if self.forest.counter == 0:
            self._open_window()
        return True

    def _admits(self, seller: int) -> bool:
        self._offered += 1
        if self._offered > PATIENCE * self._params.forest.window_size:
            self._open_window()
        count = self._sellers.get(seller, 0)
        if count >= self._params.rows_per_seller:
            return False
        self._sellers[seller] = count + 1
        return True

    def _open_window(self) -> None:
        self._sellers.clear()
        self._offered = 0

    def _learn_score(self, trees: dict[str, float]) -> None:
        forest = self.forest
        if forest._first_window or forest.counter % (4 if self._knots else 2):
            return  # some rows are enough, and scoring costs more than learning
        self._totals.append(round((1 - forest.score_one(trees)) * self._params.forest.max_total))
        if len(self._totals) == SCORES:
            newest = rank_scores([1 - total / self._params.forest.max_total for total in self._totals])
            self._knots = renew_ranks(self._knots, newest)
            self._totals.clear()

    def state(self) -> CohortState:
        sellers = sorted(self._sellers.items())
        return CohortState(
            name=self.name,
            uses=self.uses,
            rows=self._rows,
            offered=self._offered,
            sellers=np.array([s for s, _ in sellers], "<u4").tobytes() + bytes(n for _, n in sellers),
            norm=self.norm.astype("<f8").tobytes(),
            forest=read_forest(self.forest, self._params.forest),
            scores=np.array(self._totals, "<u4").tobytes(),
            knots=self._knots,
        )

    @classmethod
    def restore(cls, state: CohortState, params: LearnerParams) -> "Cohort":
        """The cohort that learns on exactly where the one of this (checked) state stood."""
        cohort = cls(state.name, params, state.read_norm(), new_forest(params.forest))
        cohort.uses = state.uses
        cohort._rows = state.rows
        cohort._offered = state.offered
        count = len(state.sellers) // 5
        hashes = np.frombuffer(state.sellers, "<u4", count=count).tolist()
        cohort._sellers = dict(zip(hashes, state.sellers[4 * count :], strict=True))
        write_forest(cohort.forest, params.forest, state.forest)
        cohort._totals = np.frombuffer(state.scores, "<u4").tolist()
        cohort._knots = state.knots
        return cohort
