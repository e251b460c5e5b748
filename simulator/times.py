"""Times as text, and the daily and weekly rhythm of trade."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate

from detectors.events import DAY, HOUR, SECOND, Micros
from simulator.dice import Dice

MINUTE: Micros = 60 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> Micros:
    """Microseconds since 1970; refuses a time that does not say its offset."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no UTC offset: give it one, such as tzinfo=UTC")
    return (moment - EPOCH) // timedelta(microseconds=1)


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    return (EPOCH + timedelta(days=day)).date().isoformat()


def rfc3339(at: Micros) -> str:
    """UTC, cut to the millisecond, so that equal order stays equal order."""
    day, rest = divmod(at // 1_000, 86_400_000)
    minutes, millis = divmod(rest, 60_000)
    return f"{_date(day)}T{minutes // 60:02d}:{minutes % 60:02d}:{millis // 1000:02d}.{millis % 1000:03d}Z"


@dataclass(frozen=True)
class Rhythm:
    """How orders spread over the hours of a day (UTC) and the days of a week (Monday first)."""

    hours: tuple[float, ...]
    weekdays: tuple[float, ...]

    def times(self, dice: Dice, per_day: float, since: Micros, until: Micros) -> Iterator[Micros]:
        """Times in order, `per_day` on average; holds one day in memory."""
        share = list(accumulate(self.hours))
        for day in range(since // DAY, -(-until // DAY)):
            busy = self.weekdays[(day + 3) % 7] * 7 / sum(self.weekdays)  # 1970-01-01 was a Thursday
            count = dice.poisson(per_day * busy)
            hours = (min(bisect_right(share, dice.random() * share[-1]), 23) for _ in range(count))
            times = sorted(day * DAY + hour * HOUR + int(dice.random() * HOUR) for hour in hours)
            yield from (at for at in times if since <= at < until)


NIGHT = (0.3, 0.1, 0.1, 0.1, 0.2, 0.5)
MORNING = (1.0, 2.0, 3.0, 4.0, 4.0, 4.0)
NOON = (5.0, 5.0, 4.0, 4.0, 4.0, 5.0)
EVENING = (6.0, 7.0, 8.0, 7.0, 4.0, 1.0)
CONSUMERS = Rhythm(NIGHT + MORNING + NOON + EVENING, (1.1, 1.0, 1.0, 1.0, 0.9, 0.9, 1.2))
OFFICES = Rhythm((0.02,) * 6 + (1, 4, 8, 9, 8, 6, 5, 7, 8, 7, 4, 2) + (0.2,) * 6, (1, 1, 1, 1, 0.8, 0.05, 0.02))
