"""A bare aiokafka loop that only decodes the log: the floor under everything that reads Kafka in Python."""

import asyncio
import sys
import time

import msgspec
from aiokafka import AIOKafkaConsumer

from bench.throughput.metering import Speed
from detectors.events import decode_record
from streams import names


async def main(broker: str, total: int) -> Speed:
    """Decodes the first `total` records of the log."""
    consumer = AIOKafkaConsumer(
        names.EVENTS, bootstrap_servers=broker, auto_offset_reset="earliest", max_partition_fetch_bytes=4 * 1024 * 1024
    )
    await consumer.start()
    count, started, used = 0, 0.0, 0.0
    while count < total:
        for records in (await consumer.getmany(timeout_ms=1_000, max_records=2_000)).values():
            if not started:
                started, used = time.perf_counter(), time.process_time()
            for record in records:
                decode_record(record.value)
            count += len(records)
    speed = Speed(count / (time.perf_counter() - started), count / (time.process_time() - used))
    await consumer.stop()
    return speed


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(main(sys.argv[1], int(sys.argv[2])))))
