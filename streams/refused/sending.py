"""Sends refused events back to where they came from."""

from collections.abc import Iterable
from typing import Any, Final, Self

from kafka import KafkaProducer
from kafka.errors import KafkaError

from streams import names
from streams.errors import UnavailableError
from streams.refused.topic import REPLAYED, Refused
from streams.settings import Settings
from streams.topics import client_options

PATIENCE_SECONDS: Final = 30.0


class Sender:
    """A connection for sending back, for the length of a `with` block."""

    def __init__(self, settings: Settings) -> None:
        try:
            self._producer = KafkaProducer(**client_options(settings), acks="all", max_request_size=4 * 1024 * 1024)
        except KafkaError as error:
            raise UnavailableError(f"Kafka does not answer: {error!r}; nothing was sent") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._producer.close(timeout=PATIENCE_SECONDS)

    def send(self, some: Iterable[tuple[Refused, bytes | None]]) -> None:
        """Sends events, each its own bytes or others, and returns when Kafka has all of them.

        They go to the partition that they came from, under the key that they had.

        Raises:
            UnavailableError: Kafka did not confirm all; which ones is open, and sending all again does no harm.
        """
        try:
            sending = [self._start(refused, other) for refused, other in some]
            for sent in sending:
                sent.get(timeout=PATIENCE_SECONDS)
        except KafkaError as error:
            text = f"Kafka does not take the events: {error!r}; repeat the command, it does nothing twice"
            raise UnavailableError(text) from None

    def _start(self, refused: Refused, other: bytes | None) -> Any:
        topic, partition = refused.place()
        told = f"{names.REJECTED}/{refused.id}".encode()
        value = refused.original if other is None else other
        headers = [*refused.headers, (REPLAYED, told)]
        return self._producer.send(topic, value=value, key=refused.key, partition=partition, headers=headers)
