"""Weighted word lists: which goods a text names outright, and which words only hint at them."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from detectors.language.folding import Folded, fold_text, skeleton, skeleton_places

NAMED: Final = 0.6
"""From this weight on a term names goods; below it, it hints."""
ALONE: Final = 0.35
"""What a term counts that misses the words it needs beside it."""
MAX_TERMS: Final = 50_000
MAX_TERM: Final = 80
DRAWN_OUT: Final = -1
"""In place of a term: a letter that stands three times or more in a row."""
_REPEATED: Final = re.compile(r"([^\W\d_])\1{2,}")
_MASKED: Final = re.compile(r"(?<=[^\W\d_])[*#](?=[^\W\d_])")
_APART: Final = re.compile(r"[\W_]+").split
_APART_SIGNS: Final = re.compile(r"[^\w@$!|+(<]+|_+").split
COLUMNS: Final = ("term", "weight", "topic", "with", "without")


class LexiconError(ValueError):
    """A word list that cannot be used: the message names its file, its line and what to write instead."""


class Term(NamedTuple):
    """One line of a list."""

    text: str
    weight: float
    topic: str
    beside: str
    """Words of which one must stand in the text, as written in the list; empty: none must."""
    against: str
    """Words of which none may."""


class Found(NamedTuple):
    """A term in a text."""

    text: str
    weight: float
    """What it counts here, with the words beside it."""
    topic: str
    hidden: bool
    """Spelled so that a plain search would miss it."""


class Words(NamedTuple):
    """What a text says by the lists."""

    named: float
    """0..1: goods are named outright."""
    hinted: float
    """0..1: words that may mean them."""
    found: tuple[Found, ...]
    """Strongest first."""


NOTHING: Final = Words(0.0, 0.0, ())


class Lexicon:
    """Terms, compiled into two automata (Aho and Corasick 1975): one over words, one over skeletons.

    Deterministic: the terms that are found do not depend on anything but the text and the list.

    Args:
        terms: In any order; of two with the same folded text the heavier counts.
        groups: Words that `with` and `without` may name as `@group`.
        name: Of the list, for `version`.
    """

    def __init__(self, terms: Iterable[Term], groups: Mapping[str, str] | None = None, *, name: str = "list") -> None:
        self.groups: Final = dict(sorted((groups or {}).items()))
        best: dict[str, Term] = {}
        for term in sorted(terms, key=lambda term: (-term.weight, *term)):
            best.setdefault(fold_text(term.text).plain.strip(), term)
        best.pop("", None)
        self.terms: Final = tuple(best.values())
        self.name: Final = name
        self._texts = tuple(best)
        self._patterns = {text: at for at, text in enumerate(best)}
        self._words, self._word_of = _automaton((form, at) for t, at in self._patterns.items() for form in _forms(t))
        bones = {skeleton(text): at for text, at in reversed(self._patterns.items())}
        drawn_out = [(letter * 3, DRAWN_OUT) for letter in "abcdefghjkmnopqrstuvwxyz"]
        self._skeletons, self._skeleton_of = _automaton(
            [*drawn_out, *((form, at) for form, at in bones.items() if len(form) >= 3)]
        )
        by_length = sorted(range(len(self.terms)), key=lambda at: (-len(self.terms[at].text), self.terms[at].text))
        self._rank = {at: rank for rank, at in enumerate(by_length)}
        self._beside = [self._searcher(term.beside) for term in self.terms]
        self._against = [self._searcher(term.against) for term in self.terms]

    @classmethod
    def parse(cls, text: str, name: str = "list") -> "Lexicon":
        """Reads a list: CSV with the columns `term,weight,topic,with,without`; LexiconError says what is wrong."""
        terms, groups = [], {}
        for line, row in _rows(text, name):
            word = row["term"].strip()
            if word.startswith("@"):
                groups[word[1:]] = _group(row["with"], word, f"{name}, line {line}")
            else:
                terms.append((line, _term(row, word, f"{name}, line {line}")))
        if not terms:
            raise LexiconError(f"{name}: no terms. Write one a line: term,weight,topic,with,without.")
        if len(terms) > MAX_TERMS:
            raise LexiconError(f"{name}: {len(terms)} terms; at most {MAX_TERMS} are read. Split the list.")
        known = f" or write one of {', '.join('@' + group for group in groups)}" if groups else ""
        for line, term in terms:
            for group in re.findall(r"@([^|]*)", f"{term.beside}|{term.against}"):
                if group.strip() not in groups:
                    raise LexiconError(
                        f"{name}, line {line}: there is no group @{group}. Add a line '@{group},,,word|word,'{known}."
                    )
        return cls([term for _, term in terms], groups, name=name)

    @classmethod
    def read(cls, path: Path) -> "Lexicon":
        """Reads a list from a file in UTF-8, or raises LexiconError."""
        try:
            return cls.parse(path.read_text("utf-8-sig"), path.name)
        except OSError as error:
            raise LexiconError(f"{path}: {error.strerror}. Name a file that can be read.") from error
        except UnicodeDecodeError as error:
            raise LexiconError(f"{path}: not UTF-8 at byte {error.start}. Save the list as UTF-8.") from error

    @classmethod
    def joined(cls, *lists: "Lexicon") -> "Lexicon":
        """All terms of several lists; groups of the same name are put together."""
        groups: dict[str, str] = {}
        for one in lists:
            for group, words in one.groups.items():
                groups[group] = f"{groups[group]}|{words}" if group in groups else words
        return cls([term for one in lists for term in one.terms], groups, name="+".join(one.name for one in lists))

    @cached_property
    def version(self) -> str:
        """Changes with any term, weight or group."""
        lines = [repr(tuple(term)) for term in sorted(self.terms)] + [repr(item) for item in self.groups.items()]
        return blake2b("\n".join(lines).encode(), digest_size=6).hexdigest()

    def __repr__(self) -> str:
        return f"Lexicon({self.name}, {len(self.terms)} terms, {self.version})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lexicon) and self.version == other.version

    def __hash__(self) -> int:
        return hash(self.version)

    def match(self, folded: Folded) -> Words:
        """What the text says by these terms."""
        hits: dict[int, bool] = {}
        plain = folded.plain
        for pattern, start, end in self._words.find_matches_as_indexes(plain, overlapping=True):
            if _apart(plain, start, end):
                hits[self._word_of[pattern]] = False
        for at in self._hidden(folded.canon):
            hits.setdefault(at, True)
        return self._weighed(plain, hits) if hits else NOTHING

    def _hidden(self, canon: str) -> Iterator[int]:
        """Terms that are spelled to be missed."""
        read = skeleton(canon)
        found = self._in_skeleton(canon, read, signs=True)
        bare = skeleton(canon, signs=False)
        if bare != read:
            found += self._in_skeleton(canon, bare, signs=False)
        if "*" in canon or "#" in canon:
            for spelled in _unmasked(canon):
                found += self._in_skeleton(spelled, skeleton(spelled, signs=False), signs=False)
        if DRAWN_OUT in found or "iii" in canon or "lll" in canon:  # in a skeleton, `ill` is three of one kind
            for spelled in (_REPEATED.sub(r"\1", canon), _REPEATED.sub(r"\1\1", canon)):
                hits = self._words.find_matches_as_indexes(f" {spelled} ", overlapping=True)
                found += [self._word_of[at] for at, start, end in hits if _apart(f" {spelled} ", start, end)]
                found += self._in_skeleton(spelled, skeleton(spelled), signs=True)
        return (at for at in found if at != DRAWN_OUT)

    def _in_skeleton(self, canon: str, bones: str, *, signs: bool) -> list[int]:
        hits = self._skeletons.find_matches_as_indexes(bones, overlapping=True)
        if not hits:
            return []
        found, places = [], None
        for pattern, start, end in hits:
            at = self._skeleton_of[pattern]
            if at == DRAWN_OUT:
                found.append(at)
                continue
            places = places or skeleton_places(canon, signs=signs)
            if _is_disguise(canon, places[start], places[end - 1] + 1, self._texts[at], signs=signs):
                found.append(at)
        return found

    def _weighed(self, plain: str, hits: Mapping[int, bool]) -> Words:
        found: list[Found] = []
        for at in sorted(hits, key=self._rank.__getitem__):
            term, beside, against, hidden = self.terms[at], self._beside[at], self._against[at], hits[at]
            if any(f" {term.text} " in f" {one.text} " for one in found):  # `meth` of `crystal meth`
                continue
            if against is not None and against(plain):
                continue
            weight = term.weight
            if hidden:  # nobody disguises a word by chance
                weight = max(weight, NAMED)
            elif beside is not None:
                weight = max(weight, NAMED) if beside(plain) else weight * ALONE
            found.append(Found(term.text, weight, term.topic, hidden))
        found.sort(key=lambda one: (-one.weight, one.text))
        named = hinted = 1.0
        for one in found:
            if one.weight >= NAMED:
                named *= 1.0 - one.weight
            else:
                hinted *= 1.0 - one.weight
        return Words(1.0 - named, 1.0 - hinted, tuple(found)) if found else NOTHING

    def _searcher(self, written: str) -> "_Searcher | None":
        words: list[str] = []
        for word in filter(None, map(str.strip, written.split("|"))):
            words += self.groups[word[1:]].split("|") if word.startswith("@") else [word]
        return _Searcher(words) if words else None


class _Searcher:
    """Whether one of some words stands in a text; compiled when first asked."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words

    @cached_property
    def _search(self) -> re.Pattern[str]:
        units = self._escaped(w[1:] for w in self._words if w.startswith("#"))
        words = self._escaped(w for w in self._words if not w.startswith("#"))
        parts = [rf"\d ?(?:{units}) "] if units else []
        return re.compile("|".join([*parts, rf" (?:{words})s? "] if words else parts) or r"(?!)")  # nothing matches

    @staticmethod
    def _escaped(words: Iterable[str]) -> str:
        folded = (fold_text(word).plain.strip() for word in words)
        return "|".join(sorted(re.escape(word) for word in folded if word))

    def __call__(self, plain: str) -> bool:
        return self._search.search(plain) is not None


