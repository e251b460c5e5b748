"""Orders that wait until they count as clean: long enough without a label."""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

from detectors.events import DAY, Micros
from detectors.models.risk_snapshot import Held

DELAYS: Final = 200
"""Labels whose delay is remembered."""
MARGIN: Final = 0.5
"""Days beyond the delay that nearly all labels keep to."""
RANK: Final = 0.95
SHORTEST, LONGEST = 1.0, 44.0
"""Days. A label that comes later finds no features any more."""


def order_key(order_id: str) -> bytes:
    return blake2b(order_id.encode(), digest_size=8).digest()


class CleanOrders:
    """A bounded queue. What labels name is taken out; what stays for longer than labels take is clean.

    When it is full, every second order goes and the others count double, so that what comes out stands for
    the same trade.

    Args:
        capacity: Most orders that wait.
    """

    def __init__(self, capacity: int, held: tuple[Held, ...] = (), level: int = 0, delays: tuple[float, ...] = ()):
        self._capacity = capacity
        self._held = {order.key: order for order in held}
        self.level = level
        """How often the queue was halved."""
        self.delays = list(delays)
        """Days that the latest labels took."""
        self._horizon = self._waiting_time()

    def __len__(self) -> int:
        return len(self._held)

    @property
    def held(self) -> tuple[Held, ...]:
        return tuple(self._held.values())

    def _waiting_time(self) -> Micros | None:
        """How long an order waits; None as long as no label has told."""
        if not self.delays:
            return None
        ordered = sorted(self.delays)
        days = ordered[min(int(RANK * len(ordered)), len(ordered) - 1)] + MARGIN
        return int(min(max(days, SHORTEST), LONGEST) * DAY)

    def note_delay(self, days: float) -> None:
        self.delays.append(min(max(days, 0.0), LONGEST))
        del self.delays[:-DELAYS]
        self._horizon = self._waiting_time()

    def hold(self, order: Held) -> None:
        """Lets an order wait, unless the queue only takes a part of them."""
        if not _kept(order.key, self.level):
            return
        self._held[order.key] = _heavier(order, 1 << self.level)
        if len(self._held) > self._capacity:
            self.level += 1
            self._held = {k: _heavier(o, 2) for k, o in self._held.items() if _kept(k, self.level)}

    def take(self, key: bytes) -> Held | None:
        """The order, which waits no longer."""
        return self._held.pop(key, None)

    def longest(self) -> Held | None:
        """The order that has waited longest, and waits no longer."""
        return self._held.pop(next(iter(self._held))) if self._held else None

    def clean(self, now: Micros) -> Iterator[Held]:
        """Orders that by now have waited long enough, oldest first."""
        horizon = self._horizon
        while horizon is not None and self._held:
            key = next(iter(self._held))
            if now - self._held[key].logged_at <= horizon:
                break
            yield self._held.pop(key)
        if self.level and len(self._held) < self._capacity // 4:
            self.level -= 1


def _kept(key: bytes, level: int) -> bool:
    return not key[0] & ((1 << min(level, 8)) - 1)


def _heavier(order: Held, times: int) -> Held:
    return Held(order.key, order.logged_at, order.weight * times, order.levels, order.risk)
