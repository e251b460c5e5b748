"""Finds which words of two names belong together, and how."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from detectors.names.parts import Name, Word
from detectors.names.spelling import alike
from detectors.names.words import NICKNAMES

How = Literal["equal", "spelling", "sound", "initial", "nickname", "joined", "acronym", "number"]
LEAST: Final = 0.5
"""Words less alike than this are different words."""
_GROUPS: Final = {nick: [group for group in NICKNAMES if nick in group] for group in NICKNAMES for nick in group}


class Pair(NamedTuple):
    """Words of the left name and words of the right one that stand for each other."""

    left: tuple[int, ...]
    right: tuple[int, ...]
    likeness: float
    how: How


class Alignment(NamedTuple):
    pairs: list[Pair]
    left_alone: list[int]
    right_alone: list[int]


def align(left: Name, right: Name) -> Alignment:
    """Pairs equal words first, then the most alike, each word once."""
    pairs = _equal(left.words, right.words)
    ls = _others(len(left.words), [pair.left for pair in pairs])
    rs = _others(len(right.words), [pair.right for pair in pairs])
    if ls and rs:
        possible = _possible(left, right, ls, rs)
        possible.sort(key=lambda pair: (-pair.likeness, -len(pair.left) - len(pair.right), pair.left, pair.right))
        for pair in possible:
            if all(at in ls for at in pair.left) and all(at in rs for at in pair.right):
                pairs.append(pair)
                ls = [at for at in ls if at not in pair.left]
                rs = [at for at in rs if at not in pair.right]
    for pair in [pair for pair in pairs if pair.how == "initial"]:
        if _stands_beside_a_surname(left, right, pair, ls, rs):
            pairs.remove(pair)
            ls, rs = sorted([*ls, *pair.left]), sorted([*rs, *pair.right])
    return Alignment(pairs, ls, rs)


def _stands_beside_a_surname(left: Name, right: Name, pair: Pair, ls: Sequence[int], rs: Sequence[int]) -> bool:
    """`Olga G. Stepanova` is no Olga Garcia: who writes an initial writes the surname in full."""
    name, alone = (left, ls) if len(left.words[pair.left[0]].text) == 1 else (right, rs)
    return len(name.words) - 1 in alone


def _equal(left: Sequence[Word], right: Sequence[Word]) -> list[Pair]:
    places: dict[str, list[int]] = {}
    for at, word in enumerate(right):
        places.setdefault(word.text, []).append(at)
    pairs = []
    for at, word in enumerate(left):
        free = places.get(word.text)
        if free and (not word.script or not right[free[0]].script or word.original == right[free[0]].original):
            pairs.append(Pair((at,), (free.pop(0),), 1.0, "equal"))
    return pairs


def _others(count: int, taken: Sequence[tuple[int, ...]]) -> list[int]:
    used = {at for places in taken for at in places}
    return [at for at in range(count) if at not in used]


def _possible(left: Name, right: Name, ls: Sequence[int], rs: Sequence[int]) -> list[Pair]:
    possible = []
    for i in ls:
        for j in rs:
            likeness, how = compare(left.words[i], right.words[j])
            if likeness >= LEAST:
                possible.append(Pair((i,), (j,), likeness, how))
    possible += _written_together(left.words, right.words, ls, rs)
    possible += [Pair(p.right, p.left, p.likeness, p.how) for p in _written_together(right.words, left.words, rs, ls)]
    return possible


def _written_together(
    one: Sequence[Word], several: Sequence[Word], ones: Sequence[int], many: Sequence[int]
) -> list[Pair]:
    """One word here that is two or more in a row there: written together, or their first letters."""
    found = []
    lengths = [len(word.text) for word in several]
    free = set(many)
    for i in ones:
        word = one[i].text
        for length in range(2, min(len(several), 4) + 1):
            for start in range(len(several) - length + 1):
                letters = sum(lengths[start : start + length])
                if abs(letters - len(word)) > 2 and length != len(word):
                    continue
                run = tuple(range(start, start + length))
                if not free.issuperset(run):
                    continue
                together = "".join([several[at].text for at in run])
                if abs(letters - len(word)) <= 2 and (likeness := alike(word, together)) > 0.8:
                    found.append(Pair((i,), run, 0.98 * likeness, "joined"))
                elif length == len(word) > 1 and all(word[n] == several[at].text[0] for n, at in enumerate(run)):
                    found.append(Pair((i,), run, 0.6, "acronym"))
    return found


def compare(left: Word, right: Word) -> tuple[float, How]:
    """How far two words stand for each other, and by what."""
    if left.script == right.script == "syllables":
        return (1.0, "equal") if left.original == right.original else (0.0, "spelling")
    if left.number >= 0 and right.number >= 0:
        return (0.95, "number") if left.number == right.number else (0.0, "number")
    if "transcribed" in (left.script, right.script) and _same_consonants(left, right):
        return 0.85, "sound"
    return _compare(
        left.text, right.text, left.folded, right.folded, left.bones, right.bones, bool(left.script or right.script)
    )


def _same_consonants(left: Word, right: Word) -> bool:
    """`beilake` for Barack: syllables keep the consonants, and l stands for r."""
    return len(left.bones) > 2 and left.bones.replace("r", "l") == right.bones.replace("r", "l")


@lru_cache(50_000)
def _compare(
    left: str, right: str, left_folded: str, right_folded: str, left_bones: str, right_bones: str, foreign: bool
) -> tuple[float, How]:
    shortest = min(len(left), len(right))
    if shortest == 1:
        return (0.65, "initial") if left[0] == right[0] and len(left) != len(right) else (0.0, "spelling")
    if left[0] != right[0] and left_bones[:1] != right_bones[:1] and shortest < 4:
        return 0.0, "spelling"
    spelled = alike(left, right)
    if _nick(left, right):
        return max(spelled, 0.8), "nickname"
    sound = 0.97 * alike(left_folded, right_folded)
    if left_folded == right_folded:
        sound = 0.96 if min(len(left_folded), len(right_folded)) > 3 else 0.85
    if left_bones == right_bones and len(left_bones) >= (2 if foreign else 3):
        sound = max(sound, 0.85)
    return (spelled, "spelling") if spelled >= sound else (sound, "sound")


def _nick(left: str, right: str) -> bool:
    return any(right in group for group in _GROUPS.get(left, ()))
