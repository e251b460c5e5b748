"""When a new snapshot is due: a fold over the learned rows, so that every process says the same."""

from msgspec import Struct

from detectors.events import HOUR, SECOND, Micros


class PublicationClock(Struct, array_like=True, forbid_unknown_fields=True):
    """Due once per `interval` with `min_rows` new rows, and early, once, after the first `first_rows`."""

    interval: Micros = 600 * SECOND
    min_rows: int = 200
    first_rows: int = 500
    last_slot: int | None = None
    """Which interval of time the last publication fell into."""
    last_rows: int = 0

    def __post_init__(self) -> None:
        if self.interval < 1 or self.min_rows < 1 or self.first_rows < 1:
            raise ValueError("interval, min_rows and first_rows must be positive")

    def tick(self, logged_at: Micros, rows: int) -> bool:
        """Whether a snapshot is due now that `rows` rows are learned; says so once."""
        slot = logged_at // self.interval
        if self.last_slot is None:
            due = rows >= self.first_rows
        else:
            due = rows - self.last_rows >= self.min_rows and self._moved_on(slot, self.last_slot)
        if due:
            self.last_slot, self.last_rows = slot, rows
        return due

    def _moved_on(self, slot: int, last: int) -> bool:
        # Rows of several partitions jitter around a boundary; far behind it, a clock had run ahead.
        return slot > last or (last - slot) * self.interval > HOUR
