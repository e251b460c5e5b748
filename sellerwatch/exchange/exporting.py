"""`sellerwatch intel export`: what confirmed sellers used, hashed under an exchange key, for other marketplaces."""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from detectors.erasure import SELLER
from detectors.events import ActRecorded, SellerBanned, SellerReinstated, VerdictGiven
from sellerwatch.exchange.files import NAME, Header, Indicator, secret_of, write_file
from sellerwatch.exchange.values import Used, Values, also
from sellerwatch.report.reading import LogLine
from streams import names
from streams.errors import SettingsError
from streams.files import FilesError, read_events
from streams.privacy import Pseudonyms
from streams.reading import read_topic
from streams.settings import Settings
from streams.upstream import EPOCH, MICROSECOND

LABELS: Final = (b'"verdict.given"', b'"seller.banned"', b'"seller.reinstated"', b'"act.recorded"')
CODE: Final = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
"""A reason that is told: a code. Free text stays here."""
BOTH, VERDICT, BAN = 0.95, 0.9, 0.8
"""Confidence where an analyst has confirmed and the seller is banned; where only one of them is so."""


@dataclass
class Case:
    """What is known of a seller that people have judged."""

    verdict: str = ""
    banned: bool = False
    reason: str = ""
    at: int = 0
    by: list[str] = field(default_factory=list)

    @property
    def bad(self) -> bool:
        return self.banned or self.verdict == "confirmed"

    @property
    def confidence(self) -> float:
        return (BOTH if self.verdict == "confirmed" else BAN) if self.banned else VERDICT


@dataclass(frozen=True)
class Made:
    """What came of an export."""

    indicators: list[Indicator]
    sellers: int
    shared: int
    """Values that were left out because sellers use them, too, who are not confirmed."""


def confirmed(logs: Sequence[Path], settings: Settings) -> dict[str, Case]:
    """Sellers that are banned, or whose last verdict confirmed them: from dumps of the log, or from its topic.

    Raises:
        FilesError: A file cannot be read, or is no dump of the log.
        UnavailableError: Kafka does not answer.
    """
    cases: dict[str, Case] = {}
    from_topic = (held.value for held in read_topic(settings, names.EVENTS)) if not logs else ()
    lines = (line for path in logs for line in read_events(path)) if logs else from_topic
    decode = msgspec.json.Decoder(LogLine).decode
    for line in lines:
        if any(kind in line for kind in LABELS):
            try:
                record = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise FilesError(f"{', '.join(map(str, logs))}: no dump of the log: {error}") from None
            if not isinstance(record.body, ActRecorded):
                _note(cases.setdefault(record.seller_id, Case()), record)
            elif record.body.act == SELLER:  # nothing that was said of it counts any more
                cases.pop(record.seller_id, None)
    return {seller: case for seller, case in cases.items() if case.bad}


def _note(case: Case, record: LogLine) -> None:
    body = record.body
    if isinstance(body, VerdictGiven):
        case.verdict = body.verdict
        if body.verdict != "confirmed":
            case.by = []  # a ban may still count; those who confirmed before do not
            return
        case.at = record.event_time
        if body.analyst not in case.by:
            case.by = [*case.by, body.analyst][-4:]
    elif isinstance(body, SellerBanned):
        case.banned, case.at = True, record.event_time
        case.reason = body.reason if body.reason and CODE.fullmatch(body.reason) else ""
    elif isinstance(body, SellerReinstated):
        case.banned, case.verdict, case.by = False, "", []


def export(
    output: Path,
    logs: Sequence[Path],
    values: Values,
    settings: Settings,
    *,
    source: str,
    key: str = "",
    kinds: Container[str],
    lasts: timedelta,
    at: datetime | None = None,
) -> Made:
    """Writes the signed file.

    Args:
        key: Id of the exchange key; empty: the first one.
        lasts: How long an indicator counts.
        at: When; default: now.

    Raises:
        FilesError: A file cannot be read or written.
        SettingsError: There is no such key, or `source` is no name.
        UnavailableError: Kafka does not answer.
    """
    if not NAME.fullmatch(source):
        raise SettingsError(f"--as: {source!r} is no name; write letters, digits, `.`, `_`, `-`, such as market-a")
    kid = key or next((each.kid for each in settings.exchanging()), "")
    secret, now = secret_of(settings, kid), (at or datetime.now(UTC)).replace(microsecond=0)
    pseudonyms = Pseudonyms([each for each in settings.exchanging() if each.kid == kid])
    made = gather(confirmed(logs, settings), values, pseudonyms, kinds, now + lasts)
    header = Header("sellerwatch-intel", 1, kid, "blake2b-128", source, now, len(made.indicators))
    write_file(output, header, made.indicators, secret)
    return made


def gather(
    cases: dict[str, Case], values: Values, pseudonyms: Pseudonyms, kinds: Container[str], expires_at: datetime
) -> Made:
    """The indicators of confirmed sellers, in the order of their hashes: none stands beside another for a reason.

    A value that a seller uses, too, who is not confirmed is left out: it would put an honest one on others' lists.
    """
    found: dict[tuple[str, str], list[Used]] = {}
    for used in _hashed(values(), pseudonyms, kinds):
        if used[1].seller_id in cases:
            found.setdefault(used[0], []).append(used[1])
    shared = {key for key, used in _hashed(values(), pseudonyms, kinds) if key in found and used.seller_id not in cases}
    indicators = [
        _indicator(*key, used, [cases[each.seller_id] for each in used], expires_at)
        for key, used in sorted(found.items())
        if key not in shared
    ]
    sellers = {each.seller_id for key, used in found.items() if key not in shared for each in used}
    return Made(indicators, len(sellers), len(shared))


def _hashed(
    values: Iterable[Used], pseudonyms: Pseudonyms, kinds: Container[str]
) -> Iterator[tuple[tuple[str, str], Used]]:
    for given in values:
        if given.kind in kinds:
            for used in also(given):
                yield (used.kind, pseudonyms.of(used.kind, used.value)), used


def _indicator(kind: str, digest: str, used: list[Used], cases: list[Case], expires_at: datetime) -> Indicator:
    surest = max(cases, key=lambda case: (case.confidence, case.at))
    since = [each.since for each in used if each.since is not None]
    by = [*(["ban"] if surest.banned else []), *surest.by]
    reason = surest.reason or ("banned" if surest.banned else "confirmed")
    seen = _day(min(since)) if since else None
    told = reason, surest.confidence, _day(surest.at), by, expires_at, seen
    return Indicator(kind, digest, *told)  # type: ignore[arg-type]  # kinds are checked


def _day(time: int) -> str:
    return (EPOCH + MICROSECOND * time).date().isoformat()
