"""Takes a name apart: words in Latin letters, what is title, legal form, particle or number."""

import re
import unicodedata
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from anyascii import anyascii
from rapidfuzz import process
from rapidfuzz.distance import OSA

from detectors.names.spelling import fold, skeleton
from detectors.names.words import (
    COMMON,
    FORM_STARTS,
    FORMS_IN_FRONT,
    GENERIC,
    LEGAL_FORMS,
    LONGEST_FORM,
    NAMES_TOO,
    NUMBERS,
    PARTICLES,
    PHRASE_STARTS,
    PHRASES,
    ROMAN,
    SAME,
    SHORT_FORMS,
    TENS,
    TITLES,
)

MAX_CHARACTERS: Final = 300
MAX_WORDS: Final = 16
"""What is longer is cut: the cost of a comparison grows with the square."""

LONG_WORD: Final = 9
LONG_FORM_WORDS: Final = sorted({word for form in LEGAL_FORMS for word in form if len(word) >= LONG_WORD})
FORM_WORDS: Final = ("company", "joint", "limited", "stock")

Kind = Literal["person", "organisation", ""]
_APOSTROPHES: Final = re.compile(
    "['\u2018\u2019\u02bc\u02bb\u0060\u00b4\u02b9\u05f3\u055a\u2032\"\u201c\u201d\u201e\u00ab\u00bb]"
)
_POINTED: Final = re.compile(r"(?<![^\W_])((?:[^\W\d_]\.){1,}[^\W\d_])(?![^\W_])\.?")
"""Single letters with points between: `S.A.R.L.`, `J.R.`"""
_BETWEEN: Final = re.compile(r"[\s\-\u2010-\u2015,;/\u30fb\u00b7._()\[\]|+]+")
_SPLIT: Final = re.compile(r"[^a-z0-9]+")
_SYLLABIC: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af]")
"""Han and Hangul: one character is a syllable."""
_ABJAD: Final = re.compile("[\u0590-\u074f\u0780-\u07bf\ufb1d-\ufdff\ufe70-\ufefc]")
"""Hebrew, Arabic, Syriac, Thaana: short vowels are not written."""


class Word(NamedTuple):
    """One word of a name."""

    text: str
    """Latin letters and digits, lower case; variants of the most frequent names are one."""
    weight: float
    """How much it says who this is: 1 for a rare word, 0.15 for a particle."""
    folded: str
    """Spelled as it sounds, so that usual transliterations agree."""
    bones: str
    """Its consonants, in classes."""
    number: int = -1
    script: str = ""
    """`syllables` (Han, Hangul; `transcribed` where words are apart), `abjad` (vowels are not written), or nothing."""
    original: str = ""


class Name(NamedTuple):
    """A name taken apart."""

    text: str
    words: tuple[Word, ...]
    forms: frozenset[str]
    """Kinds of its legal forms; see `words.LEGAL_FORMS`."""
    kind: Kind
    surname_first: bool
    """Whether it was written `Surname, Given`; its words are in the usual order."""
    joined: str
    """All words without spaces."""


@lru_cache(10_000)
def parse_name(text: str, kind: Kind = "") -> Name:
    """Takes a name apart.

    Args:
        text: The name as written, in any script.
        kind: What it is known to be; empty: what its words look like.
    """
    text = unicodedata.normalize("NFKC", text)[:MAX_CHARACTERS]
    before, _, after = text.partition(",")
    first = words_of(before)
    found = first + words_of(after)
    plain = [word for word, _, _ in found] if kind == "person" else [_respelled(word) for word, _, _ in found]
    forms, kept = _legal_forms(plain, kind)
    if not kind:
        generic = any(SAME.get(plain[at], plain[at]) in GENERIC for at in kept)
        kind = "organisation" if forms or generic else "person"
    if kind != "organisation":
        kept = _without_titles(plain, kept)
    surname_first = bool(kind == "person" and first and after.strip() and "," not in after)
    if surname_first:
        kept = [at for at in kept if at >= len(first)] + [at for at in kept if at < len(first)]
    words = _joined_phrases([_word(*found[at], kind) for at in kept])[:MAX_WORDS]
    joined = "".join(word.text for word in words)
    return Name(text, tuple(words), frozenset(forms), kind, surname_first, joined)


@lru_cache(10_000)
def _respelled(word: str) -> str:
    """A long word of a legal form with a slip of the pen is that word."""
    if len(word) < 5:
        return word
    words, slips = (FORM_WORDS, 1) if len(word) < LONG_WORD else (LONG_FORM_WORDS, 2)
    best = process.extractOne(word, words, scorer=OSA.distance, score_cutoff=slips)
    return str(best[0]) if best else word


