"""Folds one seller's records of the log again, as watch has folded them.

Nothing that watch decides about a seller depends on another seller: what others did stands in the seller's own
records. So the seller's records and what was published for all give the same bytes as the whole partition.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from detectors.events import ModelPublished, PolicyPublished, Record
from sellerwatch.evidence.holdings import Holdings, needle, record_in
from sellerwatch.replay import trusting_replay
from streams.errors import SettingsError
from streams.fold import Step
from streams.settings import Settings

BATCH = 500


class SellersLog:
    """The records of one seller, and what was published for everybody in the seller's partition.

    Args:
        lines: Of the log, at least of that partition, in order.
    """

    def __init__(self, lines: Iterable[bytes], seller_id: str, partition: int) -> None:
        self._lines, self._seller_id, self.partition = lines, seller_id, partition
        self.records = self.published = 0
        """Read so far."""

    def __iter__(self) -> Iterator[tuple[bytes, Record]]:
        needles = needle(self._seller_id), b'"model.published"', b'"policy.published"'
        for line in self._lines:
            if not any(each in line for each in needles):
                continue
            record = record_in(line)
            if record is None or record.partition != self.partition:
                continue
            if record.seller_id == self._seller_id:
                self.records += 1
                yield line, record
            elif isinstance(record.body, ModelPublished | PolicyPublished):
                self.published += 1
                yield line, record


def sellers_log(holdings: Holdings, seller_id: str) -> SellersLog:
    """The log of a seller.

    Raises:
        SettingsError: The log that was read has no record of the seller.
    """
    wanted = needle(seller_id)
    for line in holdings.log(seller_id):
        if wanted in line and (record := record_in(line)) is not None and record.seller_id == seller_id:
            return SellersLog(holdings.log(seller_id), seller_id, record.partition)
    raise SettingsError(f"no record of seller {seller_id!r} is in the log that was read")


def refold(log: Iterable[tuple[bytes, Record]], settings: Settings, until: str = "") -> Iterator[Step]:
    """What comes of a seller's records, up to the event `until`; empty: of all of them."""
    replay, waiting = trusting_replay(settings), iter(log)
    while batch := [record for _, record in islice(waiting, BATCH)]:
        yield from replay.fold(batch)
        if until and any(record.event_id == until for record in batch):
            return
