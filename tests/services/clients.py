"""What tests write to Kafka with."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from kafka import KafkaProducer

from streams.settings import Settings
from streams.topics import client_options


@contextmanager
def producer(settings: Settings) -> Iterator[KafkaProducer]:
    """Sends records in order; when the block ends, Kafka has all of them."""
    with closing(KafkaProducer(**client_options(settings), acks="all", linger_ms=5)) as made:
        yield made
        made.flush()
