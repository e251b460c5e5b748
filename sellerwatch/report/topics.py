"""Decisions, alerts and the log out of Kafka, up to the topics' present ends."""

from collections.abc import Callable

import msgspec

from sellerwatch.report.reading import Reader
from streams import names
from streams.reading import read_topic
from streams.settings import Settings


def read_topics(reader: Reader, settings: Settings) -> None:
    """Reads `sellerwatch.decisions`, `sellerwatch.alerts` and `sellerwatch.events` from their beginnings.

    Raises:
        SettingsError: A topic is missing.
        UnavailableError: Kafka does not answer.
    """
    takers = {names.DECISIONS: reader.decision, names.ALERTS: reader.alert, names.EVENTS: reader.log}
    for topic, take in takers.items():
        for held in read_topic(settings, topic):
            if held.value:
                _take(reader, take, held.value)


def _take(reader: Reader, take: Callable[[bytes], None], value: bytes) -> None:
    try:
        take(value)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        reader.unreadable += 1
