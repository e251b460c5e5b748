"""Verdicts to Kafka: the record of the act first, then the verdict, both under ids that count once."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from msgspec import json

from console.acting import Acting
from console.store.database import Database
from console.store.judging import LATE, Sending, sent, unsent
from console.words import now
from detectors.decision import say_time
from streams.acts import Act
from streams.errors import UnavailableError

log = structlog.get_logger()
TOPIC = "verdicts"


class Outgoing:
    """Sends what is kept; safe to repeat."""

    def __init__(self, database: Database, acting: Acting) -> None:
        self._database, self._acting = database, acting

    async def send_now(self, given: Sequence[Sending]) -> None:
        """Tries at once; what Kafka does not take is sent by `send_late`."""
        try:
            await asyncio.to_thread(self._send, given)
        except UnavailableError as error:
            log.warning("verdicts_wait", count=len(given), error=str(error))

    def send_late(self, database: Database) -> None:
        """Sends what Kafka did not take when it was given; a chore of the feed."""
        with database.reading() as connection:
            waiting = unsent(connection, now() - LATE)
        if waiting:
            self._send(waiting)

    def _send(self, given: Sequence[Sending]) -> None:
        for sending in given:
            self._acting.record_now(_act(sending))
            self._acting.send_now(TOPIC, sending.seller_id, json.encode(event(sending)))
            with self._database.writing() as connection:
                sent(connection, [sending.judged.event_id], now())


def event(sending: Sending) -> dict[str, Any]:
    """The contract's `verdict.given` or `verdict.snoozed`."""
    judged = sending.judged
    body: dict[str, Any] = {
        "event_id": judged.event_id,
        "event_time": say_time(sending.given_at),
        "seller_id": sending.seller_id,
        "alert_id": sending.latest_id,
        "analyst": judged.analyst,
    }
    if judged.until is not None:
        return body | {"type": "verdict.snoozed", "until": say_time(judged.until), "reason": judged.reason}
    noted = {"note": judged.note} if judged.note else {}
    return body | {"type": "verdict.given", "verdict": judged.verdict} | noted


def _act(sending: Sending) -> Act:
    judged = sending.judged
    return Act(
        act="verdict.sent",
        actor=judged.analyst,
        role=judged.role,
        subject_kind="alert",
        subject=sending.latest_id,
        seller_id=sending.seller_id,
        details={"verdict": judged.verdict},
        event_id=f"act-{judged.event_id}",
    )
