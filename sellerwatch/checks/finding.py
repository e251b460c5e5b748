"""One thing that was looked at, how it is, and what to do about it."""

import socket
from enum import StrEnum
from typing import NamedTuple

from streams.delivery.addresses import is_public

PATIENCE_SECONDS = 3.0
"""For each connection and each answer: a service that needs longer is not in order."""


class Status(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, and may not in a bad hour."""
    PROBLEM = "problem"
    """It does not work, or loses something."""


class Finding(NamedTuple):
    """One line of the doctor's report."""

    subject: str
    status: Status
    text: str
    mend: str = ""
    """What to do; empty where all is well."""


def ok(subject: str, text: str) -> Finding:
    return Finding(subject, Status.OK, text)


def warning(subject: str, text: str, mend: str) -> Finding:
    return Finding(subject, Status.WARNING, text, mend)


def problem(subject: str, text: str, mend: str) -> Finding:
    return Finding(subject, Status.PROBLEM, text, mend)


def exposed(host: str) -> bool:
    """Whether a host lies in the public internet, so that what is sent there is read on the way."""
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return False
    return any(is_public(str(address[4][0])) for address in found)
