"""The line that a budget of alerts asks for, from the alerts of the last days: a fold, made by one writer.

How many alerts the whole marketplace brings a day is no fact of one seller or one partition, so watch cannot
know it. Watch tells learn of every alert that it raises or keeps back; learn computes the line and writes it
into the log; from that record on, watch decides by it.
"""

from typing import Final

import msgspec
from msgspec import Struct

from detectors.events import DAY, Micros, Source

LINE: Final = "line"
"""Name under which the line is published."""
MOST_EPISODES: Final = 20_000
"""Remembered at most, the highest scores; a budget of more over its days raises no line."""
MICRO: Final = 1_000_000
_HEAD: Final = b'{"type":"candidate"'


class Candidate(Struct, frozen=True, tag="candidate"):
    """An alert that was raised or kept back, or that has risen since; a line of the training topic."""

    source: Source
    """Position of its log record, under a name of its own."""
    episode: str
    """The same for all candidates of one alert."""
    logged_at: Micros
    score: float
    alerts_a_day: float
    days: int
    """Of the budget in force."""


encode_candidate = msgspec.json.Encoder().encode
_decode_candidate = msgspec.json.Decoder(Candidate).decode


def decode_candidate(line: bytes) -> Candidate | None:
    """The candidate in a line of the training topic; `None` where it is something else.

    Raises:
        msgspec.DecodeError: It begins as a candidate, and is none.
    """
    return _decode_candidate(line) if line.startswith(_HEAD) else None


class LineKeeper(Struct, array_like=True, forbid_unknown_fields=True):
    """Keeps the line: at the first candidate of each day it is computed from the whole days before.

    The line is the least score above which those days had no more alerts than the budget; 0 while they had
    fewer. So it follows the days behind: a day with more to find than they had brings more alerts.
    """

    line: float = 0.0
    today: int = 0
    first: int = 0
    """Days since the epoch: the latest with a candidate, and the earliest."""
    episodes: dict[str, tuple[int, float]] = {}
    """Day and highest score of each."""

    def learn_one(self, candidate: Candidate) -> bool:
        """Takes a candidate in; whether the line has changed with it."""
        day = candidate.logged_at // DAY
        changed = False
        if not self.first:
            self.first = self.today = day
        elif day > self.today:
            self.today = day
            changed = self._renew(candidate)
        self._note(day, candidate)
        return changed

    def _renew(self, candidate: Candidate) -> bool:
        """Computes the line from the whole days behind: nothing of the day that begins is known yet."""
        oldest = self.today - candidate.days
        self.episodes = {name: found for name, found in self.episodes.items() if found[0] >= oldest}
        whole_days = min(candidate.days, self.today - self.first)
        room = int(candidate.alerts_a_day * whole_days)
        scores = sorted((score for _, score in self.episodes.values()), reverse=True)
        line = (round(scores[room] * MICRO) + 1) / MICRO if room < len(scores) else 0.0
        changed, self.line = line != self.line, line
        return changed

    def _note(self, day: int, candidate: Candidate) -> None:
        known = self.episodes.get(candidate.episode)
        if known is not None:
            day, score = known[0], max(known[1], candidate.score)
            self.episodes[candidate.episode] = (day, score)
            return
        self.episodes[candidate.episode] = (day, candidate.score)
        if len(self.episodes) > MOST_EPISODES:
            least = min(self.episodes, key=lambda name: (self.episodes[name][1], name))
            del self.episodes[least]


encode_keeper = msgspec.msgpack.Encoder().encode
decode_keeper = msgspec.msgpack.Decoder(LineKeeper).decode


class PublishedLine(Struct, frozen=True, forbid_unknown_fields=True):
    """What a publication of the line carries."""

    line: float


encode_line = msgspec.json.Encoder().encode
decode_line = msgspec.json.Decoder(PublishedLine).decode
