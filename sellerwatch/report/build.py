"""`sellerwatch report`: reads decisions, alerts and the log once, and makes the report of a period."""

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final, NamedTuple

from detectors.decision import say_time
from sellerwatch.report.changes import changes
from sellerwatch.report.fairness import fairness
from sellerwatch.report.inform import Counted, inform
from sellerwatch.report.ledger import Ledger
from sellerwatch.report.missed import Missed, estimated
from sellerwatch.report.missed import said as sentences
from sellerwatch.report.model import Cell, Column, Period, Report, Section, Table
from sellerwatch.report.overview import overview
from sellerwatch.report.prepared import prepare
from sellerwatch.report.reading import Reader, micros, read_alerts, read_decisions, read_logs
from sellerwatch.report.statements import statements, write_statements
from sellerwatch.report.topics import read_topics
from sellerwatch.report.transparency import transparency
from streams.errors import SettingsError
from streams.files import FilesError
from streams.settings import Settings

USD: Final = {"USD": Decimal(1)}
MOST_USD: Final = Decimal(10**9)
"""Of one unit of a currency; beyond that it is a mistake."""


class Sources(NamedTuple):
    """Files to read; without any, the topics of Kafka are read."""

    decisions: Sequence[Path] = ()
    alerts: Sequence[Path] = ()
    logs: Sequence[Path] = ()

    @property
    def given(self) -> bool:
        return bool(self.decisions or self.alerts or self.logs)


class Choices(NamedTuple):
    """What can be chosen of a report."""

    rates: Path | None = None
    counted: Counted = "payments"
    statements: Path | None = None
    """Write a draft of a statement of reasons for each alert here."""
    high_volume: Path | None = None
    """Write every high-volume seller here (.csv)."""
    folder: Path | None = None
    """Where the temporary file lies."""


def build(period: Period, sources: Sources, choices: Choices, settings: Settings) -> Report:
    """The report of a period.

    Raises:
        FilesError: A file cannot be read or written.
        SettingsError: The rates are off.
        UnavailableError: Kafka does not answer.
        LedgerError: The disk of the temporary file is full.
    """
    rates = read_rates(choices.rates)
    with Ledger(choices.folder) as ledger:
        reader = Reader(ledger, rates)
        if sources.given:
            read_decisions(reader, sources.decisions)
            read_alerts(reader, sources.alerts)
            read_logs(reader, sources.logs)
        else:
            read_topics(reader, settings)
        prepare(ledger, period)
        if choices.statements is not None:
            write_statements(statements(ledger), choices.statements)
        sections = [
            overview(ledger, period, reader.unreadable),
            transparency(ledger, period),
            fairness(ledger),
            *changes(ledger, period),
            inform(ledger, period, choices.counted, choices.high_volume),
            _missed(ledger, period),
        ]
    return Report("Sellerwatch: report of a period", say_time(period.start), say_time(period.end), sections)


def period_of(start: str, end: str) -> Period:
    """The period between two moments.

    Raises:
        SettingsError: One of them is no date or time, or the end is not after the start.
    """
    found = Period(_moment("--from", start), _moment("--to", end))
    if found.end <= found.start:
        raise SettingsError(f"--to {end}: is not after --from {start}")
    return found


def _moment(option: str, text: str) -> int:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{option}: {text!r} is no date; write 2027-01-31, or 2027-01-31T00:00:00Z") from None
    if time.tzinfo is None and len(text) > len("2027-01-31"):
        raise SettingsError(f"{option}: {text!r} has no offset; write 2027-01-31T00:00:00Z")
    if not 1971 <= time.year <= 9990:
        raise SettingsError(f"{option}: {text!r} lies outside of what can be reported")
    return micros(time)


def read_rates(path: Path | None) -> Mapping[str, Decimal]:
    """What one unit of each currency is worth in USD: a table (.csv) with the columns `currency` and `usd`.

    Raises:
        FilesError: The file cannot be read.
        SettingsError: A line of it is off.
    """
    rates = dict(USD)
    if path is None:
        return rates
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                rates[(row.get("currency") or "").strip()] = _rate(path, number, row.get("usd"), row.get("currency"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FilesError(f"{path}: cannot be read: {error}") from None
    return rates


def _rate(path: Path, number: int, text: str | None, currency: str | None) -> Decimal:
    try:
        rate = Decimal((text or "").strip())
    except InvalidOperation:
        rate = Decimal(0)
    if not currency or not rate.is_finite() or not 0 < rate <= MOST_USD:
        raise SettingsError(f"{path}, line {number}: needs `currency` and `usd`, a number above 0, such as EUR,1.08")
    return rate


class _Labels:
    """What verdicts and disputes of the log say of sellers and orders."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        ledger.run("CREATE INDEX disputed_of ON happening (ref) WHERE kind = 'disputed'")

    def of_seller(self, seller_id: str) -> bool | None:
        found = list(self._ledger.rows("SELECT bad FROM known WHERE seller = :s", s=seller_id))
        return bool(found[0][0]) if found else None

    def of_decision(self, seller_id: str, order: int) -> bool | None:
        query = "SELECT 1 FROM happening WHERE kind = 'disputed' AND ref = :o LIMIT 1"
        if order and list(self._ledger.rows(query, o=order)):
            return True
        return self.of_seller(seller_id)


def _missed(ledger: Ledger, period: Period) -> Section:
    found = estimated(ledger, _Labels(ledger), period)
    return Section("missed", "What was missed", sentences(found), tables=[_table(found)])


def _table(found: Missed) -> Table:
    rows: list[list[Cell]] = []
    for name, made in (("sellers", found.missed_sellers), ("decisions", found.missed_decisions)):
        if made is not None:
            rows.append([f"bad {name} that nobody saw", made.total, made.low, made.high, made.reviewed, made.chosen])
    columns = [Column("what", "what", "text"), Column("estimate", "estimate", "number")]
    columns += [Column("low", "95 %, from", "number"), Column("high", "to", "number")]
    columns += [Column("reviewed", "reviewed"), Column("chosen", "chosen for review")]
    return Table("missed", "Estimated from the review sample", tuple(columns), rows)
