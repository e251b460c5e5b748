"""A broker with the console's topics, and what tests do with it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from console.store.feed.positions import Place
from sellerwatch.embedded.kafka import EmbeddedKafka
from streams.reading import read_topic
from streams.settings import Settings
from tests.services.clients import producer
from tests.services.skipping import skipped_unless_required


@contextmanager
def embedded(*topics: str, partitions: int = 1) -> Iterator[EmbeddedKafka]:
    """A mock of Kafka with some topics; the test is skipped where librdkafka is missing."""
    with skipped_unless_required():
        cluster = EmbeddedKafka()
    with cluster:
        for topic in topics:
            cluster.create_topic(topic, partitions)
        yield cluster


def settings_for(broker: EmbeddedKafka, **more: Any) -> Settings:
    """Settings that lead to the broker; nothing is forgotten for its age."""
    keep = timedelta(days=9_999)
    return Settings(kafka_brokers=[broker.bootstrap], kafka_api_version="0.11", console_keep=keep, **more)


def send(settings: Settings, sent: Sequence[tuple[Place, bytes]]) -> None:
    """Sends values to their partitions, in order."""
    with producer(settings) as sending:
        for place, value in sent:
            sending.send(place.topic, value=value, partition=place.partition)


def read(settings: Settings, topic: str, partition: int = 0) -> list[bytes]:
    """All values of a partition."""
    return [held.value for held in read_topic(settings, topic, [partition])]
