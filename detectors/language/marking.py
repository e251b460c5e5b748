"""Where the words of a list stand in a text as it was written, however they were spelled."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from detectors.language import lexicon as lists
from detectors.language.folding import canonical, fold_text, skeleton, skeleton_places
from detectors.language.lexicon import Found, Lexicon

_WORD: Final = re.compile(r"\S+")
_ASCII_SIGN: Final = re.compile(r"[^0-9A-Za-z\x80-\U0010ffff]")


class Mark(Struct, frozen=True):
    """One word that counted, and where it stands."""

    start: int
    """In characters of the text."""
    end: int
    """Behind its last one."""
    term: str
    """As the list has it."""
    topic: str
    weight: float
    """What it counts here, 0..1; from 0.6 on it names goods outright."""
    hidden: bool
    """Spelled so that a plain search would miss it."""


def marks(lexicon: Lexicon, text: str) -> list[Mark]:
    """The words that `Lexicon.match` finds, in the order of the text; of two that overlap the longer one."""
    folded = fold_text(text)
    found = lexicon.match(folded).found
    if not found:
        return []
    canon, origins = _canonical(text)
    placed = [
        Mark(origins[start], origins[end - 1] + 1, one.text, one.topic, round(one.weight, 4), one.hidden)
        for one in found
        for start, end in (_hidden(canon, one) if one.hidden else _plain(canon, folded.plain, one))
    ]
    placed.sort(key=lambda mark: (mark.start - mark.end, mark.start))
    kept: list[Mark] = []
    for mark in placed:
        if all(mark.end <= other.start or mark.start >= other.end for other in kept):
            kept.append(mark)
    return sorted(kept, key=lambda mark: mark.start)


def _canonical(text: str) -> tuple[str, list[int]]:
    """The canonical text, and for each of its characters the one of the text that it comes from."""
    pieces = [canonical(char) for char in text]
    return "".join(pieces), [place for place, piece in enumerate(pieces) for _ in piece]


def _plain(canon: str, plain: str, one: Found) -> Iterator[tuple[int, int]]:
    """Where a word that is written plainly stands in `canon`."""
    places = _plain_places(canon)
    for form in dict.fromkeys(lists._forms(fold_text(one.text).plain.strip())):
        for match in re.finditer(f"(?={re.escape(form)})", plain):
            start, end = match.start(), match.start() + len(form)
            if lists._apart(plain, start, end):
                yield places[start], places[end - 1] + 1


def _plain_places(canon: str) -> list[int]:
    """For each character of the folded text, where it stands in `canon`; of a space, where the word before ends."""
    apart = _ASCII_SIGN.sub(" ", canon.encode(errors="replace").decode())
    places = [0]
    for word in _WORD.finditer(apart):
        places += [*range(word.start(), word.end()), word.end() - 1]
    return places


def _hidden(canon: str, one: Found) -> Iterator[tuple[int, int]]:
    """Where a word that is spelled to be missed stands in `canon`."""
    term = fold_text(one.text).plain.strip()
    bones = skeleton(term)
    for spelled, origins in _spellings(canon):
        for signs in (True, False):
            places = skeleton_places(spelled, signs=signs)
            for match in re.finditer(f"(?={re.escape(bones)})", skeleton(spelled, signs=signs)):
                start, end = places[match.start()], places[match.start() + len(bones) - 1] + 1
                if lists._is_disguise(spelled, start, end, term, signs=signs) or spelled is not canon:
                    yield origins[start], origins[end - 1] + 1


def _spellings(canon: str) -> Iterator[tuple[str, Sequence[int]]]:
    """The text, and what it may mean where letters are masked or drawn out; with where each character comes from."""
    yield canon, range(len(canon))
    for vowel in "aeiou" if lists._MASKED.search(canon) else "":
        yield _replaced(canon, ((m.start(), m.end(), vowel) for m in lists._MASKED.finditer(canon)))
    if lists._REPEATED.search(canon):
        for times in (1, 2):
            yield _replaced(canon, ((m.start(), m.end(), m[1] * times) for m in lists._REPEATED.finditer(canon)))


def _replaced(canon: str, changes: Iterable[tuple[int, int, str]]) -> tuple[str, list[int]]:
    pieces, origins, at = [], [], 0
    for start, end, put in changes:
        pieces += [canon[at:start], put]
        origins += [*range(at, start), *([start] * (len(put) - 1)), *([end - 1] * bool(put))]
        at = end
    pieces.append(canon[at:])
    return "".join(pieces), [*origins, *range(at, len(canon))]
