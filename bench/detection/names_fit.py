"""Fits the weights of `detectors.names.match` on labelled pairs, and says how well they do on others.

Logistic regression with a quadratic penalty on standardised weights, signs held to what the evidence means:
a number against a match may not speak for it, however small the sample. Prints weights, and F1 over five
folds, five times, once drawn by pair and once with near-duplicates of a name on one side.
"""

import csv
import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from scipy.optimize import minimize

from detectors.names.evidence import FIELDS, gather
from detectors.names.parts import parse_name

PENALTY: Final = 1.0
LEAST: Final = {"shared": 0.5, "length": 1.0, "letters": 0.5}
"""Weights that speak for a match, with the least they may be: longer and fuller is surer, always."""
MOST: Final = {
    "turned": -1.0, "forms": -1.0, "numbers": -0.5, "partial": -8.0, "left_out": -1.0, "weak": -1.5,
}  # fmt: skip
"""The rest speak against it: 0, or at most this, where the sample has too few of a kind."""
BOUND: Final = {"forms": -4.0, "longer_name": -10.0}
"""And no further down than this."""
NEAR_DUPLICATE: Final = 80.0
FOLDS: Final = 5
ROUNDS: Final = 5

Floats = NDArray[np.float64]


class Pairs(NamedTuple):
    """Labelled pairs, as numbers."""

    left: list[str]
    right: list[str]
    evidence: Floats
    match: Floats


def read_pairs(data: Path) -> Pairs:
    """The folder `name_match` of the data for measuring; kinds are guessed from the words, as for users."""
    with gzip.open(data / "name_match" / "name_pairs.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    left, right = [row["name1"] for row in rows], [row["name2"] for row in rows]
    evidence = [gather(parse_name(a), parse_name(b))[0] for a, b in zip(left, right, strict=True)]
    return Pairs(left, right, np.array(evidence), np.array([float(row["is_match"] == "true") for row in rows]))


def fit(evidence: Floats, match: Floats) -> Floats:
    """Weights in the order of `FIELDS`, and the bias."""
    scale = evidence.std(0) + 1e-9
    sign = 2.0 * match - 1.0

    def loss(w: Floats) -> tuple[float, Floats]:
        z = sign * (evidence @ w[:-1] + w[-1])
        pull = -sign / (1.0 + np.exp(z))
        penalty = w[:-1] * scale
        value = PENALTY * np.logaddexp(0.0, -z).sum() + 0.5 * (penalty**2).sum()
        return float(value), np.append(PENALTY * evidence.T @ pull + penalty * scale, PENALTY * pull.sum())

    bounds: list[Any] = [
        (LEAST[name], None) if name in LEAST else (BOUND.get(name), MOST.get(name, 0.0)) for name in FIELDS
    ]
    start = np.zeros(len(FIELDS) + 1)
    found: Floats = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)]).x
    return found


def predict(weights: Floats, evidence: Floats) -> Floats:
    odds: Floats = np.exp(-(evidence @ weights[:-1] + weights[-1]))
    return 1.0 / (1.0 + odds)


def f1(scores: Floats, match: Floats, threshold: float) -> float:
    said = scores >= threshold
    return float(2.0 * (said & (match == 1.0)).sum() / (said.sum() + match.sum()))


def groups(pairs: Pairs) -> NDArray[np.int64]:
    """Pairs that share a name, or nearly one (token sort ratio of 80 and more), are one group."""
    parent = np.arange(len(pairs.left))

    def root(at: int) -> int:
        while parent[at] != at:
            at = int(parent[at])
        return at

    texts = [(at, _plain(name)) for names in (pairs.left, pairs.right) for at, name in enumerate(names)]
    for number, (at, text) in enumerate(texts):
        for other, near in texts[:number]:
            if at != other and fuzz.token_sort_ratio(text, near, score_cutoff=NEAR_DUPLICATE):
                parent[root(at)] = root(other)
    return np.array([root(at) for at in range(len(parent))])


def _plain(name: str) -> str:
    return " ".join(word.text for word in parse_name(name).words)


def cross_validated(pairs: Pairs, unit: NDArray[np.int64], measure: Callable[[Floats], float]) -> list[float]:
    """What `measure` says of the scores that each fold gets from the others, once a round."""
    said = []
    for number in range(ROUNDS):
        draw = np.random.default_rng(number)
        units, place = np.unique(unit, return_inverse=True)
        fold = (draw.permutation(len(units)) % FOLDS)[place]
        scores = np.zeros(len(pairs.match))
        for one in range(FOLDS):
            weights = fit(pairs.evidence[fold != one], pairs.match[fold != one])
            scores[fold == one] = predict(weights, pairs.evidence[fold == one])
        said.append(measure(scores))
    return said


def mean_and_spread(values: Sequence[float]) -> str:
    return f"{np.mean(values):.3f} ± {np.std(values):.3f}"


def run(data: Path) -> None:
    """Prints the weights to copy into `detectors/names/match.py`, and how well they do."""
    pairs = read_pairs(data)
    weights = fit(pairs.evidence, pairs.match)
    for name, weight in zip((*FIELDS, "bias"), weights, strict=True):
        print(f"    {name}={weight:.2f},")
    each, near = np.arange(len(pairs.match)), groups(pairs)
    for said, unit in (("pairs", each), ("groups of near-duplicates", near)):
        values = cross_validated(pairs, unit, lambda scores: f1(scores, pairs.match, 0.5))
        print(f"F1 at 0.5 over {FOLDS} folds by {said}: {mean_and_spread(values)}")
