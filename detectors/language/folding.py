"""Folds text to the letters that a reader sees, whatever characters were used to write them.

NFKD (Unicode Annex 15), casefolding, loss of marks and of invisible characters, and the look-alikes of
Unicode's Security Mechanisms (UTS 39). Offenders write `c0ca1ne`, `c o c a i n e` and Cyrillic letters so that
filters read past them; `skeleton` undoes that as well.
"""

import unicodedata
from typing import Final, NamedTuple

from detectors.language.confusables import LOOKALIKES

LETTERS: Final = {source: target for target, sources in LOOKALIKES.items() for source in sources}
INVISIBLE: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Blank characters that Unicode counts among letters and symbols."""
FLAG_LETTERS: Final = range(0x1F1E6, 0x1F200)
KEPT_CHARACTERS: Final = 20_000
_LEET: Final = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g", "l": "i"}
_LEET_SIGNS: Final = {"@": "a", "$": "s", "!": "i", "|": "i", "+": "t", "(": "c", "<": "c"}
_SIGNS: Final = bytes(code for code in range(128) if not chr(code).isalnum())
_SEPARATE: Final = bytes.maketrans(_SIGNS, b" " * len(_SIGNS))
_BARE: Final = bytes.maketrans("".join(_LEET).encode(), "".join(_LEET.values()).encode())
_READ: Final = bytes.maketrans("".join(_LEET_SIGNS).encode(), "".join(_LEET_SIGNS.values()).encode())
_SKELETON: Final = _READ.translate(_BARE)
_NO_LETTERS: Final = bytes(code for code in _SIGNS if chr(code) not in _LEET_SIGNS)
"""Signs that are left out of a skeleton; those of UTF-8 beyond ASCII stay as they are."""


class _Characters(dict[int, str]):
    """What each character beyond ASCII stands for; worked out when it is met first."""

    def __missing__(self, code: int) -> str:
        if len(self) > KEPT_CHARACTERS:
            self.clear()
        meant = self[code] = _meant(chr(code))
        return meant


def _meant(char: str) -> str:
    if char.isascii():
        return char.lower()
    code = ord(char)
    if code in FLAG_LETTERS:  # a flag beside a word must not become a part of it
        return f" {chr(ord('a') + code - FLAG_LETTERS.start)} "
    if char in INVISIBLE:
        return ""
    folded = char
    for _ in range(3):
        folded = unicodedata.normalize("NFKD", folded).casefold()
    return "".join(map(_seen, folded))


def _seen(char: str) -> str:
    if char.isascii():
        return char
    if (letter := LETTERS.get(char)) is not None:
        return letter
    kind = unicodedata.category(char)
    if kind in ("Mn", "Me", "Cf", "Sk", "Cn", "Co", "Cs"):
        return ""
    if kind == "Nd":
        return str(unicodedata.digit(char))
    if kind == "So":
        return f" {char} "  # an emoji is a word of its own
    return char if kind[0] in "LNM" else " "


_characters: Final = _Characters()


class Folded(NamedTuple):
    """One text as it is searched."""

    canon: str
    """Letters as they are seen, in lower case; ASCII signs stand where they stood."""
    plain: str
    """Words with one space between, before and behind: ` 5g mdma `."""


def canonical(text: str) -> str:
    """Lower-case letters as a reader sees them; ASCII signs keep their places."""
    return text.lower() if text.isascii() else text.translate(_characters)


def fold_text(text: str) -> Folded:
    """Folds a title or description; folding `plain` again changes nothing."""
    canon = canonical(text)
    words = canon.encode(errors="replace").translate(_SEPARATE).decode().split()
    return Folded(canon, f" {' '.join(words)} ")


def skeleton(canon: str, *, signs: bool = True) -> str:
    """Without separators, digits (and signs) read as letters, l as i: `c0-c@ine` is `cocaine`."""
    table, left_out = (_SKELETON, _NO_LETTERS) if signs else (_BARE, _SIGNS)
    return canon.encode(errors="replace").translate(table, left_out).decode()


def skeleton_places(canon: str, *, signs: bool = True) -> list[int]:
    """For each character of the skeleton, where it stands in `canon`."""
    left_out = (_NO_LETTERS if signs else _SIGNS).decode()
    return [place for place, char in enumerate(canon) if char not in left_out]
