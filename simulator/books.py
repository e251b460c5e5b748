"""What will still happen at one seller, and how it is written down when it does."""

from collections.abc import Iterator
from functools import cache
from heapq import heappop, heappush
from typing import NamedTuple

import msgspec

from detectors.events import Body, Micros
from simulator.ids import Ids
from simulator.times import rfc3339

_encode = msgspec.json.Encoder().encode


@cache
def topic_of(kind: type[Body]) -> str:
    """`order.placed` goes to `orders`, and so on."""
    return f"{kind.__struct_config__.tag}".partition(".")[0] + "s"


class Event(NamedTuple):
    """One event as upstream sends it; sorts by time, then by seller, then by cause."""

    at: Micros
    seller: int
    number: int
    topic: str
    key: str
    body: bytes


class Books:
    """A seller's future, in order of time.

    Args:
        seller: The seller's number; `ids` makes its id and those of its events from it.
        until: Nothing from here on is remembered.
        shift: Added to each time on writing, so that a past can be moved to end now.
    """

    def __init__(self, seller: int, ids: Ids, until: Micros, shift: Micros) -> None:
        self.seller_id = ids.make("seller", seller)
        self._seller, self._ids, self._until, self._shift = seller, ids, until, shift
        self._made = 0
        self._ahead: list[tuple[Micros, int, str, Body, bool]] = []

    def new_id(self, prefix: str) -> str:
        self._made += 1
        return self._ids.make(prefix, self._seller << 32 | self._made)

    def enter(self, at: Micros, body: Body, key: str = "", *, named: bool = True) -> None:
        """Plans an event; `named=False` leaves the seller out, as some payment providers do."""
        if at < self._until:
            self._made += 1
            heappush(self._ahead, (at, self._made, key or self.seller_id, body, named))

    def due(self, until: Micros) -> Iterator[Event]:
        """Takes out what happens before `until`."""
        while self._ahead and self._ahead[0][0] < until:
            at, number, key, body, named = heappop(self._ahead)
            event_id = self._ids.make("evt", self._seller << 32 | number)
            head = f'{{"event_id":"{event_id}","event_time":"{rfc3339(at + self._shift)}",'
            if named:
                head += f'"seller_id":"{self.seller_id}",'
            text = head.encode() + _encode(body)[1:]
            yield Event(at, self._seller, number, topic_of(type(body)), key, text)
