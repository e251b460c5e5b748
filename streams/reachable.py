"""Whether any broker is there: known within a second or three, where Kafka's client tries for many."""

import socket
import struct
from contextlib import suppress
from typing import Final

from streams.errors import UnavailableError
from streams.settings import Settings

CONNECT_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 2.0
"""Both are shared by all brokers."""
PORT: Final = 9092
API_VERSIONS: Final = struct.pack(">ihhih", 10, 18, 0, 0, -1)
"""The request that every broker answers before anybody has logged in: size, key, version, number, no client's name."""


def must_be_reachable(settings: Settings, *, answering: bool = False) -> None:
    """Returns if one of the brokers is there; it may still not answer.

    Args:
        answering: One must also say something; where TLS is spoken, taking a connection is enough.

    Raises:
        UnavailableError: None of them takes a connection, or none says anything.
    """
    brokers, silent = settings.kafka_brokers, False
    for broker in brokers:
        host, colon, port = broker.rpartition(":")
        place = (host.strip("[]"), int(port)) if colon and port.isdigit() else (broker, PORT)
        with suppress(OSError), socket.create_connection(place, timeout=CONNECT_SECONDS / len(brokers)) as connection:
            silent = True
            if not answering or settings.kafka_security.endswith("SSL") or _answers(connection, len(brokers)):
                return
    where = ", ".join(brokers)
    raise UnavailableError(
        f"Kafka takes connections at {where}, but says nothing" if silent else f"Kafka cannot be reached at {where}"
    )


def _answers(connection: socket.socket, brokers: int) -> bool:
    connection.settimeout(ANSWER_SECONDS / brokers)
    connection.sendall(API_VERSIONS)
    return bool(connection.recv(1))
