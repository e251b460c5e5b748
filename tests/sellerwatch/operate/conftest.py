"""The ground that an operator's command stands on: topics on the embedded Kafka, a Redis, and settings for both."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import redis
from typer.testing import CliRunner

from sellerwatch.cli import app
from sellerwatch.embedded.kafka import EmbeddedKafka
from streams import names
from streams.errors import SellerwatchError, SettingsError
from streams.files import FilesError
from streams.reading import Held, read_topic
from streams.settings import Settings, load_settings
from streams.topics import CONFIGS, SINGLE
from tests.services.clients import producer

PARTITIONS = 2


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    exit_code: int
    stdout: str
    output: str


class Ground:
    """Runs commands against a Kafka and a Redis of its own."""

    def __init__(self, kafka: EmbeddedKafka, redis_url: str) -> None:
        self.kafka, self.redis_url = kafka, redis_url
        self.redis: Any = redis.Redis.from_url(redis_url)  # its types are those of both clients at once

    @property
    def settings(self) -> Settings:
        return load_settings()

    def run(self, *words: str) -> Ended:
        """What a command says and how it ends; errors of ours with the codes that `main` gives them."""
        result = CliRunner().invoke(app, list(words))
        if isinstance(result.exception, SellerwatchError):
            code = 2 if isinstance(result.exception, SettingsError | FilesError) else 1
            return Ended(code, result.stdout, result.output + str(result.exception))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ended(result.exit_code, result.stdout, result.output)

    def told(self, *words: str) -> Any:
        """The JSON that a command gives."""
        result = self.run(*words, "--json")
        assert result.exit_code in (0, 1), result.output
        return json.loads(result.stdout)

    def send(self, topic: str, *values: bytes, partition: int = 0, **options: Any) -> None:
        with producer(self.settings) as sending:
            for value in values:
                sending.send(topic, value=value, partition=partition, **options)

    def records(self, topic: str) -> list[Held]:
        """All that a topic holds, each partition in order."""
        return list(read_topic(self.settings, topic))

    def acts(self) -> list[dict[str, Any]]:
        """What has been recorded of people's acts, oldest first."""
        return [json.loads(record.value) for record in self.records(names.ACTS)]


def topics() -> dict[str, int]:
    """Every topic and its partitions."""
    return {
        **dict.fromkeys(names.UPSTREAM, PARTITIONS),
        **{name: 1 if name in SINGLE else PARTITIONS for name in CONFIGS},
    }


@pytest.fixture
def ground(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    """Empty topics, an empty Redis, and settings that name them."""
    with EmbeddedKafka() as kafka:
        for topic, partitions in topics().items():
            kafka.create_topic(topic, partitions)
        monkeypatch.setenv("SELLERWATCH_KAFKA_BROKERS", kafka.bootstrap)
        monkeypatch.setenv("SELLERWATCH_KAFKA_API_VERSION", "0.11")
        monkeypatch.setenv("SELLERWATCH_REDIS_URL", redis_url)
        monkeypatch.setenv("SELLERWATCH_HASH_KEYS", "k1:a key for hashes of tests")
        monkeypatch.setenv("SELLERWATCH_MODEL_KEYS", "a key for models of tests")
        yield Ground(kafka, redis_url)
