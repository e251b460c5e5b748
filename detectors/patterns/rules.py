"""Rules of the operator's own: a yes or no over features, with the weight that a yes has."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from detectors.batch import Batch, Column
from detectors.patterns.base import Case, Term, against, share
from detectors.patterns.programs import Program, evaluate, features_in

TIE_BREAK: Final = 0.05
"""A yes weighs up to so much more, by the features it looks at: two sellers that a rule finds do not tie."""


@dataclass(frozen=True)
class Rule:
    """One rule; it judges the seller as every pattern does, and may alert.

    Args:
        rule: Its name in the policy file.
        when: The expression as it was written.
        program: What that means; checked.
        weight: Evidence of a yes; 0 and more, on the scale of the patterns' weights.
        sentence: The reason, in words.
    """

    rule: str
    when: str
    program: Program
    weight: float
    sentence: str

    @cached_property
    def name(self) -> str:
        return f"rule.{self.rule}"

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        return (Term(self.name, self.looks_at[0], self._say),)

    @cached_property
    def looks_at(self) -> tuple[str, ...]:
        """The features that the expression names; a checked one names at least one."""
        return features_in(self.program)

    def _say(self, case: Case) -> str:
        return against(case, f"{self.sentence}: {self.looks_at[0]} {share(case.observed)}")

    def weigh(self, batch: Batch) -> Sequence[Column]:
        with np.errstate(all="ignore"):
            holds = evaluate(self.program, batch)
        looked = batch.features[self.looks_at[0]]
        for name in self.looks_at[1:]:
            looked = looked + batch.features[name]
        weight = self.weight * (1.0 + TIE_BREAK * looked / len(self.looks_at))
        return (np.where(holds, weight, 0.0),)


def weight_for(score: float) -> float:
    """The evidence that alone gives a score; the other way round, `detectors.batch.saturate`."""
    return float(np.sqrt(2.0 / (1.0 - score) - 1.0) - 1.0)
