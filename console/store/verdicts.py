"""Verdicts and snoozes given in the console: kept first, then sent, then known again when they come back.

A verdict is a row of `given` and of `verdicts`, written in the transaction that looks at the alert's version; so of two
analysts one is told that the other was quicker. Only then the act and the verdict are sent to Kafka, under ids that
follow from what was judged: what is sent twice counts once. What could not be sent stays unsent and is sent by
`send_unsent`, which the feed calls; a crash anywhere in between loses nothing.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
import structlog
from msgspec import Struct
from sqlalchemy import Connection, func, select, update

from console.acting import Acting
from console.store.changing import queue_changed
from console.store.database import Database
from console.store.feed.running import clock
from console.store.queries.alert import first_id
from console.store.queries.queue import COLUMNS, QueueItem, item_of
from console.store.schema import alerts, given, verdicts
from console.store.settling import settle
from console.store.writing import AnyRow, put
from detectors.decision import say_time
from detectors.events import SECOND, Micros
from streams.acts import Act, UnfitActError
from streams.errors import SellerwatchError, UnavailableError
from streams.upstream import EPOCH

log = structlog.get_logger()

TOPIC: Final = "verdicts"
LATE: Final[Micros] = 20 * SECOND
"""What is unsent for longer is nobody's at present."""
AT_ONCE: Final = 100
LONGEST_NOTE: Final = 20_000
LONGEST_REASON: Final = 512
_encode = msgspec.json.Encoder().encode


class Judging(Struct, frozen=True, kw_only=True):
    """What somebody says of an alert."""

    alert_id: str
    """Or the id of one of its escalations."""
    version: int
    """Of the alert as it was looked at."""
    verdict: Literal["confirmed", "dismissed", "snoozed"]
    analyst: str
    role: str
    note: str | None = None
    until: Micros | None = None
    """Of a snooze: when it ends."""
    reason: str | None = None
    """Of a snooze: why; at most 512 characters."""


class Judged(Struct, frozen=True):
    """What became of it."""

    item: QueueItem
    """The alert as it is now."""
    sent: bool
    """Whether Kafka has it; else it is kept, and sent as soon as Kafka answers."""


class UnknownAlertError(SellerwatchError):
    """There is no alert of this id; it may be older than `console_keep`."""


class UnfitVerdictError(SellerwatchError):
    """The verdict cannot be given so; the message says what to change."""


class StaleAlertError(SellerwatchError):
    """Somebody has judged the alert, or it was escalated, since it was looked at: look again."""

    def __init__(self, item: QueueItem) -> None:
        who = f" by {item.changed_by}" if item.changed_by else ""
        open_again = "it was raised again, or the console was rebuilt"
        what = f"it is {item.state}{who}" if item.state != "open" else open_again
        super().__init__(f"alert {item.alert_id} has changed since you looked at it: {what}")
        self.item = item


class Verdicts:
    """Gives verdicts; one for a process, safe to share among threads."""

    def __init__(self, acting: Acting, database: Database) -> None:
        self._acting, self._database = acting, database

    def give(self, judging: Judging) -> Judged:
        """Keeps a verdict and sends it; repeated word for word, it changes nothing more.

        Raises:
            UnknownAlertError: There is no such alert.
            StaleAlertError: It is not any more what was looked at; nothing was changed.
            UnfitVerdictError: A snooze without reason or end, or a text that is too long; nothing was changed.
            UnavailableError: The database does not answer; nothing was changed.
        """
        with self._database.writing() as connection:
            event_id = keep(connection, judging, clock())
        sent = self._send([event_id])
        with self._database.reading() as connection:
            return Judged(_item(connection, judging.alert_id), sent)

    def give_many(self, judgings: Sequence[Judging]) -> list[Judged]:
        """Keeps many in one transaction and sends them; those whose alert has changed are left out of the answer.

        Raises:
            UnknownAlertError, UnfitVerdictError, UnavailableError: Nothing was changed.
        """
        kept: dict[str, str] = {}
        with self._database.writing() as connection:
            for judging in judgings:
                with suppress(StaleAlertError):  # it is raised before anything is written
                    kept[judging.alert_id] = keep(connection, judging, clock())
        sent = self._send(list(kept.values()))
        with self._database.reading() as connection:
            return [Judged(_item(connection, alert_id), sent) for alert_id in kept]

    def send_unsent(self, database: Database) -> None:
        """Sends what was kept and never sent: the process ended in between, or Kafka did not answer."""
        with database.reading() as connection:
            late = (given.c.sent_at.is_(None)) & (given.c.given_at < clock() - LATE)
            query = select(given.c.event_id).where(late).order_by(given.c.given_at).limit(AT_ONCE)
            unsent = list(connection.execute(query).scalars())
        if unsent and self._send(unsent):
            log.info("verdicts_sent_late", verdicts=len(unsent))

    def _send(self, event_ids: Sequence[str]) -> bool:
        """Sends those of the verdicts that are unsent, the record of the act first; whether Kafka has them."""
        with self._database.reading() as connection:
            wanted = given.c.event_id.in_(event_ids) & given.c.sent_at.is_(None)
            rows = connection.execute(select(given).where(wanted).order_by(given.c.given_at)).all()
        sent = True
        for row in rows:
            try:
                self._send_one(row)
            except UnavailableError as error:  # nor will the others get through
                log.warning("verdict_waits", event_id=row.event_id, error=str(error))
                return False
            except UnfitActError as error:
                log.error("verdict_refused", event_id=row.event_id, error=str(error))
                sent = False
        return sent

    def _send_one(self, row: AnyRow) -> None:
        self._acting.record_now(_act(row))
        self._acting.send_now(TOPIC, row.seller_id, event_of(row))
        with self._database.writing() as connection:
            connection.execute(update(given).where(given.c.event_id == row.event_id).values(sent_at=clock()))


