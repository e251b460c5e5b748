"""Folds one seller's records of the log again, as watch has folded them.

Nothing that watch decides about a seller depends on another seller: what others did stands in the seller's own
records. So the seller's records and what was published for all give the same bytes as the whole partition.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from detectors.events import ModelPublished, PolicyPublished, Record, decode_record
from sellerwatch.evidence.holdings import needle
from sellerwatch.replay import trusting_replay
from streams.fold import Step
from streams.settings import Settings

BATCH = 500


class SellersLog:
    """The records of one seller, and what was published for everybody in the seller's partition.

    Args:
        lines: Of the log, at least of that partition, in order.
    """

    def __init__(self, lines: Iterable[bytes], seller_id: str) -> None:
        self._lines, self._seller_id = lines, seller_id
        self._needles = (needle(seller_id), b'"model.published"', b'"policy.published"')
        self.partition: int | None = None
        """Of the seller; known once a record has come."""
        self.records = self.published = 0
        """Read so far."""

    def __iter__(self) -> Iterator[tuple[bytes, Record]]:
        early: list[tuple[bytes, Record]] = []
        for line, record in self._relevant():
            if self.partition is None and not record.seller_id:
                early.append((line, record))
                continue
            if self.partition is None:
                self.partition = record.partition
                for item in early:
                    yield from self._ours(*item)
            yield from self._ours(line, record)

    def _relevant(self) -> Iterator[tuple[bytes, Record]]:
        for line in self._lines:
            if any(each in line for each in self._needles):
                try:
                    record = decode_record(line)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    continue  # watch passes over it as well
                general = not record.seller_id and isinstance(record.body, ModelPublished | PolicyPublished)
                if general or record.seller_id == self._seller_id:
                    yield line, record

    def _ours(self, line: bytes, record: Record) -> Iterator[tuple[bytes, Record]]:
        if record.partition == self.partition:
            self.records += bool(record.seller_id)
            self.published += not record.seller_id
            yield line, record


def refold(log: Iterable[tuple[bytes, Record]], settings: Settings, until: str = "") -> Iterator[Step]:
    """What comes of a seller's records, up to the event `until`; empty: of all of them."""
    replay, waiting = trusting_replay(settings), iter(log)
    while batch := [record for _, record in islice(waiting, BATCH)]:
        yield from replay.fold(batch)
        if until and any(record.event_id == until for record in batch):
            return
