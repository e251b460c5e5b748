"""Words that confirmed sellers have begun to use and clean ones do not: proposed to a person, never used unasked.

Weighted log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008) over how many sellers used
a term; rare terms are forgotten from time to time (lossy counting, Manku and Motwani 2002), so memory is bounded.
"""

from collections.abc import Container, Iterable, Sequence
from math import log, sqrt
from typing import Final

from msgspec import Struct

BAD_TERMS: Final = 2_000
CLEAN_TERMS: Final = 4_000
"""Terms that are kept of each when the rarest are forgotten."""
TERMS_A_SELLER: Final = 300
LONGEST: Final = 40
PRIOR: Final = 0.1
"""Weight of the prior against all that was counted; it says a term is as common here as there."""
SURE: Final = 1.96
"""Deviations to the lower end of a 95 % interval."""
LEAST_SELLERS: Final = 3
"""A term that fewer confirmed sellers used is not proposed."""


class Candidate(Struct, frozen=True, omit_defaults=True):
    """A term that sets confirmed sellers apart."""

    term: str
    log_odds: float
    """Of its use by confirmed sellers against clean ones; 0: as common here as there."""
    at_least: float
    """The lower end of the 95 % interval: what ranks it."""
    confirmed: int
    """Confirmed sellers that used it."""
    clean: int
    """Clean texts that did."""


class Emerging(Struct, array_like=True, forbid_unknown_fields=True):
    """Counts of terms among confirmed sellers and in clean texts."""

    bad: dict[str, int] = {}
    clean: dict[str, int] = {}
    bad_sellers: int = 0
    clean_texts: int = 0

    def learn(self, plains: Iterable[str], *, bad: bool) -> None:
        """Takes in the folded texts of one seller: a term counts once, however often it was used."""
        terms: dict[str, None] = {}
        for plain in plains:
            terms.update(dict.fromkeys(terms_of(plain)))
        chosen = list(terms)[:TERMS_A_SELLER]
        if bad:
            self.bad_sellers += 1
            _count(self.bad, chosen, BAD_TERMS)
        else:
            self.clean_texts += 1
            _count(self.clean, chosen, CLEAN_TERMS)

    def candidates(self, limit: int = 50, *, known: Container[str] = ()) -> list[Candidate]:
        """The terms that say most, strongest first; those `known` already are left out."""
        total_bad, total_clean = sum(self.bad.values()), sum(self.clean.values())
        if not total_bad:
            return []
        found = []
        for term, count in self.bad.items():
            if count >= LEAST_SELLERS and term not in known:
                clean = self.clean.get(term, 0)
                odds, deviation = _log_odds(count, clean, total_bad, total_clean)
                found.append(Candidate(term, round(odds, 3), round(odds - SURE * deviation, 3), count, clean))
        found.sort(key=lambda one: (-one.at_least, one.term))
        return _without_repeats(found, limit)


def terms_of(plain: str) -> list[str]:
    """Words and pairs of words that could be a code word: letters, two at least."""
    words = plain.split()
    found = []
    before = ""
    for word in words:
        usable = 2 <= len(word) <= LONGEST and any(map(str.isalpha, word)) and not word[0].isdigit()
        if not word.isascii() and len(word) <= LONGEST:
            usable = True  # an emoji, a word of another script
        if usable:
            found.append(word)
            if before and len(before) + len(word) < LONGEST:
                found.append(f"{before} {word}")
        before = word if usable else ""
    return found


def _count(counts: dict[str, int], terms: Iterable[str], room: int) -> None:
    """Lossy counting: when there are twice as many as there is room for, the rarest and oldest go."""
    for term in terms:
        counts[term] = counts.pop(term, 0) + 1  # the latest last
    if len(counts) > 2 * room:
        rarest_first = sorted(counts, key=counts.__getitem__)
        for term in rarest_first[:-room]:
            del counts[term]


def _log_odds(bad: int, clean: int, total_bad: int, total_clean: int) -> tuple[float, float]:
    """Difference of the log-odds of a term, and its standard deviation.

    Ranked by deviations from 0, as in the paper, common words would come first; by the lower end of the interval
    a word that clean sellers never use does.
    """
    total = PRIOR * (total_bad + total_clean + 1)  # and a term that nobody has used: one may be all there is
    prior = PRIOR * (bad + clean)
    among_bad = log((bad + prior) / (total_bad + total - bad - prior))
    among_clean = log((clean + prior) / (total_clean + total - clean - prior))
    return among_bad - among_clean, sqrt(1.0 / (bad + prior) + 1.0 / (clean + prior))


def _without_repeats(found: Sequence[Candidate], limit: int) -> list[Candidate]:
    """Leaves out a pair of words of which one is proposed already, and a word that only comes in such a pair."""
    kept: list[Candidate] = []
    taken: set[str] = set()
    for one in found:
        words = one.term.split()
        if any(word in taken for word in words):
            continue
        kept.append(one)
        taken.update(words)
        if len(kept) >= limit:
            break
    return kept
