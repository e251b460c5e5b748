"""Contact hints in text: messengers, handles, numbers and addresses that lead buyers off the marketplace."""

import re
from typing import Final

from detectors.language.folding import Folded
from detectors.language.lexicon import Lexicon

NO_HINTS: Final[list[tuple[str, float]]] = []
CONTACT: Final = "contact"
"""Topic of the words below in a joined list."""
_CUE: Final = (
    "me|us|contact|message|msg|text|add|dm|pm|reach|write|hit|hmu|find|chat|call|ping|inbox|via|our|my|handle|id|"
    "username|order on|order via|orders on"
)
_WORDS: Final = f"""term,weight,topic,with,without
@cue,,,{_CUE},
@technical,,,booster|generator|cable|antenna|traffic|turn|wifi|processing,
telegram,0.3,contact,@cue,vintage telegram|telegraph|postcard|stamp
t me,0.6,contact,,
wickr,0.7,contact,,
wickrme,0.8,contact,,
whatsapp,0.4,contact,@cue,
whats app,0.4,contact,@cue,
wa me,0.6,contact,,
signal,0.1,contact,me on|us on|add|message me|our|via|contact,@technical
threema,0.7,contact,@cue,
snapchat,0.4,contact,@cue,
instagram,0.2,contact,@cue,
discord,0.3,contact,@cue,
kik,0.5,contact,@cue,
wechat,0.4,contact,@cue,
viber,0.3,contact,@cue,
jabber,0.5,contact,@cue,
xmpp,0.6,contact,,
session id,0.6,contact,,
icq,0.4,contact,@cue,
protonmail,0.7,contact,,
tutanota,0.7,contact,,
pgp key,0.6,contact,,
pgp,0.4,contact,,
off platform,0.6,contact,,
off site,0.3,contact,order|deal|pay|payment,
outside ebay,0.6,contact,,
dm for menu,0.7,contact,,
dm me,0.5,contact,,
text me,0.5,contact,,
hmu,0.4,contact,,
"""
CONTACT_WORDS: Final = Lexicon.parse(_WORDS, "contact words")

_NUMBER_WORD: Final = (
    "zero|oh|one|two|three|four|five|six|seven|eight|nine|null|eins|zwei|drei|vier|sechs|sieben|acht|neun"
)
_CUE_OF_NUMBER: Final = (
    r"(?:call|text|phone|tel|mobile|whats ?app|telegram|signal|sms|ring|number|contact)\W{0,4}(?:\w+\W{1,3}){0,2}"
)
_NAMES: Final = "telegram|whatsapp|wickr|signal|threema|snap|insta|discord|kik|wechat|viber|jabber|icq|session|tg|ig"
_MESSENGERS: Final = tuple(_NAMES.split("|"))
_LINK: Final = re.compile(r"\b(?:t\.me|telegram\.me|wa\.me|discord\.gg|chat\.whatsapp\.com)\s?/\s?\w")
_MESSENGER: Final = re.compile(
    rf"\b(?:{_NAMES}|snapchat|instagram|wickr ?me)\s{{0,2}}(?:id|handle|user(?:name)?|is)?\s{{0,2}}"
    r"[:@=>]+\s{0,2}@?[\w.]{4,}"
)
_MAIL: Final = re.compile(
    r"[\w.+-]{2,40}\s?(?:@|\(at\)|\[at\]|\{at\}|\sat\s)\s?[\w-]{2,40}\s?(?:\.|\(dot\)|\[dot\]|\sdot\s)\s?"
    r"(?:com|net|org|de|uk|co|me|io|ch|ru|eu|fr|nl|info)\b"
)
_ONION: Final = re.compile(r"\b[a-z2-7]{16,56}\s?\.\s?onion\b")
_HANDLE: Final = re.compile(r"(?<![\w.])@[a-z][\w.]{4,}")
_WORDED: Final = re.compile(rf"(?:\b(?:{_NUMBER_WORD})\b\W{{0,3}}){{7,}}")
_NUMBERS: Final = (
    ("a phone number", 0.6, re.compile(r"(?<![\w.])(?:\+\d|00\d{2}[\s()/-])[\d\s().-]{7,17}\d(?!\w)")),
    ("a phone number", 0.6, re.compile(rf"\b{_CUE_OF_NUMBER}\+?\d[\d\s().-]{{6,17}}\d(?!\w)")),
    ("a phone number", 0.4, re.compile(r"(?<![\w.-])\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}(?![\w-])")),
    ("a number written apart", 0.8, re.compile(r"(?<!\w)\d(?:[\s._*-]{1,2}\d){8,}(?!\w)")),
)
_SHORTEST_NUMBER: Final = 7
_NUMBER_WORDS: Final = frozenset(_NUMBER_WORD.split("|"))


def contact_hints(folded: Folded) -> list[tuple[str, float]]:
    """Kinds of contact in a folded text with how much each says, strongest first; words are the lists' matter.

    An expression is only tried where a cheap look says that it could match.
    """
    canon = folded.canon
    found: dict[str, float] = {}
    if "/" in canon and _LINK.search(canon):
        found["a messenger link"] = 0.9
    at = "@" in canon
    joined = at or ":" in canon or "=" in canon or ">" in canon
    if joined and any(name in canon for name in _MESSENGERS) and _MESSENGER.search(canon):
        found["a messenger handle"] = 0.9
    if (at or ("at" in canon and "dot" in canon) or "(at" in canon or "[at" in canon) and _MAIL.search(canon):
        found["an e-mail address"] = 0.6
    if "onion" in canon and _ONION.search(canon):
        found["an onion address"] = 0.7
    if sum(map(canon.count, "0123456789")) >= _SHORTEST_NUMBER:
        for kind, weight, pattern in _NUMBERS:
            if weight > found.get(kind, 0.0) and pattern.search(canon):
                found[kind] = weight
    if sum(map(_NUMBER_WORDS.__contains__, folded.plain.split())) >= _SHORTEST_NUMBER and _WORDED.search(canon):
        found["a number in words"] = 0.8
    if at and _HANDLE.search(canon):
        found["a handle"] = 0.3
    return sorted(found.items(), key=lambda item: (-item[1], item[0])) if found else NO_HINTS
