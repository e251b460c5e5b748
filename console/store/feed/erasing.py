"""Erasure: what acts of the log have erased goes, and does not come back by a topic that is read later.

`seller.erased` takes all rows of a seller, its mention in alerts of others, and what people have said of it here;
`mention.erased` takes a link, or a buyer's hash, from one seller's rows; `buyer.erased` takes hashes everywhere.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, func, or_, select, update

from console.store.changing import queue_changed
from console.store.raising import summary_of
from console.store.schema import (
    alert_bodies,
    alert_words,
    alerts,
    decisions,
    erased,
    given,
    links,
    listings,
    occurrences,
    orders,
    sellers,
    verdicts,
)
from console.store.writing import in_parts, put
from detectors.decision import Alert, encode_alert
from detectors.erasure import MENTION, SELLER
from detectors.events import ActRecorded, Micros, Record

BUYER: Final = "buyer.erased"
ACTS: Final = frozenset((SELLER, MENTION, BUYER))
ERASED: Final = "(erased)"
_decode_alert = msgspec.json.Decoder(Alert).decode
_REWRITE: Final = (
    update(alert_bodies).where(alert_bodies.c.alert_id == bindparam("of_alert")).values(body=bindparam("new_body"))
)
_SUM_UP: Final = (
    update(alerts).where(alerts.c.latest_id == bindparam("of_latest")).values(summary=bindparam("new_summary"))
)


def erases(record: Record) -> bool:
    """Whether a record of the log is an act that erases."""
    return isinstance(record.body, ActRecorded) and record.body.act in ACTS


def erase(connection: Connection, record: Record) -> None:
    """Does what such an act says; done again, it changes nothing."""
    body, until = record.body, record.logged_at
    if not isinstance(body, ActRecorded):
        return
    hashes = [value for value in body.details.values() if isinstance(value, str)]
    if body.act == SELLER and record.seller_id:
        _note(connection, [f"s{record.seller_id}"], until)
        _erase_seller(connection, record.seller_id, until)
    elif body.act == MENTION and body.subject_kind == "seller" and body.subject:
        connection.execute(delete(links).where(links.c.seller_id == record.seller_id, links.c.other == body.subject))
    elif body.act in (MENTION, BUYER):
        _note(connection, [f"v{digest}" for digest in hashes], until)
        for some in in_parts(hashes):
            connection.execute(update(orders).where(orders.c.buyer.in_(some)).values(buyer=ERASED))
            connection.execute(delete(links).where(links.c.value.in_(some)))


def _note(connection: Connection, what: Iterable[str], until: Micros) -> None:
    later = [{"what": each, "until": until} for each in what]
    put(connection, erased, later, ("until",), where=lambda new: new.until > erased.c.until)


def _erase_seller(connection: Connection, seller_id: str, until: Micros) -> None:
    """Of the log all that is there came before; of other topics what came after it may have been read already."""
    for table in (orders, listings, links, occurrences):
        connection.execute(delete(table).where(table.c.seller_id == seller_id))
    old: list[tuple[Table, ColumnElement[bool]]] = [
        (decisions, or_(decisions.c.logged_at <= until, decisions.c.event_time <= until)),
        (verdicts, func.coalesce(verdicts.c.logged_at, verdicts.c.event_time) <= until),
        (given, given.c.given_at <= until),
    ]
    for table, before in old:
        connection.execute(delete(table).where(table.c.seller_id == seller_id, before))
    ours = (alerts.c.seller_id == seller_id) & (alerts.c.first_raised_at <= until)
    ids = select(alerts.c.alert_id).where(ours)
    connection.execute(delete(alert_words).where(alert_words.c.alert_id.in_(ids)))
    connection.execute(delete(alert_bodies).where(alert_bodies.c.first_id.in_(ids)))
    connection.execute(delete(alerts).where(ours))
    _erase_standing(connection, seller_id)
    _erase_mentions(connection, seller_id, until)
    queue_changed(connection)


def _erase_standing(connection: Connection, seller_id: str) -> None:
    query = select(func.min(decisions.c.event_time)).where(decisions.c.seller_id == seller_id)
    begun_anew = connection.execute(query).scalar_one()
    ours = sellers.c.seller_id == seller_id
    if begun_anew is None:
        connection.execute(delete(sellers).where(ours))
        return
    nothing = {"registered_at": None, "country": None, "verification": None, "status": "", "status_at": None}
    connection.execute(update(sellers).where(ours).values(first_seen=begun_anew, **nothing))


def _erase_mentions(connection: Connection, seller_id: str, until: Micros) -> None:
    connection.execute(delete(links).where(links.c.other == seller_id))
    word = seller_id.casefold()
    others = select(alerts.c.alert_id).where(alerts.c.seller_id != seller_id, alerts.c.raised_at <= until)
    named = (alert_words.c.word == word) & alert_words.c.alert_id.in_(others)
    naming = list(connection.execute(select(alert_words.c.alert_id).where(named)).scalars())
    connection.execute(delete(alert_words).where(named))
    for some in in_parts(naming):
        rows = connection.execute(select(alert_bodies).where(alert_bodies.c.first_id.in_(some))).all()
        changed = [(row.alert_id, without(_decode_alert(row.body), {seller_id})) for row in rows]
        connection.execute(_REWRITE, [{"of_alert": i, "new_body": encode_alert(a).decode()} for i, a in changed])
        connection.execute(_SUM_UP, [{"of_latest": i, "new_summary": summary_of(a)} for i, a in changed])


def without(alert: Alert, gone: set[str]) -> Alert:
    """The alert without sellers among its evidence, or in the words of its reasons."""
    linked = [link for link in alert.evidence.sellers if gone.isdisjoint((link.seller_id, link.through))]
    evidence = replace(alert.evidence, sellers=linked)
    named = re.compile("|".join(rf"(?<!\w){re.escape(each)}(?!\w)" for each in sorted(gone)))
    reasons = [replace(reason, text=named.sub(ERASED, reason.text)) for reason in alert.reasons]
    return replace(alert, evidence=evidence, reasons=reasons)


class Erased:
    """Which sellers and hashes of a poll were erased, and until when."""

    def __init__(self, connection: Connection, sellers_: Iterable[str], hashes: Iterable[str] = ()) -> None:
        self._until: dict[str, Micros] = {}
        if connection.execute(select(erased.c.what).limit(1)).first() is None:
            return
        for some in in_parts([*(f"s{seller}" for seller in sellers_), *(f"v{digest}" for digest in hashes)]):
            rows = connection.execute(select(erased).where(erased.c.what.in_(some)))
            self._until |= {row.what: row.until for row in rows}

    def seller(self, seller_id: str, *times: Micros) -> bool:
        """Whether something that the seller did at one of these times is erased."""
        until = self._until.get(f"s{seller_id}")
        return until is not None and min(times) <= until

    def value(self, digest: str, logged_at: Micros) -> bool:
        """Whether a hash that entered the log then is erased."""
        until = self._until.get(f"v{digest}")
        return until is not None and logged_at <= until


def alerts_left(connection: Connection, found: Sequence[Alert], raised_at: Sequence[Micros]) -> list[Alert]:
    """Alerts that are not on erased sellers, and do not name them."""
    named = [alert.seller_id for alert in found] + [link.seller_id for a in found for link in a.evidence.sellers]
    gone = Erased(connection, named)
    kept = []
    for alert, at in zip(found, raised_at, strict=True):
        if gone.seller(alert.seller_id, at):
            continue
        linked = {link.seller_id for link in alert.evidence.sellers if gone.seller(link.seller_id, at)}
        kept.append(without(alert, linked) if linked else alert)
    return kept
