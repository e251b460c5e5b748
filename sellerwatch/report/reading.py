"""Decisions, alerts and the log, line by line into the ledger."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from detectors.decision import Alert
from detectors.events import (
    ListingRemoved,
    LogBody,
    Micros,
    ModelPublished,
    OrderPlaced,
    PaymentCaptured,
    PaymentDisputed,
    PolicyPublished,
    ReportFiled,
    SellerAccount,
    SellerBanned,
    SellerRegistered,
    SellerReinstated,
    VerdictGiven,
    decode_record,
)
from detectors.money import exponent
from sellerwatch.report.ledger import Ledger, key_of
from streams.errors import InvalidEventError
from streams.files import FilesError, read_events
from streams.upstream import EPOCH, MICROSECOND, parse

LARGEST: Final = 10**15
"""Of cents: beyond that a sum would not be exact."""


class DecisionLine(Struct):
    """What is read of a decision."""

    event_id: str
    type: str
    seller_id: str
    event_time: datetime
    outcome: str
    pattern: str = ""
    review: float = 0.0
    order_id: str | None = None


class LogLine(Struct):
    """What is read of a record of the log."""

    event_id: str
    event_time: Micros
    seller_id: str
    body: LogBody


@dataclass
class Reader:
    """Takes lines into a ledger.

    Args:
        rates: What one unit of a currency is worth in USD.
    """

    ledger: Ledger
    rates: Mapping[str, Decimal]
    unreadable: int = 0
    """Lines of the log that were passed over, as watch does."""

    def decision(self, line: bytes) -> None:
        """One record of `sellerwatch.decisions`, or one line of a replay's file.

        Raises:
            msgspec.DecodeError: It is no decision.
        """
        d = _decision(line)
        time, order = micros(d.event_time), key_of(d.order_id) if d.order_id else 0
        row = d.seller_id, time, d.type, d.outcome, d.pattern, d.review, order
        self.ledger.add("decision", key_of(d.event_id), *row)

    def alert(self, line: bytes) -> None:
        """One record of `sellerwatch.alerts`, or one line of a replay's file.

        Raises:
            msgspec.DecodeError: It is no alert.
        """
        alert = _alert(line)
        first, time = key_of(alert.escalates or alert.alert_id), micros(datetime.fromisoformat(alert.event_time))
        row = first, alert.alert_id, alert.seller_id, time, alert.pattern, alert.severity, alert.versions.get("policy")
        self.ledger.add("alert", key_of(alert.alert_id), *row)
        if alert.escalates is None:
            for place, reason in enumerate(alert.reasons):
                self.ledger.add("ground", key_of(alert.alert_id, reason.code), first, place, reason.code)

    def event(self, line: bytes) -> None:
        """One contract event, as upstream sent it."""
        try:
            event = parse(line)
        except InvalidEventError:
            self.unreadable += 1
            return
        self._take(event.event_id, event.event_time, event.seller_id or "", event.body)

    def log(self, line: bytes) -> None:
        """One record of `sellerwatch.events`."""
        try:
            record = _record(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.unreadable += 1
            return
        self._take(record.event_id, record.event_time, record.seller_id, record.body)

    def _take(self, event_id: str, time: Micros, seller: str, body: Any) -> None:
        taken = _TAKEN.get(type(body))
        if taken is not None:
            kind, ref, name = taken(body)
            if kind in ("policy", "model"):  # the same one stands in every partition
                event_id = f"{name}/{time}"
            self.ledger.add("happening", key_of(event_id), kind, seller, time, key_of(ref) if ref else 0, name)
        elif isinstance(body, OrderPlaced):
            category = (body.items[0].category if body.items else None) or ""
            self._trade("order", body.order_id, seller, time, body, category)
        elif isinstance(body, PaymentCaptured):
            self._trade("payment", event_id, seller, time, body, body.method)
        elif isinstance(body, SellerAccount):
            row = seller, time, body.country or "", body.verification or "", int(isinstance(body, SellerRegistered))
            self.ledger.add("account", key_of(event_id), *row)

    def _trade(
        self, kind: str, key: str, seller: str, time: Micros, body: OrderPlaced | PaymentCaptured, name: str
    ) -> None:
        cents = self._cents(body.currency, body.amount_minor)
        row = kind, seller, time, key_of(body.order_id), name, body.currency, body.amount_minor, cents
        self.ledger.add("trade", key_of(kind, key), *row)

    def _cents(self, currency: str, amount_minor: int) -> int | None:
        rate = self.rates.get(currency)
        if rate is None:
            return None
        worth = Decimal(amount_minor).scaleb(2 - exponent(currency)) * rate
        return min(int(worth.quantize(Decimal(1), ROUND_HALF_EVEN)), LARGEST)


Happening = tuple[str, str, str]
"""Kind, what it refers to, and its name."""
_TAKEN: Final[dict[type, Callable[[Any], Happening]]] = {
    VerdictGiven: lambda body: ("verdict", body.alert_id or "", body.verdict),
    PaymentDisputed: lambda body: ("disputed", body.order_id, body.reason or ""),
    ReportFiled: lambda body: ("notice", body.listing_id or "", body.reason),
    ListingRemoved: lambda body: ("removed", body.listing_id, body.category or ""),
    SellerBanned: lambda body: ("banned", "", body.reason or ""),
    SellerReinstated: lambda body: ("reinstated", "", body.reason or ""),
    PolicyPublished: lambda body: ("policy", "", body.version),
    ModelPublished: lambda body: ("model", body.model, body.version),
}
_decision = msgspec.json.Decoder(DecisionLine).decode
_alert = msgspec.json.Decoder(Alert).decode
_record = msgspec.json.Decoder(LogLine).decode


def micros(time: datetime) -> Micros:
    """Microseconds since the epoch; a time without an offset is taken as UTC, as parquet files write it."""
    return ((time if time.tzinfo else time.replace(tzinfo=EPOCH.tzinfo)) - EPOCH) // MICROSECOND


def read_decisions(reader: Reader, paths: Iterable[Path]) -> None:
    """Reads files of decisions.

    Raises:
        FilesError: One cannot be read, or holds something else.
    """
    _each(paths, reader.decision, "decisions; see `sellerwatch replay --decisions`")


def read_alerts(reader: Reader, paths: Iterable[Path]) -> None:
    """Reads files of alerts.

    Raises:
        FilesError: One cannot be read, or holds something else.
    """
    _each(paths, reader.alert, "alerts; see `sellerwatch replay --alerts`")


def read_logs(reader: Reader, paths: Iterable[Path]) -> None:
    """Reads dumps of the log, or files of contract events; what is neither is counted and passed over.

    Raises:
        FilesError: One cannot be read, or nothing in it is such a line.
    """
    for path in paths:
        lines, before, count, take = read_events(path), reader.unreadable, 0, None
        for count, line in enumerate(lines, start=1):  # noqa: B007 - counts
            take = take or (reader.log if _is_record(line) else reader.event)
            take(line)
        if count and reader.unreadable - before == count:
            raise FilesError(f"{path}: holds neither records of the log nor contract events")


def _is_record(line: bytes) -> bool:
    try:
        decode_record(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _each(paths: Iterable[Path], take: Callable[[bytes], None], what: str) -> None:
    for path in paths:
        for number, line in enumerate(read_events(path), start=1):
            try:
                take(line)
            except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
                raise FilesError(f"{path}, line {number}: no {what}: {error}") from None
