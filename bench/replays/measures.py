"""How well scores rank what is bad, in the terms that papers on card fraud use."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Ranking:
    """Scored transactions of some days: each with its day, its card, and whether it was fraud."""

    score: Floats
    bad: Flags
    card: Ints
    day: Ints

    def roc_auc(self) -> float:
        """Chance that a bad one scores above a good one; a tie counts half."""
        bad, good = self._by_score()
        above = np.cumsum(bad) - bad  # bad ones that score strictly higher than each group of ties
        return float((good * (above + bad / 2)).sum() / (bad.sum() * good.sum()))

    def average_precision(self) -> float:
        """Precision at each distinct score, weighted by the recall that the score adds."""
        bad, good = self._by_score()
        precision = np.cumsum(bad) / np.cumsum(bad + good)
        return float((precision * bad).sum() / bad.sum())

    def card_precision(self, top: int = 100) -> float:
        """Mean over days of bad cards among the `top` highest-scored; a card found is not counted again."""
        found: set[int] = set()
        shares = []
        for day in np.unique(self.day):
            todays = self.day == day
            hits = self._top_bad_cards(todays & ~np.isin(self.card, list(found)), top)
            found.update(hits)
            shares.append(len(hits) / top)
        return float(np.mean(shares))

    def _by_score(self) -> tuple[Floats, Floats]:
        """Bad and good ones at each distinct score, highest first."""
        scores, group = np.unique(-self.score, return_inverse=True)
        bad = np.bincount(group, weights=self.bad, minlength=len(scores)).astype(np.float64)
        return bad, np.bincount(group, minlength=len(scores)) - bad

    def _top_bad_cards(self, rows: Flags, top: int) -> list[int]:
        cards, owner = np.unique(self.card[rows], return_inverse=True)
        score = np.full(len(cards), -np.inf)
        np.maximum.at(score, owner, self.score[rows])
        bad = np.zeros(len(cards), np.bool_)
        np.logical_or.at(bad, owner, self.bad[rows])
        highest = np.argsort(-score, kind="stable")[:top]
        return [int(card) for card in cards[highest][bad[highest]]]
