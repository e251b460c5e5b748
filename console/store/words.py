"""What an alert is found by."""

import re
from collections.abc import Iterator
from typing import Final

from detectors.decision import Alert

MOST: Final = 80
"""Words of one alert."""
LONGEST: Final = 128
LEAST: Final = 3
_WORD: Final = re.compile(r"[\w.:@-]+")


def words_of(text: str) -> list[str]:
    """The words that somebody searches for, in small letters, each once; at most eight."""
    return list(dict.fromkeys(_words(text)))[:8]


def words_in(alert: Alert) -> list[str]:
    """The words under which an alert is kept: ids as a whole, reasons word by word."""
    ids = [alert.alert_id, alert.escalates or "", alert.seller_id, alert.pattern, alert.severity]
    codes = [reason.code for reason in alert.reasons]
    told = [word for reason in alert.reasons for word in _words(reason.text) if len(word) >= LEAST]
    linked = [link.seller_id for link in alert.evidence.sellers]
    all_words = (*ids, *codes, *linked, *alert.evidence.orders, *told)
    return list(dict.fromkeys(word.casefold()[:LONGEST] for word in all_words if word))[:MOST]


def _words(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text.casefold()):
        word = match[0].strip(".:-")[:LONGEST]
        if word:
            yield word
