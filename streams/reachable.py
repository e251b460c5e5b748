"""Whether any broker takes a connection: known within a second, where Kafka's client tries for many."""

import socket
from contextlib import suppress
from typing import Final

from streams.errors import UnavailableError
from streams.settings import Settings

CONNECT_SECONDS: Final = 1.0
"""Shared by all brokers."""
PORT: Final = 9092


def must_be_reachable(settings: Settings) -> None:
    """Returns if one of the brokers is there; it may still not answer.

    Raises:
        UnavailableError: None of them takes a connection.
    """
    brokers = settings.kafka_brokers
    for broker in brokers:
        host, colon, port = broker.rpartition(":")
        place = (host.strip("[]"), int(port)) if colon and port.isdigit() else (broker, PORT)
        with suppress(OSError), socket.create_connection(place, timeout=CONNECT_SECONDS / len(brokers)):
            return
    raise UnavailableError(f"Kafka cannot be reached at {', '.join(brokers)}")
