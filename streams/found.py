"""Which events that name no seller are in a state already: one that waited for its order may come twice.

Such an event goes into the log at once where its order is known, and by `sellerwatch.waiting` where it is
not. A worker that ends in between, or a Redis that is rolled back, leads to both, or to a second wait. The
copies then come from different sources, and no mark tells them apart.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from struct import Struct

from detectors.events import DAY, SECOND, Micros, Record

LONGEST_WAIT_SECONDS = DAY // SECOND
"""Longer no event may wait for its order (`wait_for_order`)."""
FOUND: Micros = 2 * LONGEST_WAIT_SECONDS * SECOND
"""Copies that enter the log within this time are known: the longest wait, and a day for a worker to come back."""
FOUND_SECONDS = (FOUND + DAY) // SECOND
"""How long it is stored: a day longer, in which watch may have stood still."""
MOST = 64
"""Events that are remembered of one order."""

_ENTRY = Struct(">8sq")
"""Hash of the event, and when it entered the log."""


class Found:
    """The events that were found by their order: in the state of a partition, and forgotten after `FOUND`.

    Whether one is known depends on the records alone, not on when they are folded.

    Args:
        known: At least of the records to come: `key_of` -> what is stored under it.
    """

    def __init__(self, known: Mapping[str, bytes] | None = None) -> None:
        self._stored = OrderedDict(known or {})  # what changed last stands last
        self._changed: set[str] = set()

    def take(self, record: Record) -> bool:
        """Takes in a record that is `by_order`; False when its event is in the state already."""
        key, now = key_of(record), record.logged_at
        digest = blake2b(f"{record.seller_id}\n{record.event_id}".encode(), digest_size=8).digest()
        entries = [(known, at) for known, at in _ENTRY.iter_unpack(self._stored.get(key, b"")) if now - at <= FOUND]
        if any(known == digest for known, _ in entries):
            return False
        entries.append((digest, now))
        self._stored.pop(key, None)
        self._stored[key] = b"".join(_ENTRY.pack(*entry) for entry in entries[-MOST:])
        self._changed.add(key)
        return True

    def changes(self) -> dict[str, bytes]:
        """What changed since this was last asked, as it is stored."""
        changed, self._changed = self._changed, set()
        return {key: self._stored[key] for key in sorted(changed)}

    def forget(self, now: Micros) -> None:
        """Drops what Redis would have dropped: for those who hold all of it in memory."""
        while self._stored:
            oldest = next(iter(self._stored.values()))
            _, at = _ENTRY.unpack_from(oldest, len(oldest) - _ENTRY.size)
            if now - at <= FOUND_SECONDS * SECOND:
                break
            self._stored.popitem(last=False)


def key_of(record: Record) -> str:
    """Under which name a record's event is remembered: its order, or of a link, the link's own id."""
    return str(getattr(record.body, "order_id", record.event_id))


def keys_of(records: Iterable[Record]) -> list[str]:
    """The names of all records that were found by their order, each once."""
    return list(dict.fromkeys([key_of(record) for record in records if record.by_order]))
