"""How often somebody may try to log in."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

WINDOW_SECONDS = 900.0
MOST_KEYS = 10_000


@dataclass
class Limiter:
    """Counts failures in the last 15 minutes: by name and address, by address, and by name alone.

    The last of the three is generous: otherwise whoever knows a name could keep its owner out.
    """

    clock: Callable[[], float] = time.monotonic
    by_pair: int = 5
    by_address: int = 20
    by_name: int = 100
    _failures: OrderedDict[tuple[str, str], deque[float]] = field(default_factory=OrderedDict)

    def wait(self, name: str, address: str) -> float:
        """Seconds until another try is looked at; 0: now."""
        now = self.clock()
        return max(self._wait(key, most, now) for key, most in self._keys(name, address))

    def failed(self, name: str, address: str) -> None:
        """Notes a try with a wrong name or password."""
        for key, most in self._keys(name, address):
            self._failures.setdefault(key, deque(maxlen=most)).append(self.clock())
            self._failures.move_to_end(key)
        while len(self._failures) > MOST_KEYS:
            self._failures.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """Forgets failures of this name at this address."""
        self._failures.pop((name, address), None)

    def _keys(self, name: str, address: str) -> list[tuple[tuple[str, str], int]]:
        return [((name, address), self.by_pair), (("", address), self.by_address), ((name, ""), self.by_name)]

    def _wait(self, key: tuple[str, str], most: int, now: float) -> float:
        times = self._failures.get(key)
        if times is None or len(times) < most:
            return 0.0
        return max(0.0, times[0] + WINDOW_SECONDS - now)
