"""The feed as a thread of `sellerwatch console`: reads for as long as the process lives."""

import threading
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final

import structlog

from console.store.database import Database, DatabaseUnavailableError
from console.store.feed.applying import apply
from console.store.feed.consuming import Topics, places_of
from console.store.feed.keeping import forget
from console.store.feed.positions import LEASE, MovedError, drop_lease, read_positions, take_lease
from console.store.settling import wake
from detectors.events import SECOND, Micros
from streams.errors import SellerwatchError, UnavailableError
from streams.settings import Settings

log = structlog.get_logger()

POLL_MS: Final = 500
RENEW_SECONDS: Final = LEASE / SECOND / 4
FORGET_SECONDS: Final = 600.0
ASK_SECONDS: Final = 10.0
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 15.0

Chore = Callable[[Database], None]
"""Something to do every second or so by the one process that reads."""


def clock() -> Micros:
    """The time, in microseconds since the epoch."""
    return time.time_ns() // 1_000


class Feed:
    """Reads the topics into the database until it is stopped; one process of several does so at a time.

    Args:
        chores: What else the reading process is to do every second or so.
    """

    def __init__(self, settings: Settings, database: Database, chores: Iterable[Chore] = ()) -> None:
        self._settings, self._database, self._chores = settings, database, tuple(chores)
        self._keep = settings.console_keep // timedelta(microseconds=1)
        self._holder = uuid.uuid4().hex
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="console-feed", daemon=True)
        self.failing: str | None = "not read yet"
        """Why nothing comes in at present; `None`: all is well, or another process reads."""
        self.kafka_away = False
        """Whether Kafka was the last thing that was asked in vain: a database that fails says nothing of Kafka."""

    def start(self) -> None:
        """Begins to read."""
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Ends it; what was read stays."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            try:
                if self._ours():
                    self._read()
                    pause = FIRST_PAUSE_SECONDS
                else:
                    self.failing, self.kafka_away = None, False
                    self._stop.wait(RENEW_SECONDS)
            except MovedError:
                log.info("console_feed_moved")  # another process reads, or the database was restored: look again
                self._stop.wait(FIRST_PAUSE_SECONDS)
            except SellerwatchError as error:
                self.failing = str(error)
                self.kafka_away = isinstance(error, UnavailableError) and not isinstance(
                    error, DatabaseUnavailableError
                )
                log.warning("console_feed_waits", error=str(error), seconds=pause)
                self._stop.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            except Exception as error:  # a page is worth more than the feed's thread; it says so and tries again
                self.failing, self.kafka_away = f"{type(error).__name__}; see the log", False
                log.exception("console_feed_failed")
                self._stop.wait(LONGEST_PAUSE_SECONDS)
        self._let_go()

    def _ours(self) -> bool:
        with self._database.writing() as connection:
            return take_lease(connection, self._holder, clock())

    def _let_go(self) -> None:
        try:
            with self._database.writing() as connection:
                drop_lease(connection, self._holder)
        except SellerwatchError:
            return  # it ends by itself

    def _read(self) -> None:
        """Reads until it is stopped or the lease is another's."""
        places = places_of(self._settings)
        with Topics(self._settings) as topics:
            with self._database.reading() as connection:
                topics.begin(read_positions(connection, places))
            renewed = forgotten = tidied = asked = time.monotonic() - FORGET_SECONDS
            while not self._stop.is_set():
                now = time.monotonic()
                if now - renewed >= RENEW_SECONDS:
                    if not self._ours():
                        return
                    renewed = now
                parts = topics.poll(POLL_MS)
                if parts:
                    apply(self._database, parts, clock())
                elif now - asked >= ASK_SECONDS:
                    topics.ends()  # a poll says nothing, whether nothing is there or nobody answers
                    asked = now
                self.failing, self.kafka_away = None, False
                if now - tidied >= 1.0:
                    self._tidy()
                    tidied = now
                if now - forgotten >= FORGET_SECONDS:
                    forget(self._database, clock(), self._keep)
                    forgotten = now

    def _tidy(self) -> None:
        with self._database.writing() as connection:
            wake(connection, clock())
        for chore in self._chores:
            chore(self._database)
