"""What speaks for and against two names being the same, as numbers."""

from itertools import pairwise
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA

from detectors.names.alignment import Alignment, Pair, align
from detectors.names.parts import Name
from detectors.names.spelling import alike


class Evidence(NamedTuple):
    """Numbers about a pair of names, each 0..1."""

    shared: float
    """Weight of the paired words, by how alike they are, against that of all words of both."""
    length: float
    """How much text the paired words are: 0.5 for twelve letters that count fully."""
    letters: float
    """Likeness of the names without spaces."""
    different: float
    """Weight of the heaviest word that is another one there, however long the names are."""
    conflict: float
    """Weight of such words against the paired ones."""
    edits: float
    """Changed letters in paired words: 0.5 for three; what sounds the same counts as half a letter."""
    doubt: float
    """How unlike the least alike pair of words is."""
    short_typo: float
    """The same where a name has one word only."""
    turned: float
    """People's names: whether words stand in another order."""
    forms: float
    """Whether the legal forms contradict each other."""
    numbers: float
    """Organisations: whether one has a number that the other has not."""
    longer_name: float
    """Organisations: weight of what only one has, such as a branch, a place, a subsidiary."""
    partial: float
    """Whether one or two words are all that a longer name shares with this one."""
    left_out: float
    """People's names: weight of words that only one of them has."""
    weak: float
    """Share of initials, nicknames and acronyms among the paired words."""


FIELDS: Final = Evidence._fields
WEAK: Final = ("initial", "nickname", "acronym")


def gather(left: Name, right: Name) -> tuple[Evidence, Alignment]:
    """The evidence, and which words it rests on."""
    found = align(left, right)
    l_all = sum(word.weight for word in left.words) or 1.0
    r_all = sum(word.weight for word in right.words) or 1.0
    paired = shared = weak = doubt = edits = text = 0.0
    for pair in found.pairs:
        weight = _weight(pair, left, right)
        paired += weight
        shared += weight * pair.likeness
        text += weight * pair.likeness * sum(len(left.words[at].text) for at in pair.left)
        if pair.how in WEAK:
            weak += weight
        elif pair.how != "equal":
            doubt = max(doubt, (1.0 - pair.likeness) * min(weight, 1.0))
            edits += _edits(pair, left, right)
    l_alone = [left.words[at].weight for at in found.left_alone]
    r_alone = [right.words[at].weight for at in found.right_alone]
    against = min(sum(l_alone), sum(r_alone))
    extra = abs(sum(l_alone) - sum(r_alone)) / max(l_all, r_all)
    organisation = "organisation" in (left.kind, right.kind)
    return Evidence(
        shared=min(2.0 * shared / (l_all + r_all), 1.0),
        length=text / (text + 12.0),
        letters=alike(left.joined, right.joined),
        different=min(max(l_alone, default=0.0), max(r_alone, default=0.0), 1.0),
        conflict=against / (paired + against + 1e-9),
        edits=edits / (edits + 3.0),
        doubt=doubt,
        short_typo=doubt if min(len(left.words), len(right.words)) <= 1 else 0.0,
        turned=0.0 if organisation else _turned(left, right, found.pairs),
        forms=_contradiction(left, right),
        numbers=_numbers(left, right, found) if organisation else 0.0,
        longer_name=extra if organisation else 0.0,
        partial=extra * max(2.0 - paired, 0.0) / 2.0,
        left_out=0.0 if organisation else extra,
        weak=weak / (paired + 1e-9),
    ), found


def _weight(pair: Pair, left: Name, right: Name) -> float:
    """Of the words on either side, in the mean."""
    return 0.5 * (sum(left.words[at].weight for at in pair.left) + sum(right.words[at].weight for at in pair.right))


def _edits(pair: Pair, left: Name, right: Name) -> float:
    if pair.how not in ("spelling", "sound"):
        return 0.0
    one, other = left.words[pair.left[0]], right.words[pair.right[0]]
    if one.bones == other.bones and (one.script or other.script):
        return 0.5
    return min(float(OSA.distance(one.text, other.text)), OSA.distance(one.folded, other.folded) + 0.5)


def _turned(left: Name, right: Name, pairs: list[Pair]) -> float:
    """1 where words changed places; less where the first became the last, as surnames do."""
    ordered = sorted(pair for pair in pairs if any(left.words[at].weight > 0.2 for at in pair.left))
    order = [pair.right[0] for pair in ordered]
    falls = [before > after for before, after in pairwise(order)]
    if not any(falls):
        return 0.0
    rotated = sum(falls) + (order[-1] > order[0]) == 1
    if not rotated:
        return 1.0
    return 0.0 if left.surname_first or right.surname_first else 0.5  # a surname put first is no other name


def _contradiction(left: Name, right: Name) -> float:
    one, other = left.forms - {"any"}, right.forms - {"any"}
    return float(bool(one) and bool(other) and not one & other)


def _numbers(left: Name, right: Name, found: Alignment) -> float:
    alone = [left.words[at].number for at in found.left_alone] + [right.words[at].number for at in found.right_alone]
    return float(any(number >= 0 for number in alone))
