"""How far a stage is behind, partition by partition, told to the metrics every few seconds."""

from collections.abc import Iterable, Mapping

from streams import metrics
from streams.kafka.poll import Claim, Partition

_GAUGES = (metrics.PARTITION_LAG, metrics.WATERMARK_AGE, metrics.STOPPED)


class Progress:
    """Keeps the gauges of owned partitions, and removes those of lost ones: their new owner has its own."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._seen: dict[Partition, tuple[int | None, float]] = {}
        """Position, and the time of its last change or of being at the end."""

    def report(
        self,
        assigned: Iterable[Partition],
        claims: Mapping[Partition, Claim],
        ends: Mapping[Partition, int],
        now: float,
    ) -> None:
        """Takes in how things stand.

        Args:
            assigned: All that this process is to work on; one without a claim makes no progress.
            ends: Where each partition ends, as far as that is known.
            now: Seconds of a clock that only goes forward.
        """
        owned = set(assigned)
        for lost in self._seen.keys() - owned:
            self._forget(lost)
        for partition in owned:
            self._report(partition, claims.get(partition), ends.get(partition), now)

    def age_of(self, partition: Partition, now: float) -> float:
        """Seconds since the partition last advanced or was at its end; 0 before the first report."""
        return now - self._seen.get(partition, (None, now))[1]

    def _report(self, partition: Partition, claim: Claim | None, end: int | None, now: float) -> None:
        labels = (self._stage, partition.topic, str(partition.partition))
        position = claim.position if claim is not None else None
        before, since = self._seen.get(partition, (None, now))
        if position is not None and (position != before or position == end):
            since = now
        self._seen[partition] = position, since
        metrics.WATERMARK_AGE.labels(*labels).set(now - since)
        metrics.STOPPED.labels(*labels).set(claim is not None and claim.stopped is not None)
        if position is not None and end is not None:
            metrics.PARTITION_LAG.labels(*labels).set(max(end - position, 0))

    def _forget(self, partition: Partition) -> None:
        del self._seen[partition]
        for gauge in _GAUGES:
            gauge.remove(self._stage, partition.topic, str(partition.partition))
