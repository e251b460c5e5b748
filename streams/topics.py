"""The topics that the system needs: how many partitions each has, and what is wrong with them."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import BrokerResponseError, KafkaError, TopicAlreadyExistsError

from streams import names
from streams.errors import SettingsError, UnavailableError
from streams.settings import Settings

PATIENCE_MS = 8_000
"""A broker that has not answered within this long is taken to be away."""
RECONNECT_MS = 1_000
"""At most so long a client waits before it tries a broker again; kafka-python would wait half a minute."""
DAY_MS = 86_400_000
LOG_CONFIG = {"retention.ms": "-1", "max.message.bytes": "1048576"}
CONFIGS: dict[str, dict[str, str]] = {
    names.EVENTS: LOG_CONFIG,
    names.DECISIONS: {"retention.ms": str(90 * DAY_MS)},
    names.ALERTS: {"retention.ms": "-1"},
    names.AUDIT: {"retention.ms": "-1"},
    names.ACTS: {"retention.ms": "-1"},
    names.REJECTED: {"retention.ms": str(30 * DAY_MS)},
    names.WAITING: {"retention.ms": str(DAY_MS)},
    names.TRAINING: {"retention.ms": str(90 * DAY_MS)},
    names.POLICIES: LOG_CONFIG,
}
"""Upstream topics keep the broker's defaults: they are upstream's."""

ALIKE = (names.EVENTS, names.DECISIONS, names.ALERTS, names.AUDIT)
"""Topics keyed by seller that must have equally many partitions."""
SINGLE = (names.TRAINING, names.POLICIES, names.ACTS)
"""Topics of which one partition is made."""


@dataclass(frozen=True)
class Layout:
    """How many partitions each topic has."""

    partitions: Mapping[str, int]

    @property
    def log(self) -> int:
        return self.partitions[names.EVENTS]

    def check(self) -> None:
        """Refuses topics that do not fit together.

        Raises:
            SettingsError: Says which topics are missing or have the wrong number of partitions.
        """
        wanted = (*names.UPSTREAM, names.ACTS, *ALIKE, names.REJECTED, names.WAITING, names.TRAINING)
        if missing := [topic for topic in wanted if topic not in self.partitions]:
            raise SettingsError(f"topics are missing: {', '.join(missing)}; make them by `sellerwatch topics create`")
        counts = {topic: self.partitions[topic] for topic in ALIKE}
        if len(set(counts.values())) > 1:
            text = ", ".join(f"{topic} {count}" for topic, count in counts.items())
            raise SettingsError(f"topics keyed by seller must have equally many partitions, but: {text}")
        if self.partitions[names.TRAINING] != 1:
            raise SettingsError(f"{names.TRAINING} must have one partition, but has {self.partitions[names.TRAINING]}")


@contextmanager
def admin(settings: Settings) -> Iterator[KafkaAdminClient]:
    """An admin client for the brokers of the settings.

    Raises:
        UnavailableError: No broker answers, or not with what was asked for.
    """
    try:
        with closing(KafkaAdminClient(**client_options(settings), bootstrap_timeout_ms=PATIENCE_MS)) as client:
            yield client
    except BrokerResponseError as error:  # one answers, and does not do it
        raise UnavailableError(f"Kafka refuses: {type(error).__name__} ({error.description})") from None
    except KafkaError as error:
        brokers = ", ".join(settings.kafka_brokers)
        raise UnavailableError(f"no Kafka broker answers at {brokers}: {error!r}") from None


def client_options(settings: Settings) -> dict[str, Any]:
    """Connection options of a kafka-python client."""
    options: dict[str, Any] = {
        "bootstrap_servers": list(settings.kafka_brokers),
        "security_protocol": settings.kafka_security,
        "client_id": "sellerwatch",
        "reconnect_backoff_max_ms": RECONNECT_MS,
    }
    if settings.kafka_api_version:
        options["api_version"] = tuple(int(part) for part in settings.kafka_api_version.split("."))
    if settings.kafka_ca_file:
        options["ssl_cafile"] = str(settings.kafka_ca_file)
    if settings.kafka_security.startswith("SASL"):
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_username
        options["sasl_plain_password"] = settings.kafka_password and settings.kafka_password.get_secret_value()
    return options


def read_layout(settings: Settings) -> Layout:
    """The topics as they are on the broker."""
    with admin(settings) as client:
        described = client.describe_topics()
    return Layout({topic["name"]: len(topic["partitions"]) for topic in described})


def create_topics(settings: Settings, *, partitions: int, replication: int, upstream: bool) -> list[str]:
    """Makes the topics that are missing; their names.

    Args:
        partitions: Of each; what must have as many as the log gets as many as the log has, where there is one.
        upstream: Also make the upstream topics, which normally belong to the order pipeline.
    """
    wanted = dict.fromkeys(CONFIGS, partitions) | dict.fromkeys(SINGLE, 1)
    if upstream:
        wanted |= dict.fromkeys(names.UPSTREAM, partitions)
    made = []
    with admin(settings) as client:
        existing = {topic["name"]: len(topic["partitions"]) for topic in client.describe_topics()}
        wanted |= dict.fromkeys(ALIKE, existing.get(names.EVENTS, partitions))
        for topic, count in wanted.items():
            new = NewTopic(topic, count, replication, topic_configs=CONFIGS.get(topic, {}))
            try:
                client.create_topics([new])
            except TopicAlreadyExistsError:
                continue
            made.append(topic)
        if made:
            client.wait_for_topics(made)
    return made
