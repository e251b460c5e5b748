"""`sellerwatch feed`: plays upstream on a real Kafka, with the demo's marketplace, until it is ended."""

import itertools
import signal
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError

from sellerwatch.demo.seasons import Show
from simulator import LiveEvent
from streams.errors import SellerwatchError
from streams.logs import configure
from streams.settings import Settings
from streams.topics import client_options

log = structlog.get_logger()

LOOK_EVERY = 1_000
"""Events after which it is made sure that Kafka has taken them."""
PATIENCE_SECONDS = 30.0
PULSE_SECONDS = 5.0


class FeedError(SellerwatchError):
    """Kafka does not take the events; the supervisor is to start the feed again."""


def run(settings: Settings, show: Show, *, pulse: Path | None) -> None:
    """Sends seasons until SIGTERM or SIGINT.

    Args:
        pulse: A file that is touched every few seconds, for the supervisor to look at.

    Raises:
        FeedError: Kafka does not take what is sent.
    """
    configure(settings.log_level, stage="feed")
    stop = threading.Event()
    for end in (signal.SIGTERM, signal.SIGINT):
        signal.signal(end, lambda *_: stop.set())
    try:
        with closing(KafkaProducer(**client_options(settings), acks="all", linger_ms=20)) as producer:
            feed = Feed(producer, stop, pulse)
            for number in itertools.count():
                log.info("season_begins", season=number, sellers=show.sellers, speed=show.speed)
                feed.play(show.season(number).events)
                if stop.is_set():
                    return
    except KafkaError as error:
        raise FeedError(f"Kafka does not take the events: {error}") from None


class Feed:
    """Sends a season's events when they are due."""

    def __init__(self, producer: KafkaProducer, stop: threading.Event, pulse: Path | None) -> None:
        self._producer, self._stop, self._pulse = producer, stop, pulse
        self._pulse_at = 0.0
        self._sent = 0

    def play(self, events: Iterable[LiveEvent]) -> None:
        """All of its past at once, then its present at its speed."""
        begun: float | None = None
        for event in events:
            if event.due and begun is None:
                begun = time.monotonic()
                log.info("past_sent", events=self._sent)
            self._wait_until(begun + event.due if begun is not None else 0.0)
            if self._stop.is_set():
                return
            sending = self._producer.send(event.topic, key=event.key.encode(), value=event.body)
            self._sent += 1
            if self._sent % LOOK_EVERY == 0:
                sending.get(timeout=PATIENCE_SECONDS)

    def _wait_until(self, due: float) -> None:
        while not self._stop.is_set():
            now = time.monotonic()
            if self._pulse is not None and now >= self._pulse_at:
                self._pulse.touch()
                self._pulse_at = now + PULSE_SECONDS
            if now >= due:
                return
            self._stop.wait(min(due - now, PULSE_SECONDS))
