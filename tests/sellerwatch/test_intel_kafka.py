"""`intel load` against a broker: every event is there when it says so."""

import json
from pathlib import Path

import pytest

from sellerwatch.embedded.kafka import EmbeddedKafka
from sellerwatch.intel import run
from streams.errors import UnavailableError
from streams.reading import read_topic
from streams.settings import Settings


def test_every_event_of_a_load_is_on_the_topic(tmp_path: Path, mock_kafka: EmbeddedKafka) -> None:
    path = tmp_path / "own.csv"
    path.write_text("kind,value\n" + "".join(f"email,mule-{number}@example.com\n" for number in range(1_500)))
    settings = Settings(kafka_brokers=mock_kafka.bootstrap.split(","), kafka_api_version="0.11")

    run([path], [], None, settings, at="2026-03-01T00:00:00Z", withdraw=False)

    found = {json.loads(held.value)["value"] for held in read_topic(settings, "intel")}
    assert len(found) == 1_500


def test_a_broker_that_is_away_is_said(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("kind,value\nemail,a@example.com\n")
    settings = Settings(kafka_brokers=["127.0.0.1:1"], kafka_api_version="0.11")

    with pytest.raises(UnavailableError, match="Kafka does not take the events"):
        run([tmp_path / "own.csv"], [], None, settings, at="", withdraw=False)
