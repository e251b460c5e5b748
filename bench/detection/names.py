"""Measures name screening: F1 on labelled pairs, and the time of one name against 100,000.

`python -m bench.detection names --data DIR`, where DIR holds `name_match` and `sanctions_ofac`.
"""

import csv
import gzip
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from rapidfuzz.distance import Levenshtein

from bench.detection.names_fit import (
    Floats,
    Pairs,
    cross_validated,
    f1,
    groups,
    mean_and_spread,
    read_pairs,
)
from detectors.names import MATCH, Kind, NameIndex, match_names

NAMES: Final = 100_000
SEARCHES: Final = 500
PUBLISHED: Final = "0.790 (all 812 pairs, its own threshold)"
"""logic-v2 of nomenklatura, as its repository freezes it."""
THRESHOLDS: Final = np.linspace(0.02, 0.98, 97)
KINDS: Final[dict[str, Kind]] = {"individual": "person"}


def run(data: Path) -> None:
    """Prints the table of F1 and the times."""
    pairs = read_pairs(data)
    each, near = np.arange(len(pairs.match)), groups(pairs)
    plain = np.array(
        [Levenshtein.normalized_similarity(*map(str.casefold, p)) for p in zip(pairs.left, pairs.right, strict=True)]
    )
    shipped = np.array([match_names(*pair).score for pair in zip(pairs.left, pairs.right, strict=True)])

    def at_match(scores: Floats) -> float:
        return f1(scores, pairs.match, MATCH)

    print(f"| names: {len(pairs.match)} labelled pairs | F1 |\n|---|---|")
    print(f"| Levenshtein, threshold best on these pairs | {_best(plain, pairs):.3f} |")
    print(f"| the field's rules (logic-v2, published) | {PUBLISHED} |")
    print(f"| ours, 5 folds x 5, at {MATCH} | {mean_and_spread(cross_validated(pairs, each, at_match))} |")
    print(f"| ours, near-duplicates never on both sides | {mean_and_spread(cross_validated(pairs, near, at_match))} |")
    print(f"| ours as shipped, fitted on these very pairs, at {MATCH} | {at_match(shipped):.3f} |")
    print(f"| the same, threshold best on these pairs | {_best(shipped, pairs):.3f} |\n")
    _print_times(list(_many_names(data)))


def _best(scores: Floats, pairs: Pairs) -> float:
    return max(f1(scores, pairs.match, threshold) for threshold in THRESHOLDS)


def _print_times(names: Sequence[tuple[str, Kind]]) -> None:
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
    print(
        f"one name against {len(names):,}: {np.mean(times):.1f} ms in the mean, {middle:.1f} median, {late:.1f} at p99"
    )
    print(
        f"    (processor time; {SEARCHES} searches, one letter changed in each; "
        f"{found / SEARCHES:.1%} are found among the first ten)"
    )
    print(f"index built in {built:.1f} s")


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
