"""Whether two names may be the same person's or organisation's: a score, and why."""

import math
from functools import lru_cache
from typing import Final

from msgspec import Struct

from detectors.names.alignment import Alignment
from detectors.names.evidence import FIELDS, Evidence, gather
from detectors.names.parts import Kind, Name, parse_name

MATCH: Final = 0.5
"""From this score on two names are taken to match: there F1 is highest on the development pairs."""

BIAS: Final = 2.57
WEIGHTS: Final = Evidence(
    shared=0.50,
    length=1.00,
    letters=0.50,
    different=-5.81,
    conflict=-1.48,
    edits=-3.58,
    doubt=-7.51,
    short_typo=-1.81,
    turned=-4.60,
    forms=-4.00,
    numbers=-0.50,
    longer_name=-10.00,
    partial=-8.00,
    left_out=-1.00,
    weak=-1.50,
)
"""Logistic regression on labelled pairs, signs held to what they mean: `bench/detection/names_fit.py`."""

_AGAINST: Final = {
    "turned": "the words stand in another order",
    "forms": "the legal forms contradict each other",
    "numbers": "the numbers differ",
    "longer_name": "one of the two organisations has further words",
    "partial": "hardly more than one word of a longer name is shared",
    "left_out": "one of the two has further words",
}


class Match(Struct, frozen=True, gc=False):
    """How two names compare."""

    score: float
    """0 to below 1, six digits: a probability; among exact matches longer and rarer names have more."""
    reasons: tuple[str, ...]
    """In words, with the words of the names: personal where the names are."""
    summary: str
    """The same without any word of the names: for logs and alerts."""


def match_names(left: str, right: str, kind: Kind = "") -> Match:
    """How two names compare.

    Args:
        left, right: Names as written, in any script.
        kind: What both are known to be; empty: what their words look like.
    """
    return match_parsed(parse_name(left, kind), parse_name(right, kind))


def match_parsed(left: Name, right: Name) -> Match:
    """The same for names that are taken apart already."""
    evidence, found = gather(left, right)
    return Match(_score(evidence, found), _reasons(left, right, evidence, found), _summary(evidence, found))


def score_parsed(left: Name, right: Name) -> float:
    """The score alone."""
    return _score(*gather(left, right))


def _score(evidence: Evidence, found: Alignment) -> float:
    if not found.pairs:
        return 0.0
    z = BIAS + sum(map(float.__mul__, WEIGHTS, evidence))
    return round(1.0 / (1.0 + math.exp(-max(z, -30.0))), 6)


def _reasons(left: Name, right: Name, evidence: Evidence, found: Alignment) -> tuple[str, ...]:
    said = []
    equal = [left.words[pair.left[0]].text for pair in found.pairs if pair.how == "equal"]
    if equal:
        said.append(f"same: {', '.join(equal)}")
    for pair in found.pairs:
        one = " ".join(left.words[at].text for at in pair.left)
        other = " ".join(right.words[at].text for at in pair.right)
        if pair.how != "equal":
            said.append(_SAYING[pair.how].format(one=one, other=other, percent=f"{100 * pair.likeness:.0f} %"))
    alone = [" ".join(n.words[at].text for at in a) for n, a in ((left, found.left_alone), (right, found.right_alone))]
    if alone[0] and alone[1]:
        said.append(f"{alone[0]} here, {alone[1]} there")
    elif alone[0] or alone[1]:
        said.append(f"only {'the first' if alone[0] else 'the second'} has: {alone[0] or alone[1]}")
    return (*said, *_against(evidence))


_SAYING: Final = {
    "spelling": "{one} is spelled nearly as {other} ({percent} alike)",
    "sound": "{one} sounds like {other} ({percent} alike)",
    "initial": "{one} and {other}: an initial",
    "nickname": "{one} is a short or other form of {other}",
    "joined": "{one} is {other}, written together or apart",
    "acronym": "{one} and {other}: first letters",
    "number": "{one} and {other} are the same number",
}


def _against(evidence: Evidence) -> list[str]:
    """What speaks against it, heaviest first."""
    weighed = [(w * x, name) for w, x, name in zip(WEIGHTS, evidence, FIELDS, strict=True) if name in _AGAINST]
    return [_AGAINST[name] for pull, name in sorted(weighed) if pull <= (-1.5 if name == "partial" else -0.3)]


@lru_cache(10_000)
def _plural(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _summary(evidence: Evidence, found: Alignment) -> str:
    equal = sum(pair.how == "equal" for pair in found.pairs)
    near = len(found.pairs) - equal
    alone = len(found.left_alone) + len(found.right_alone)
    parts = [f"{_plural(equal, 'word')} equal"] if equal or not near else []
    parts += [f"{near} alike in spelling or sound"] if near else []
    parts += [f"{alone} without counterpart"] if alone else []
    return "; ".join([", ".join(parts), *(said for said in _against(evidence) if "words" not in said or not alone)])
