"""Measures name screening: F1 on labelled pairs, and the time of one name against 100,000.

`python -m bench.detection names --data DIR`, where DIR holds `name_match` and `sanctions_ofac`.
"""

import csv
import gzip
import os
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from rapidfuzz.distance import Levenshtein

from bench.data.catalogue import VARIABLE, NoDataError
from bench.detection.names_fit import (
    Floats,
    Pairs,
    cross_validated,
    f1,
    groups,
    mean_and_spread,
    read_pairs,
)
from bench.replays.report import table
from detectors.names import MATCH, Kind, NameIndex, match_names

NAMES: Final = 100_000
SEARCHES: Final = 500
PUBLISHED: Final = "0.790 (all 812 pairs)"
"""As its repository freezes it, at its own threshold."""
THRESHOLDS: Final = np.linspace(0.02, 0.98, 97)
KINDS: Final[dict[str, Kind]] = {"individual": "person"}


def measure(data: Path | None, _seeds: Sequence[int]) -> str:
    """The table of F1, and the times, as Markdown."""
    root = data or Path(os.environ.get(VARIABLE, ""))
    for folder in (root / "name_match", root / "sanctions_ofac"):
        if not folder.is_dir():
            raise NoDataError(f"There is no folder {folder}; say where the data are: --data DIR, or {VARIABLE}.")
    pairs = read_pairs(root)
    head = f"## Names, {len(pairs.match)} labelled pairs\n\n"
    return head + table(("matcher", "F1"), _scores(pairs)) + "\n" + table(("one name", "measured"), _times(root)) + "\n"


def _scores(pairs: Pairs) -> list[tuple[str, str]]:
    each, near = np.arange(len(pairs.match)), groups(pairs)
    sides = list(zip(pairs.left, pairs.right, strict=True))
    plain = np.array([Levenshtein.normalized_similarity(a.casefold(), b.casefold()) for a, b in sides])
    shipped = np.array([match_names(a, b).score for a, b in sides])

    def at_match(scores: Floats) -> float:
        return f1(scores, pairs.match, MATCH)

    return [
        ("Levenshtein, threshold best on these pairs", f"{_best(plain, pairs):.3f}"),
        ("the field's rules (logic-v2 of nomenklatura, published)", PUBLISHED),
        (f"ours, 5 folds x 5, at {MATCH}", mean_and_spread(cross_validated(pairs, each, at_match))),
        ("the same, near-duplicates never on both sides", mean_and_spread(cross_validated(pairs, near, at_match))),
        (f"ours as shipped, fitted on these very pairs, at {MATCH}", f"{at_match(shipped):.3f}"),
    ]


def _best(scores: Floats, pairs: Pairs) -> float:
    return max(f1(scores, pairs.match, threshold) for threshold in THRESHOLDS)


def _times(data: Path) -> list[tuple[str, str]]:
    names = list(_many_names(data))
    started = time.process_time()
    index = NameIndex(names)
    built = time.process_time() - started
    wanted = random.Random(2).sample(range(len(names)), SEARCHES)
    times, found = [], 0
    for number in wanted:
        started = time.process_time()
        hits = index.search(_misspelled(names[number][0], number), limit=10)
        times.append(1e3 * (time.process_time() - started))
        found += any(hit.number == number for hit in hits)
    middle, late = np.percentile(times, [50, 99])
    return [
        (f"against {len(names):,}, mean of {SEARCHES} (processor time)", f"{np.mean(times):.1f} ms"),
        ("median, 99th percentile", f"{middle:.1f} ms, {late:.1f} ms"),
        ("with one letter changed, among the first ten", f"{found / SEARCHES:.1%}"),
        ("building the index", f"{built:.1f} s"),
    ]


def _misspelled(name: str, seed: int) -> str:
    draw = random.Random(seed)
    at = draw.randrange(len(name))
    return name[:at] + draw.choice("aeiorstn") + name[at + 1 :]


def _many_names(data: Path) -> Iterator[tuple[str, Kind]]:
    """OFAC's names and aliases, then people made of the first half of one name and the second of another."""
    listed: list[tuple[str, Kind]] = []
    with gzip.open(data / "sanctions_ofac" / "sdn.csv.gz", "rt", encoding="utf-8") as file:
        listed += [(row["name"], KINDS.get(row["type"], "organisation")) for row in csv.DictReader(file)]
    with gzip.open(data / "sanctions_ofac" / "alt.csv.gz", "rt", encoding="utf-8") as file:
        listed += [(row["alt_name"], "") for row in csv.DictReader(file)]
    yield from listed
    draw = random.Random(1)
    words = [name.replace(",", " ").split() for name, kind in listed if kind == "person"]
    for _ in range(NAMES - len(listed)):
        one, other = draw.choice(words), draw.choice(words)
        yield " ".join((*one[: max(1, len(one) // 2)], *other[len(other) // 2 :])), "person"
