"""Finds the names of a long list that may match one name, without comparing it with them all."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from msgspec import Struct
from rapidfuzz import fuzz, process

from detectors.names.match import Match, match_parsed, score_parsed
from detectors.names.parts import Kind, Name, parse_name

CANDIDATES: Final = 96
"""Names that are looked at, those with most in common."""
BY_KEYS: Final = 14
BY_SOUND: Final = 14
"""Names of these that are compared fully: most in common, then alike in sound. On the development pairs the right one
was among them in 222 of 224 cases, with 60,000 others in the list."""
HOPELESS: Final = 0.2
"""Names with less than this share of the best sum are not compared."""
COMMON: Final = 0.15
"""A key that more than this share of the names has tells next to nothing, and is left out of a long list."""
LONG_LIST: Final = 2_000
_RARE: Final = 0.2


class Hit(Struct, frozen=True, gc=False):
    """One name of the list that may match."""

    number: int
    """Its place in the list."""
    match: Match


class NameIndex:
    """An index of names over what stays when a name is written differently.

    Keys are letter triples of the words as they sound, whole words, their consonants, and neighbours
    written together; a rarer key says more (inverse document frequency, Sparck Jones 1972). Of the names
    with the highest sums, the first and those most alike in sound are compared fully. About 1 KB of memory
    and 50 microseconds of building a name.

    Args:
        names: The names, with what they are known to be.
    """

    def __init__(self, names: Iterable[tuple[str, Kind]]) -> None:
        self._names: list[tuple[str, Kind]] = []
        self._sounds: list[str] = []
        postings: dict[str, array[int]] = {}
        sizes = array("f")
        for number, (text, kind) in enumerate(names):
            self._names.append((text, kind))
            name = parse_name.__wrapped__(text, kind)
            keys = set(_keys(name))
            self._sounds.append(_sound(name))
            sizes.append(len(keys))
            for key in keys:
                postings.setdefault(key, array("i")).append(number)
        count = len(self._names)
        self._postings = {
            key: (np.array(numbers, dtype=np.int32), float(np.log((count + 1.0) / len(numbers))))
            for key, numbers in postings.items()
            if count < LONG_LIST or len(numbers) <= COMMON * count
        }
        self._sizes = np.sqrt(np.array(sizes, dtype=np.float32) + 4.0)

    def __len__(self) -> int:
        return len(self._names)

    def search(self, text: str, kind: Kind = "", *, least: float = 0.0, limit: int = 10) -> list[Hit]:
        """The best matches, best first; equal scores in the order of the list.

        Args:
            text: The name that is looked for.
            kind: What it is known to be; empty: what its words look like.
            least: Lowest score that is told.
            limit: Most matches that are told.
        """
        name = parse_name(text, kind)
        scored = []
        for number in self._candidates(name):
            other = parse_name(*self._names[number])
            score = score_parsed(name, other)
            if score >= least and score > 0.0:
                scored.append((-score, number, other))
        scored.sort(key=lambda item: item[:2])
        return [Hit(number, match_parsed(name, other)) for _, number, other in scored[:limit]]

    def _candidates(self, name: Name) -> Sequence[int]:
        found = [self._postings[key] for key in dict.fromkeys(_keys(name)) if key in self._postings]
        if not found:
            return ()
        numbers = np.concatenate([posting for posting, _ in found])
        weights = np.repeat([weight * weight for _, weight in found], [len(posting) for posting, _ in found])
        sums = np.bincount(numbers, weights, len(self._names)) / self._sizes
        likely = np.flatnonzero(sums >= HOPELESS * sums.max())
        if len(likely) > CANDIDATES:
            likely = likely[np.argpartition(-sums[likely], CANDIDATES)[:CANDIDATES]]
        ordered: list[int] = likely[np.argsort(-sums[likely], kind="stable")].tolist()
        first, others = ordered[:BY_KEYS], ordered[BY_KEYS:]
        sounds = [self._sounds[number] for number in others]
        near = process.extract(_sound(name), sounds, scorer=fuzz.token_ratio, processor=None, limit=BY_SOUND)
        return [*first, *(others[at] for _, _, at in near)]


def _sound(name: Name) -> str:
    return " ".join([word.folded for word in name.words])


def _keys(name: Name) -> Iterator[str]:
    words = [word for word in name.words if word.weight > _RARE] or list(name.words)
    for word in words:
        yield f"={word.folded}"
        if len(word.bones) > 2:
            yield f"#{word.bones}"
        padded = f" {word.folded} "
        for at in range(len(padded) - 2):
            yield padded[at : at + 3]
    for one, other in pairwise(words):
        joined = one.folded + other.folded
        yield from (joined[at : at + 3] for at in range(max(len(one.folded) - 2, 0), len(one.folded)))
    if len(words) > 2:
        yield "*" + "".join(word.text[0] for word in words)
    if len(words) == 1 and 2 < len(words[0].text) < 6:
        yield "*" + words[0].text
