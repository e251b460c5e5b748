"""Who has which alert open: in this process, and in the others that share the database."""

import itertools
import uuid
from typing import Final

from console.store.database import Database
from console.store.presence import COUNTS_FOR, Look, looks_elsewhere, say_looks
from console.words import now
from detectors.events import SECOND, Micros

LOOK_LASTS: Final[Micros] = 60 * SECOND
"""Whoever opened an alert is taken to look at it for so long, or as long as its page is open and live."""
SAY_AGAIN: Final[Micros] = COUNTS_FOR // 3


class Presence:
    """Knows who looks at what; `exchange` and `hear` alone ask the database, and are for threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._process = uuid.uuid4().hex
        self._looks: dict[Look, Micros] = {}
        """Until when each counts."""
        self._open: dict[int, Look] = {}
        """Open pages of alerts."""
        self._numbers = itertools.count()
        self._elsewhere: frozenset[Look] = frozenset()
        self._said: frozenset[Look] = frozenset()
        self._said_at: Micros = 0

    def look(self, alert_id: str, name: str) -> None:
        """Somebody has opened an alert."""
        at = now()
        self._looks = {look: until for look, until in self._looks.items() if until > at}
        self._looks[alert_id, name] = at + LOOK_LASTS

    def stay(self, alert_id: str, name: str) -> int:
        """The page stays open, until `leave` is called with the number that this answers."""
        number = next(self._numbers)
        self._open[number] = alert_id, name
        return number

    def leave(self, number: int) -> None:
        self._looks.pop(self._open.pop(number), None)

    @property
    def to_say(self) -> bool:
        """Whether others have something to hear from here."""
        return bool(self._here() or self._said)

    def lookers(self) -> dict[str, list[str]]:
        """Names by alert, of others as heard last."""
        found: dict[str, list[str]] = {}
        for alert_id, name in sorted(self._here() | self._elsewhere):
            found.setdefault(alert_id, []).append(name)
        return found

    def exchange(self) -> None:
        """Tells the others what has changed here, and hears what they have said.

        Raises:
            UnavailableError: The database does not answer; what was heard last stays.
        """
        here, at = self._here(), now()
        if here != self._said or (here and at - self._said_at > SAY_AGAIN):
            with self._database.writing() as connection:
                say_looks(connection, self._process, here, at)
            self._said, self._said_at = here, at
        self.hear()

    def hear(self) -> None:
        """Only hears what others have said; see `exchange`."""
        with self._database.reading() as connection:
            self._elsewhere = looks_elsewhere(connection, self._process, now())

    def _here(self) -> frozenset[Look]:
        at = now()
        looked = [look for look, until in list(self._looks.items()) if until > at]
        return frozenset([*looked, *list(self._open.values())])
