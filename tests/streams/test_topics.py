"""What a broker answers to `sellerwatch topics create` is passed on as it is."""

from collections.abc import Sequence
from typing import Any

import pytest
from kafka.errors import InvalidReplicationFactorError, KafkaTimeoutError

from streams import topics
from streams.errors import UnavailableError
from streams.settings import Settings


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (InvalidReplicationFactorError("the whole answer"), "Kafka refuses: InvalidReplicationFactorError"),
        (KafkaTimeoutError("nobody there"), "no Kafka broker answers at kafka:9092"),
    ],
)
def test_a_broker_that_refuses_is_not_said_to_be_away(
    answer: Exception, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Client:
        def __init__(self, **_: Any) -> None:
            pass

        def describe_topics(self) -> list[Any]:
            return []

        def create_topics(self, _: Sequence[Any]) -> None:
            raise answer

        def close(self) -> None:
            pass

    monkeypatch.setattr(topics, "KafkaAdminClient", Client)

    with pytest.raises(UnavailableError, match=says):
        topics.create_topics(Settings(kafka_brokers=["kafka:9092"]), partitions=1, replication=9, upstream=False)
