"""How alike two words of names are, in spelling and in sound."""

import re
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import OSA

_SOUNDS: Final = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("^(hs|x)", "s"),
        ("(?<=[ei]j)s$|(?<=[oei]v)s$", ""),
        ("tsch|tch|tsh", "c"),
        ("dzh|dj|zh", "j"),
        ("shch|sch|sh|sz", "s"),
        ("ch|cz", "c"),
        ("kh|ck|q", "k"),
        ("gh", "g"),
        ("ph", "f"),
        ("th", "t"),
        ("dh", "d"),
        ("ts|tz|z", "s"),
        ("c(?=[eiy])", "s"),
        ("x", "ks"),
        ("w", "v"),
        ("c(?![a-z])", "k"),
        ("ou|oo|oe|ue|o", "u"),
        ("[yj](?=[aeiou])", "i"),
        ("a[eiy]|e[iy]|ee|ie|y|e", "i"),
        ("ii+", "i"),
        (r"([a-z])\1+", r"\1"),
    )
)
_CLASSES: Final = str.maketrans("pdgqvzjwe", "btkkfscfi")
_VOWELS: Final = re.compile("[aiuhy]")
_REPEATED: Final = re.compile(r"(.)\1+")


@lru_cache(50_000)
def fold(word: str) -> str:
    """Spelled as it sounds, so that usual transliterations of one name agree."""
    for pattern, sound in _SOUNDS:
        word = pattern.sub(sound, word)
    return word


@lru_cache(50_000)
def skeleton(word: str, script: str = "") -> str:
    """The consonants in classes, after the first sound; an abjad's `w` and `y` are vowels as a rule."""
    if script == "abjad" and len(word) > 2:
        word = re.sub("[wy]", "", word)
    folded = fold(word).translate(_CLASSES)
    bones = _REPEATED.sub(r"\1", _VOWELS.sub("", folded))
    return "a" + bones if folded[:1] in ("a", "i", "u") else bones


def alike(left: str, right: str) -> float:
    """1 for equal words, less by share of changed letters (optimal string alignment), 0 for different ones."""
    if left == right:
        return 1.0
    longest = max(len(left), len(right))
    return 1.0 - OSA.distance(left, right) / longest if longest else 0.0
