"""`sellerwatch intel import`: what another marketplace tells, as `intel.listed` on the topic `intel`."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sellerwatch.exchange.files import File, Indicator, read_file
from sellerwatch.exchange.values import Values
from sellerwatch.intel import contract_event, send, time_of
from sellerwatch.operate.asking import record
from streams.errors import SettingsError
from streams.files import write_events
from streams.privacy import Pseudonyms
from streams.settings import Settings


class Taken(NamedTuple):
    """What came of an import."""

    source: str
    listed: int
    withdrawn: int
    left_out: int
    """Expired, or told with too little confidence."""
    known: int
    """Values of sellers that are here already, listed under their own hashes, too."""


def take(
    file: Path,
    before: Path | None,
    values: Values | None,
    output: Path | None,
    settings: Settings,
    *,
    at: str = "",
    least: float = 0.5,
    withdraw: bool = False,
) -> Taken:
    """Checks a file, and sends or writes its events.

    Args:
        before: The file of the same source as it was taken last: what is gone since is withdrawn.
        values: Values of our sellers: those that are told of are listed at once, under our own hash.
        output: Write the events here (.jsonl) instead of sending them.
        at: Their `event_time`; empty: now.
        least: Confidence from which on an indicator is taken.
        withdraw: Take back all that the file holds.

    Raises:
        FilesError: A file is not what it should be.
        SettingsError: Its exchange key is not there, the two files have different sources, or the second is newer.
        SignatureError: A file was changed, or signed with another secret.
        UnavailableError: Kafka does not answer.
    """
    found, earlier = read_file(file, settings), read_file(before, settings) if before else None
    if earlier is not None and (earlier.header.source, earlier.header.key) != (found.header.source, found.header.key):
        raise SettingsError(f"--before: {before} comes from {earlier.header.source}, not from {found.header.source}")
    if earlier is not None and earlier.header.created_at > found.header.created_at:
        raise SettingsError(f"{file} is older than {before}: an old file would list again what was taken back since")
    time = time_of(at)
    now = datetime.now(UTC) if not at else datetime.fromisoformat(at)
    good = [each for each in found.indicators if each.expires_at > now and each.confidence >= least]
    listed = [] if withdraw else good
    kept = {(each.kind, each.value_hash) for each in listed}
    told = [*found.indicators, *(earlier.indicators if earlier else [])]
    gone = {(each.kind, each.value_hash): each for each in (told if withdraw else told[len(found.indicators) :])}
    withdrawn = [each for key, each in gone.items() if key not in kept]
    events, known = [], 0
    for kind, indicators in (("intel.listed", listed), ("intel.withdrawn", withdrawn)):
        ours = _ours(indicators, values, found.header.key, settings) if values else {}
        known += sum(map(len, ours.values())) if kind == "intel.listed" else 0
        events += [event for each in indicators for event in _events(kind, time, found, each, ours)]
    if output is not None:
        write_events(output, events)
    else:
        counts = {"listed": len(listed), "withdrawn": len(withdrawn)}
        record(settings, "intel.imported", subject_kind="intel", subject=found.header.source, details=counts)
        send(events, settings)
    return Taken(found.header.source, len(listed), len(withdrawn), len(found.indicators) - len(good), known)


def _ours(
    indicators: Sequence[Indicator], values: Values, key: str, settings: Settings
) -> dict[tuple[str, str], set[str]]:
    """Our own hashes of those values that are told of, by what they are told as."""
    if not settings.hash_keys:
        raise SettingsError("SELLERWATCH_HASH_KEYS: --values needs the keys that intake hashes with")
    told = {(each.kind, each.value_hash) for each in indicators}
    theirs = Pseudonyms([each for each in settings.exchanging() if each.kid == key])
    own, found = Pseudonyms(settings.hashing()), dict[tuple[str, str], set[str]]()
    for used in values():
        named = used.kind, theirs.of(used.kind, used.value)
        if named in told:
            found.setdefault((str(named[0]), named[1]), set()).add(own.of(used.kind, used.value))
    return found


def _events(
    kind: str, time: str, found: File, each: Indicator, ours: dict[tuple[str, str], set[str]]
) -> Iterator[bytes]:
    told: dict[str, Any] = {}
    if kind == "intel.listed":
        reason = f"{each.reason}, confirmed on {each.confirmed_on} (confidence {each.confidence:.2f})"
        told = {"reason": reason, "expires_at": each.expires_at.isoformat().replace("+00:00", "Z")}
    for digest in (each.value_hash, *sorted(ours.get((each.kind, each.value_hash), ()))):
        fields = {"kind": each.kind, "value_hash": digest, "source": found.header.source}
        yield contract_event(kind, time, fields, told)