def keep(connection: Connection, judging: Judging, now: Micros) -> str:
    """Writes a verdict down, if the alert is still what was looked at; its event id. See `Verdicts.give`."""
    _check(judging, now)
    event_id = event_id_of(judging)
    if connection.execute(select(given.c.event_id).where(given.c.event_id == event_id)).scalar_one_or_none():
        return event_id  # the answer to the first try was lost
    first = first_id(connection, judging.alert_id)
    looked_at = (alerts.c.alert_id == first) & (alerts.c.version == judging.version)
    moved = connection.execute(update(alerts).where(looked_at).values(version=alerts.c.version + 1))
    item = _item(connection, judging.alert_id)
    if moved.rowcount != 1:
        raise StaleAlertError(item)
    said = {
        "event_id": event_id,
        "alert_id": item.alert_id,
        "seller_id": item.seller_id,
        "verdict": judging.verdict,
        "analyst": judging.analyst,
        "until": judging.until,
        "reason": judging.reason,
    }
    at = max(now, _judged_last(connection, item) + 1)
    own = {"role": judging.role, "note": judging.note, "based_on": judging.version, "given_at": at}
    put(connection, given, [said | own])
    put(connection, verdicts, [said | {"event_time": at}])
    settle(connection, [item.seller_id], now)
    queue_changed(connection)
    return event_id


def event_id_of(judging: Judging) -> str:
    """The id of the event: the same words on the same version of an alert are the same verdict."""
    told = (judging.alert_id, judging.version, judging.verdict, judging.analyst)
    text = _encode([*told, judging.note, judging.until, judging.reason])
    return f"verdict-{hashlib.blake2b(text, digest_size=12).hexdigest()}"


def event_of(row: AnyRow) -> bytes:
    """The event as it goes to the topic `verdicts`."""
    said: dict[str, Any] = {
        "event_id": row.event_id,
        "event_time": say_time(row.given_at),
        "seller_id": row.seller_id,
        "alert_id": row.alert_id,
        "analyst": row.analyst,
    }
    if row.verdict == "snoozed":
        until = say_time(row.until)
        return _encode(said | {"type": "verdict.snoozed", "until": until, "reason": row.reason})
    noted = {"note": row.note} if row.note else {}
    return _encode(said | {"type": "verdict.given", "verdict": row.verdict} | noted)


def _act(row: AnyRow) -> Act:
    return Act(
        act="verdict.sent",
        actor=row.analyst,
        role=row.role,
        subject_kind="alert",
        subject=row.alert_id,
        seller_id=row.seller_id,
        details={"verdict": row.verdict, "event": row.event_id},
        event_id=f"act-{row.event_id}",
    )


def _check(judging: Judging, now: Micros) -> None:
    for what, text, longest in (("note", judging.note, LONGEST_NOTE), ("reason", judging.reason, LONGEST_REASON)):
        if text is not None and (len(text) > longest or "\0" in text):
            raise UnfitVerdictError(f"the {what} may have {longest:,} characters, and no NUL")
    if judging.verdict != "snoozed":
        return
    if not (judging.reason or "").strip():
        raise UnfitVerdictError("say why it is snoozed: the reason is kept with it")
    latest = (datetime(9999, 1, 1, tzinfo=EPOCH.tzinfo) - EPOCH) // timedelta(microseconds=1)
    if judging.until is None or not now < judging.until < latest:
        raise UnfitVerdictError("say until when it is snoozed: a time to come")


def _judged_last(connection: Connection, item: QueueItem) -> Micros:
    """So that a clock that is behind another one does not put a later verdict before an earlier one."""
    on_seller = verdicts.c.seller_id == item.seller_id
    return int(connection.execute(select(func.max(verdicts.c.event_time)).where(on_seller)).scalar_one() or 0)


def _item(connection: Connection, alert_id: str) -> QueueItem:
    first = first_id(connection, alert_id)
    row = connection.execute(select(*COLUMNS).where(alerts.c.alert_id == first)).one_or_none()
    if row is None:
        raise UnknownAlertError(f"there is no alert {alert_id}; it may be older than console_keep")
    return item_of(row)
