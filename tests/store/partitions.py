"""A made-up fold and its workers, to drive the scripts of one partition's state."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from streams.kafka.poll import Claim
from streams.store.partition import Commit, PartitionStore, Refused

ROW_SECONDS = 1_000


@dataclass(frozen=True)
class Event:
    """One record of a made-up log."""

    offset: int
    seller: str
    source: str
    mark: str

    @property
    def alerts(self) -> bool:
        return self.offset % 2 == 0


@dataclass
class Folded:
    """The state of one partition after some of its events: what Redis must hold."""

    sellers: dict[str, bytes] = field(default_factory=dict)
    rows: dict[str, bytes] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    alerts: list[bytes] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """Any event lost, doubled or out of order changes the seller's chain for good."""
        before = self.sellers.get(event.seller, b"0:")
        count, _, chain = before.partition(b":")
        link = blake2b(chain + str(event.offset).encode(), digest_size=8).hexdigest().encode()
        self.sellers[event.seller] = b"%d:%s" % (int(count) + 1, link)
        self.rows[str(event.offset)] = link
        self.sources[event.source] = event.mark
        if event.alerts:
            self.alerts.append(b"%s at %d, chain %s" % (event.seller.encode(), event.offset, link))


def fold_of(events: Sequence[Event]) -> Folded:
    """What one worker that never fails makes of the events."""
    folded = Folded()
    for event in events:
        folded.take(event)
    return folded


@dataclass
class Worker:
    """One worker's view of one partition: as watch has it, it may be wrong about what it owns."""

    store: PartitionStore
    claim: Claim
    sellers: dict[str, bytes] = field(default_factory=dict)
    pending: list[Commit] = field(default_factory=list)
    """Commits whose answer has not come."""

    async def fold(self, chunks: Sequence[Sequence[Event]]) -> list[bytes] | None:
        """Makes commits of runs of events; what is told the world before them, `None` where it is not ours any more."""
        missing = list({e.seller for chunk in chunks for e in chunk} - self.sellers.keys())
        try:
            found = await self.store.load(self.claim, [f"s:{seller}" for seller in missing])
        except Refused:
            return None
        self.sellers |= {seller: value for seller, value in zip(missing, found, strict=True) if value}
        told, base = [], self.claim.position
        for chunk in chunks:
            folded = Folded(sellers=self.sellers)
            for event in chunk:
                folded.take(event)
                told.append(b"%d %s" % (event.offset, self.sellers[event.seller]))
            self.pending.append(self._commit(folded, base, base + len(chunk), {e.seller for e in chunk}))
            base += len(chunk)
        return told

    def _commit(self, folded: Folded, base: int, after: int, changed: set[str]) -> Commit:
        def key(name: str) -> str:
            return self.store.key(self.claim.partition.partition, name)

        sets = [(key(f"s:{seller}"), self.sellers[seller], 0) for seller in sorted(changed)]
        sets += [(key(f"o:{order}"), row, ROW_SECONDS) for order, row in folded.rows.items()]
        return Commit(base, after, sets, folded.sources, [("alert.raised", alert) for alert in folded.alerts])