def _automaton(forms: Iterable[tuple[str, int]]) -> tuple[AhoCorasick, list[int]]:
    """The automaton, and which term each of its patterns is of."""
    patterns = dict(forms)
    automaton = AhoCorasick(
        list(patterns) or ["\0"], matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA
    )
    return automaton, list(patterns.values())


def _forms(text: str) -> Iterator[str]:
    """How a term may stand among words: with its digits apart or not."""
    yield text
    apart = re.sub(r"(?<=\d) ?(?=[^\W\d_])|(?<=[^\W\d_]) ?(?=\d)", " ", text)
    yield apart
    yield re.sub(r"(?<=\d) (?=[^\W\d_])|(?<=[^\W\d_]) (?=\d)", "", text)


def _apart(plain: str, start: int, end: int) -> bool:
    """Whether what stands there is whole words; a plural counts as the word."""
    first, before = plain[start], plain[start - 1]
    if before in "gx" and first.isalpha() and plain[start - 2].isdigit():  # `5gmdma`, `10xmdma`
        before = " "
    if (first.isalpha() and before.isalpha()) or (first.isdigit() and before.isdigit()):
        return False
    last, behind = plain[end - 1], plain[end]
    if last.isalpha() and behind == "s":
        behind = plain[end + 1]
    return not ((last.isalpha() and behind.isalpha()) or (last.isdigit() and behind.isdigit()))


