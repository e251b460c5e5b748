"""Reads what sellers write: goods that are named, hints, contacts, and what confirmed sellers write like."""

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Final, NamedTuple
from zlib import crc32

from detectors.events import Item, ListingPublished
from detectors.language.contacts import CONTACT, CONTACT_WORDS, contact_hints
from detectors.language.folding import fold_text
from detectors.language.lexicon import NAMED, Found, Lexicon, sample_lexicon
from detectors.language.text_model import TextModel

READ_CHARACTERS: Final = 4_000
"""Of a description."""
KEPT_CHARACTERS: Final = 200
"""Of title and description, folded: what the text model reads, and what is kept for a later verdict."""
SHORT: Final = 400
"""Characters of descriptions that are kept with what was read: short ones repeat."""
READ_ITEMS: Final = 5
"""Of one order."""
IN_PASSING: Final = 0.8
"""What a word in a description counts against one in the title."""


class Reading(NamedTuple):
    """What one text says, 0..1 each."""

    named: float
    """Goods are named outright."""
    hinted: float
    """Words that may mean them."""
    contact: float
    """A way to buy off the marketplace."""
    learned: float
    """As confirmed sellers write; 0 also where the model has no opinion yet."""
    words: tuple[str, ...]
    """The terms that counted, strongest first, three at most."""
    contacts: tuple[str, ...]
    """Kinds of contact, two at most."""
    plain: str
    """The folded text, cut."""
    mark: int = 0
    """Short hash of the folded title, where goods are named."""

    @property
    def says_something(self) -> bool:
        return bool(self.named or self.hinted or self.contact or self.learned)


class Reader:
    """Reads texts by one list and one text model; the same text always reads the same.

    Args:
        lexicon: The operator's list, or the sample; words of contact are added.
        model: The text model in force.
    """

    def __init__(self, lexicon: Lexicon, model: TextModel) -> None:
        self._lexicon = lexicon
        self._model = model
        self.title = lru_cache(maxsize=16_384)(self._title)
        """Reads one title; titles repeat with every order, so the last ones are kept."""
        self._short = lru_cache(maxsize=4_096)(self._read)

    @cached_property
    def _words(self) -> Lexicon:
        return Lexicon.joined(self._lexicon, CONTACT_WORDS)

    def listing(self, body: ListingPublished) -> Reading | None:
        """Reads a listing; None where it has no text."""
        title, description = body.title or "", body.description
        if not description:
            return self.title(title) if title else None
        return self._short(title, description) if len(description) <= SHORT else self._read(title, description)

    def order(self, items: Sequence[Item]) -> Reading | None:
        """Reads the titles of an order's first items: the one that says most, or None."""
        said: Reading | None = None
        for item in items[:READ_ITEMS]:
            if item.title:
                reading = self.title(item.title)
                if said is None or (reading.named, reading.learned, reading.hinted) > said[:3:2]:
                    said = reading
        return said

    def _title(self, title: str) -> Reading:
        return self._read(title, "")

    def _read(self, title: str, description: str) -> Reading:
        text = f"{title[:READ_CHARACTERS]}\n{description[:READ_CHARACTERS]}" if description else title[:READ_CHARACTERS]
        folded = fold_text(text)
        found, contacts = self._words.match(folded).found, contact_hints(folded)
        plain = folded.plain[:KEPT_CHARACTERS]
        learned = self._model.score(plain) if self._model.ready and plain != "  " else 0.0
        if not found and not contacts:
            return Reading(0.0, 0.0, 0.0, learned, (), (), plain)
        head = fold_text(title).plain if description else folded.plain
        goods = [(_weight(one, head) if description else one.weight, one) for one in found if one.topic != CONTACT]
        goods.sort(key=lambda good: (-good[0], good[1].text))
        ways = [*contacts, *((one.text, one.weight) for one in found if one.topic == CONTACT)]
        ways = sorted(dict(sorted(ways)).items(), key=lambda way: (-way[1], way[0]))  # of two, the heavier
        named = _either(weight for weight, one in goods if one.weight >= NAMED)
        return Reading(
            named,
            _either(weight for weight, one in goods if one.weight < NAMED),
            _either(weight for _, weight in ways),
            learned,
            tuple([one.text[:24] for _, one in goods[:3]]),
            tuple([way[:24] for way, _ in ways[:2]]),
            plain,
            crc32(head.encode()) if named else 0,
        )


def _weight(one: Found, head: str) -> float:
    """A term that stands in the description only counts a little less."""
    return one.weight if one.hidden or fold_text(one.text).plain.rstrip() in head else one.weight * IN_PASSING


def _either(chances: Iterable[float]) -> float:
    none = 1.0
    for chance in chances:
        none *= 1.0 - chance
    return round(1.0 - none, 4)


@lru_cache(maxsize=8)
def reader_of(lexicon: Lexicon, model: TextModel) -> Reader:
    """The reader of a list and a model, made once."""
    return Reader(lexicon, model)


UNTAUGHT: Final = TextModel()
SAMPLE_READER: Final = reader_of(sample_lexicon(), UNTAUGHT)
