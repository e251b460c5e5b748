"""A Faust producer that sends a whole batch at once, in order, until Kafka has taken it."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from faust.transport.drivers import aiokafka as driver

from streams import metrics

log = structlog.get_logger()

MAX_RECORD_BYTES = 900_000
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0


class Outgoing(NamedTuple):
    """A record to send."""

    key: bytes | None
    value: bytes
    headers: Sequence[tuple[str, bytes | None]] = ()


Batches = Mapping[tuple[str, int], Sequence[Outgoing]]
"""Records to send, by (topic, partition)."""


class Producer(driver.Producer):
    """Faust's producer, with batches built by the caller (aiokafka `create_batch`, `send_batch`)."""

    async def send_batches(self, batches: Batches) -> None:
        """Sends every batch to its (topic, partition) and returns when all are acknowledged.

        Within a partition nothing is sent past a batch that failed, so what arrives is a prefix,
        possibly repeated. Tries for ever: give it up by cancelling.
        """
        if len(batches) == 1:
            (((topic, partition), records),) = batches.items()
            await self._send_partition(topic, partition, records)
            return
        await asyncio.gather(
            *(self._send_partition(topic, partition, records) for (topic, partition), records in batches.items())
        )

    async def _send_partition(self, topic: str, partition: int, records: Sequence[Outgoing]) -> None:
        sent, pause = 0, FIRST_PAUSE_SECONDS
        while sent < len(records):
            producer = self._ensure_producer()
            batch, count = self._build(producer, records, sent)
            try:
                await (await producer.send_batch(batch, topic, partition=partition))
            except MessageSizeTooLargeError:
                raise
            except KafkaError as error:
                metrics.KAFKA_RETRIES.labels(self.app.stage.name).inc()
                log.warning("send_failed", topic=topic, partition=partition, error=repr(error))
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            else:
                sent += count

    @staticmethod
    def _build(producer: Any, records: Sequence[Outgoing], start: int) -> tuple[Any, int]:
        batch = producer.create_batch()
        count = 0
        for record in records[start:] if start else records:
            if batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers)) is None:
                break
            count += 1
        batch.close()
        return batch, count

    async def partition_count(self, topic: str) -> int:
        """Number of partitions of a topic; waits for the broker's metadata."""
        return len(await self._ensure_producer().partitions_for(topic))
