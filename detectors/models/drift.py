"""Notices when a cohort's trade changes, and keeps the change from being learned as normal at once."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct
from river.drift import ADWIN

from detectors.events import DAY, Micros

MOST: Final = 64
"""Cohorts that are watched; a new one takes the place of the one that was heard of longest ago."""
SURE: Final = 1e-5
"""ADWIN's delta: how likely a change is seen where there is none."""
HELD: Final[Micros] = DAY
"""So long after a change nothing of the cohort is learned: people can look, a burst is over."""


class DriftSignal(Struct, frozen=True):
    """A cohort's rows lie elsewhere than before."""

    cohort: str
    distance: float
    """Mean distance of the latest rows from what is usual, 0..1."""
    before: float


class _Watched(Struct, array_like=True):
    cohort: str
    seen_at: Micros
    held_until: Micros
    window: bytes
    """ADWIN's adaptive window: numbers, no code."""


class DriftGuard:
    """One ADWIN for each cohort, over the distance of a row from its peers' norm.

    ADWIN keeps a window as long as its two parts look alike, and cuts it where they do not, with a bound on
    false alarms (Bifet and Gavalda: Learning from Time-Changing Data with Adaptive Windowing, 2007).
    """

    def __init__(self) -> None:
        self.signals = 0
        self._windows: dict[str, Any] = {}
        self._held: dict[str, tuple[Micros, Micros]] = {}
        """When a cohort was heard of last, and until when it teaches nothing."""

    def learn_one(self, cohort: str, values: Sequence[float], norm: Sequence[float], now: Micros) -> DriftSignal | None:
        """Takes in one ordinary row; a signal where the cohort has changed with it."""
        window = self._windows.get(cohort) or self._begin(cohort)
        before = window.estimation
        window.update(float(np.abs(np.subtract(values, norm)).mean()))
        risen = window.drift_detected and window.estimation != before
        self._held[cohort] = now, now + HELD if risen else self._held.get(cohort, (0, 0))[1]
        if not risen:
            return None
        self.signals += 1
        return DriftSignal(cohort, round(window.estimation, 4), round(before, 4))

    def holds(self, cohort: str, now: Micros) -> bool:
        """Whether the cohort has changed so lately that it is to teach nothing."""
        return now < self._held.get(cohort, (0, 0))[1]

    def _begin(self, cohort: str) -> Any:
        if len(self._windows) >= MOST:
            oldest = min(self._windows, key=lambda name: (self._held[name][0], name))
            del self._windows[oldest], self._held[oldest]
        window = self._windows[cohort] = ADWIN(delta=SURE)
        return window

    def state(self) -> bytes:
        watched = [
            _Watched(cohort, *self._held[cohort], window._helper.__getstate__())
            for cohort, window in self._windows.items()
        ]
        return msgspec.msgpack.encode((self.signals, watched))

    @classmethod
    def restore(cls, state: bytes) -> "DriftGuard":
        """The guard that goes on exactly where the one of this (signed) state stood.

        Raises:
            ValueError: These bytes are no such state.
        """
        guard = cls()
        guard.signals, watched = msgspec.msgpack.decode(state, type=tuple[int, list[_Watched]])
        for each in watched:
            window = guard._begin(each.cohort)
            try:
                window._helper.__setstate__(each.window)
            except BaseException as error:  # river's Rust panics on bytes of another version
                if isinstance(error, KeyboardInterrupt | SystemExit):
                    raise
                raise ValueError(f"a drift window that cannot be read: {error}") from None
            guard._held[each.cohort] = each.seen_at, each.held_until
        return guard