def _unmasked(canon: str) -> Iterator[str]:
    """What a text with masked letters may mean: `c*caine`."""
    if _MASKED.search(canon):
        for vowel in "aeiou":
            yield _MASKED.sub(vowel + "~", canon)


def _is_disguise(canon: str, start: int, end: int, term: str, *, signs: bool) -> bool:
    """Whether a term that the skeleton holds there was spelled to be missed, and is not there by chance."""
    if (start and canon[start - 1].isalnum()) or (end < len(canon) and canon[end].isalnum()):
        return False
    spelled = canon[start:end]
    if spelled.isalpha():
        return False
    bones, letters = sum(map(str.isalnum, term)), sum(map(str.isalpha, spelled))
    if letters < 2 or letters * 4 < bones or (bones <= 4 and letters * 2 < bones):
        return False
    pieces, words = (_APART_SIGNS if signs else _APART)(spelled.strip()), term.split()
    if len(pieces) == 1 or max(map(len, pieces)) == 1:
        return True
    if sum(map(str.isdigit, pieces)) > sum(map(str.isdigit, words)):  # `heroin #3` is no `heroine`
        return False
    return bones >= 6 or len(pieces) == len(words)


def sample_lexicon() -> Lexicon:
    """The small list that comes with Sellerwatch."""
    return _SAMPLE


def _rows(text: str, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(text.splitlines(), strict=True)
    header: list[str] | None = None
    for cells in _cells(reader, name):
        if not cells or not "".join(cells).strip() or cells[0].startswith("#"):
            continue
        if header is None:
            header = [cell.strip().lower() for cell in cells]
            unknown = sorted(set(header) - set(COLUMNS))
            if "term" not in header or unknown:
                wrong = f"column {unknown[0]!r}" if unknown else "no column 'term'"
                raise LexiconError(f"{name}, line {reader.line_num}: {wrong}. Write the header {','.join(COLUMNS)}.")
            continue
        if len(cells) > len(header):
            raise LexiconError(
                f"{name}, line {reader.line_num}: {len(cells)} cells under {len(header)} columns. "
                "Put a cell with a comma in double quotes."
            )
        yield reader.line_num, dict.fromkeys(COLUMNS, "") | dict(zip(header, cells, strict=False))


def _cells(reader: Any, name: str) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:  # an open quote would swallow all that follows
        raise LexiconError(f"{name}, line {reader.line_num}: {error}. Close every quote on its line.") from error


def _group(words: str, group: str, where: str) -> str:
    if not words.replace("|", "").strip():
        raise LexiconError(f"{where}: the group {group} has no words. Write '{group},,,word|word,'.")
    if "@" in words:
        raise LexiconError(f"{where}: the group {group} names another group. Write the words of that one instead.")
    return words


def _term(row: Mapping[str, str], text: str, where: str) -> Term:
    folded = fold_text(text).plain.strip()
    if not folded or len(folded) > MAX_TERM:
        raise LexiconError(f"{where}: the term {text[:90]!r} has no letters or more than {MAX_TERM}. Write a word.")
    if folded.isascii() and len(folded.replace(" ", "")) < 2:
        raise LexiconError(f"{where}: the term {text!r} is a single letter, which every text has. Write a longer one.")
    try:
        weight = float(row["weight"] or "0.5")
    except ValueError:
        weight = -1.0
    if not 0.0 < weight <= 1.0:
        raise LexiconError(f"{where}: the weight {row['weight']!r} of {text!r} must be a number above 0, up to 1.")
    return Term(text, min(weight, 0.99), row["topic"].strip(), row["with"].strip(), row["without"].strip())


_SAMPLE: Final = Lexicon.parse((files("detectors.language") / "sample_lexicon.csv").read_text("utf-8"), "sample")
