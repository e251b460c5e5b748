"""When a delivery that failed is tried again, and when it is given up."""

from dataclasses import dataclass
from datetime import timedelta
from zlib import crc32

from streams.delivery.queued_alert import QueuedAlert, Tries
from streams.delivery.webhook import Answer, Outcome


@dataclass(frozen=True, slots=True)
class Retries:
    """The schedule of tries; its numbers are in the README, because receivers plan with them."""

    delays: tuple[timedelta, ...] = (
        timedelta(seconds=5),
        timedelta(seconds=30),
        timedelta(minutes=2),
        timedelta(minutes=10),
        timedelta(hours=1),
        timedelta(hours=3),
        timedelta(hours=6),
    )
    """After the first try, the second, ...; the last one goes on."""
    give_up_after: timedelta = timedelta(hours=72)
    """No try is made later than this after the first."""
    tries_if_refused: int = 3
    """So many answers 4xx end it: the receiver is up and does not want this alert."""
    longest_retry_after: timedelta = timedelta(hours=6)
    jitter: float = 0.1
    """Share of a delay by which it is longer or shorter, so that tries do not come in waves."""

    def after(self, queued: QueuedAlert, answer: Answer, now: float) -> tuple[Tries, float | None]:
        """The tries including this one, and when the next one is due; `None` gives the alert up."""
        refused = answer.outcome is Outcome.REFUSED
        before = queued.tries
        first = now if before.first is None else before.first
        tries = Tries(before.made + 1, before.refused + refused, first)
        if tries.refused >= self.tries_if_refused:
            return tries, None
        due = now + self._delay(queued.alert_id, tries.made, answer.retry_after)
        return tries, due if due <= first + self.give_up_after.total_seconds() else None

    def _delay(self, alert_id: str, made: int, retry_after: float | None) -> float:
        spread = crc32(f"{alert_id} {made}".encode()) / 2**32  # 0..1, the same on every run
        if retry_after is None:
            usual = self.delays[min(made, len(self.delays)) - 1].total_seconds()
            return usual * (1 + self.jitter * (2 * spread - 1))
        shortest, longest = self.delays[0], self.longest_retry_after
        asked = min(max(retry_after, shortest.total_seconds()), longest.total_seconds())
        return asked * (1 + self.jitter * spread)  # never before the time it asked for
