"""What people do, told to Kafka: the record of the act first, then what it announces."""

import asyncio
import threading
from contextlib import suppress
from typing import Any, Final

import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError

from console.kafka_side import KafkaSide
from streams.acts import Act, ActRecorder
from streams.errors import UnavailableError
from streams.reachable import must_be_reachable
from streams.settings import Settings
from streams.topics import client_options

log = structlog.get_logger()
PATIENCE_SECONDS: Final = 8.0
"""So long somebody waits for an answer to a click."""
CLOSING_SECONDS: Final = 1.0
LARGEST: Final = 4 * 1024 * 1024
"""Of a model that is put in force again."""


class Acting:
    """Connections to Kafka, made when they are first needed: pages are shown without Kafka, too."""

    def __init__(self, settings: Settings, kafka: KafkaSide) -> None:
        self._settings, self._kafka = settings, kafka
        self._lock = threading.Lock()
        self._recorder: ActRecorder | None = None
        self._producer: KafkaProducer | None = None
        self._later: set[asyncio.Task[None]] = set()

    async def record(self, act: str, **about: Any) -> None:
        """Records an act; only then may be done what it announces.

        Raises:
            UnavailableError: Kafka has not confirmed it: what it announces must not be done.
        """
        await self._kafka.run(self.record_now, Act(act=act, **about))

    def record_later(self, act: str, **about: Any) -> None:
        """Records what has happened already and needs no leave; where Kafka is away, the log says so instead."""
        task = asyncio.create_task(self._record_or_log(act, about))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def send(self, topic: str, key: str | None, value: bytes, *, partition: int | None = None) -> None:
        """Sends one record and waits until Kafka has it; UnavailableError where it has not."""
        await self._kafka.run(self.send_now, topic, key, value, partition)

    def close(self) -> None:
        with suppress(KafkaError):
            if self._producer is not None:
                self._producer.close(timeout=CLOSING_SECONDS)
            if self._recorder is not None:
                self._recorder.close()

    async def _record_or_log(self, act: str, about: dict[str, Any]) -> None:
        try:
            await self.record(act, **about)
        except UnavailableError as error:
            log.warning("act_not_recorded", act=act, error=str(error), **about)

    def record_now(self, act: Act) -> None:
        """The same as `record`, holding up its thread."""
        must_be_reachable(self._settings, answering=True)
        with self._lock:
            self._recorder = self._recorder or ActRecorder(self._settings, patience=PATIENCE_SECONDS)
        self._recorder.record(act)

    def send_now(self, topic: str, key: str | None, value: bytes, partition: int | None = None) -> None:
        """The same as `send`, holding up its thread."""
        must_be_reachable(self._settings, answering=True)
        try:
            with self._lock:
                self._producer = self._producer or _new_producer(self._settings)
            sent = self._producer.send(topic, value=value, key=key.encode() if key else None, partition=partition)
            sent.get(timeout=PATIENCE_SECONDS)
        except KafkaError as error:
            raise UnavailableError(f"Kafka does not answer: {type(error).__name__}") from None


def _new_producer(settings: Settings) -> KafkaProducer:
    milliseconds = int(PATIENCE_SECONDS * 1_000)
    times = {"max_block_ms": milliseconds, "request_timeout_ms": milliseconds, "delivery_timeout_ms": milliseconds}
    return KafkaProducer(**client_options(settings), acks="all", max_request_size=LARGEST, **times)