def words_of(text: str) -> list[tuple[str, str, str]]:
    """Words in Latin letters, with their script and how they were written."""
    text = _POINTED.sub(lambda found: found.group(1).replace(".", ""), _APOSTROPHES.sub("", text))
    text = text.replace("&", " and ").replace("A/S", "AS").replace("a/s", "as")
    words = []
    parts = [part for part in _BETWEEN.split(text) if part]
    for written in parts:
        script = "abjad" if _ABJAD.search(written) else ""
        if _SYLLABIC.search(written):
            if len(parts) == 1:
                return _syllables(written)
            script = "transcribed"
        latin = anyascii(written).lower().replace("'", "").replace("`", "").replace('"', "")
        words += [(word, script, written) for word in _SPLIT.split(latin) if word]
    return words


def _syllables(written: str) -> list[tuple[str, str, str]]:
    """Han and Hangul without a space, by the syllable; with one, they transcribe foreign names or are apart already."""
    parts = [(anyascii(char).lower(), "syllables", char) for char in written]
    parts = [(_SPLIT.sub("", latin), script, char) for latin, script, char in parts]
    return [part for part in parts if part[0]]


def _without_titles(words: list[str], kept: list[int]) -> list[int]:
    """`Mr Smith` is Smith; but `Sultan, Ahmed` is no Ahmed with a title."""
    without = [at for at in kept if words[at] not in TITLES]
    if sum(words[at] not in PARTICLES for at in without) >= 2:
        return without
    sure = [at for at in kept if words[at] not in TITLES or words[at] in NAMES_TOO]
    return sure or kept


def _legal_forms(words: list[str], kind: Kind) -> tuple[set[str], list[int]]:
    """Kinds of the legal forms, and where the other words stand; a name is never form alone."""
    forms: dict[int, tuple[int, str]] = {}
    at = 0
    while at < len(words):
        longest = min(LONGEST_FORM, len(words) - at) if words[at] in FORM_STARTS else 0
        for length in range(longest, 0, -1):
            found = LEGAL_FORMS.get(tuple(words[at : at + length]))
            if found and _counts(words, at, length, kind):
                forms[at] = (length, found)
                break
        at += forms[at][0] if at in forms else 1
    taken = {place for at, (length, _) in forms.items() for place in range(at, at + length)}
    kept = [place for place in range(len(words)) if place not in taken]
    if not kept or all(words[place] in PARTICLES for place in kept):
        return set(), list(range(len(words)))
    return {found for _, found in forms.values()}, kept


def _counts(words: list[str], at: int, length: int, kind: Kind) -> bool:
    """Short forms are also people's names: they count at the end, or at the start of an organisation's."""
    if kind == "person":
        return False
    if length > 1 or words[at] not in SHORT_FORMS:
        return True
    return words[at] in FORMS_IN_FRONT if at == 0 else at == len(words) - 1 and words[at] != "pt"


def _word(text: str, script: str, original: str, kind: Kind) -> Word:
    text = SAME.get(text, text)
    number = -1
    if text.isdigit():
        number = int(text) if len(text) < 10 else -1
    elif kind == "organisation" or text in ROMAN:
        number = NUMBERS.get(text, -1)
    return Word(text, weight_of(text, kind), fold(text), skeleton(text, script), number, script, original)


def weight_of(text: str, kind: Kind) -> float:
    """How much a word says who this is."""
    if text in PARTICLES:
        return 0.15
    if len(text) == 1:
        return 0.4
    if kind == "organisation":
        return 0.5 if text in GENERIC else 1.0
    return 0.75 if text in COMMON else 1.0


def _joined_phrases(words: list[Word]) -> list[Word]:
    """`united states` is one word, `forty four` one number."""
    if not any(word.text in PHRASE_STARTS or word.text in TENS for word in words):
        return words
    joined: list[Word] = []
    at = 0
    while at < len(words):
        for length in (4, 3, 2, 1):
            phrase = PHRASES.get(tuple(word.text for word in words[at : at + length]))
            if phrase:
                joined.append(Word(phrase, 0.6, phrase, phrase))
                at += length
                break
        else:
            word = words[at]
            after = words[at + 1] if at + 1 < len(words) else None
            if word.text in TENS and after is not None and 0 < after.number < 10:
                text = str(word.number + after.number)
                joined.append(Word(text, 1.0, text, text, word.number + after.number))
                at += 1
            else:
                joined.append(word)
            at += 1
    return joined
