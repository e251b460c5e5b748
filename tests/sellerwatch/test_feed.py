"""The feed sends the past at once and the present when it is due, and ends when it is told to."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sellerwatch.feed import Feed
from simulator import LiveEvent


class Taken:
    """A producer that notes what it is given, and when."""

    def __init__(self, on_send: Callable[[int], None] = lambda _: None) -> None:
        self.records: list[tuple[str, bytes, bytes, float]] = []
        self._on_send = on_send

    def send(self, topic: str, *, key: bytes, value: bytes) -> "Taken":
        self.records.append((topic, key, value, time.monotonic()))
        self._on_send(len(self.records))
        return self

    def get(self, timeout: float) -> Any:
        return None


def season(*dues: float) -> Iterator[LiveEvent]:
    return (LiveEvent(due, "orders", f"seller-{place}", b"{}") for place, due in enumerate(dues))


def test_the_past_is_sent_at_once_and_the_present_when_it_is_due() -> None:
    taken, begun = Taken(), time.monotonic()

    Feed(taken, threading.Event(), None).play(season(0, 0, 0.1, 0.3))

    assert [key for _, key, _, _ in taken.records] == [b"seller-0", b"seller-1", b"seller-2", b"seller-3"]
    at = [sent for _, _, _, sent in taken.records]
    assert at[2] - begun >= 0.1
    assert at[3] - begun >= 0.3


def test_it_ends_while_it_waits_for_what_is_not_due() -> None:
    stop = threading.Event()
    taken = Taken(on_send=lambda count: stop.set() if count == 2 else None)

    Feed(taken, stop, None).play(season(0, 0, 3600))

    assert len(taken.records) == 2


def test_as_long_as_all_is_well_it_touches_its_pulse(tmp_path: Path) -> None:
    pulse = tmp_path / "pulse"
    pulse.touch()
    os.utime(pulse, (0, 0))

    Feed(Taken(), threading.Event(), pulse).play(season(0))

    assert pulse.stat().st_mtime > 0
