"""The topics between two measurements: how far they go, and empty again."""

from contextlib import closing

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from streams import names

OWN = (names.EVENTS, names.DECISIONS, names.ALERTS, names.REJECTED, names.WAITING, names.TRAINING)


class Topics:
    """Reads ends and deletes records; one connection for all of a run."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = KafkaConsumer(bootstrap_servers=bootstrap)
        self._bootstrap = bootstrap

    def close(self) -> None:
        """Closes the connection."""
        self._consumer.close()

    def end(self, topic: str) -> int:
        """Where the partitions of a topic end, summed up."""
        return sum(self._ends(topic).values())

    def clear(self) -> None:
        """Empties Sellerwatch's own topics, so that a new namespace finds nothing of an older one."""
        ends = {tp: end for tp, end in self._ends(*OWN).items() if end}
        with closing(KafkaAdminClient(bootstrap_servers=self._bootstrap)) as admin:
            admin.delete_records(ends)

    def _ends(self, *topics: str) -> dict[TopicPartition, int]:
        partitions = [TopicPartition(t, p) for t in topics for p in self._consumer.partitions_for_topic(t) or ()]
        return dict(self._consumer.end_offsets(partitions))
