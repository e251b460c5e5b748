"""`sellerwatch intel load`: wallets, contacts and addresses of list files as events for the topic `intel`."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from kafka import KafkaProducer
from kafka.errors import KafkaError
from rich.console import Console

from sellerwatch.operate.asking import record
from streams.errors import SettingsError, UnavailableError
from streams.files import write_events
from streams.screening.entries import Entry
from streams.screening.lists import read_entries
from streams.settings import Settings
from streams.topics import PATIENCE_MS, client_options

TOPIC: Final = "intel"
LONGEST: Final = 512
"""A value of the contract's `intel.listed` has at most so many characters."""
PATIENCE_SECONDS: Final = 30.0
LOOK_EVERY: Final = 1_000


class Indicator(NamedTuple):
    """One value as one source lists it."""

    kind: str
    value: str
    source: str


class Load(NamedTuple):
    """What is to be listed, with reason and expiry, and what is to be withdrawn."""

    listed: Mapping[Indicator, Entry]
    withdrawn: Sequence[Indicator]


def run(
    lists: Sequence[Path], before: Sequence[Path], output: Path | None, settings: Settings, *, at: str, withdraw: bool
) -> None:
    """Makes the events, and sends or writes them.

    Args:
        before: The files that were loaded last: what is no more in `lists` is withdrawn, what was there is left out.
        output: Write them here instead of sending them to Kafka.
        at: Their `event_time`; empty: now.

    Raises:
        FilesError: A list cannot be read; with line and column.
        SettingsError: `at` is no time.
        UnavailableError: Kafka does not take the record of this act, and nothing was sent; or not all of the events.
    """
    load = compared(indicators(lists), indicators(before), withdraw=withdraw)
    events = list(events_of(load, time_of(at)))
    if output is not None:
        write_events(output, events)
    else:
        counts = {"listed": len(load.listed), "withdrawn": len(load.withdrawn)}
        record(settings, "intel.loaded", details=counts)
        send(events, settings)
    where = output or f"the topic {TOPIC}"
    said = f"{len(load.listed):,} values listed, {len(load.withdrawn):,} withdrawn: {where}"
    Console(stderr=True, highlight=False).print(said)


def indicators(paths: Sequence[Path]) -> dict[Indicator, Entry]:
    """The values of list files, each once for each source; names are compared, not listed (`screening_lists`)."""
    return {
        Indicator(value.kind, value.value, entry.source): entry
        for entry in (read_entries(paths) if paths else ())
        for value in entry.values
        if len(value.value) <= LONGEST
    }


def compared(now: Mapping[Indicator, Entry], before: Mapping[Indicator, Entry], *, withdraw: bool) -> Load:
    """What changed; with `withdraw` all of `now` is taken back."""
    if withdraw:
        return Load({}, list(now))
    return Load(
        {found: entry for found, entry in now.items() if _said(entry) != _said(before.get(found))},
        [found for found in before if found not in now],
    )


def _said(entry: Entry | None) -> tuple[str, str | None] | None:
    return (entry.reason, entry.expires_at) if entry is not None else None


def events_of(load: Load, time: str) -> Iterator[bytes]:
    """Contract events; equal lists at an equal time give equal bytes."""
    for found, entry in load.listed.items():
        told = {"reason": entry.reason[:LONGEST] or None, "expires_at": entry.expires_at}
        yield contract_event("intel.listed", time, found._asdict(), told)
    for found in load.withdrawn:
        yield contract_event("intel.withdrawn", time, found._asdict(), {})


def contract_event(kind: str, time: str, named: Mapping[str, str], told: Mapping[str, Any]) -> bytes:
    """A contract event; its id follows from kind, time and `named`, which says what it is about."""
    digest = hashlib.blake2b("\0".join((kind, time, *named.values())).encode(), digest_size=12).hexdigest()
    fields = {"event_id": f"intel-{digest}", "type": kind, "event_time": time, **named, **told}
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def time_of(text: str) -> str:
    """The moment that `--at` names, or now.

    Raises:
        SettingsError: It is no time with an offset.
    """
    if not text:
        return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    try:
        if datetime.fromisoformat(text).tzinfo is not None:
            return text
    except ValueError:
        pass
    raise SettingsError(f"--at: {text!r} is no time with an offset; write it like 2027-01-31T00:00:00Z")


def send(events: Iterable[bytes], settings: Settings) -> None:
    """Sends events to the topic `intel`; every one is there when it returns.

    Raises:
        UnavailableError: Kafka does not take them.
    """
    options = client_options(settings)
    try:
        with closing(KafkaProducer(**options, acks="all", linger_ms=20, max_block_ms=PATIENCE_MS)) as producer:
            sending = None
            for number, event in enumerate(events, start=1):
                sending = producer.send(TOPIC, value=event)
                if number % LOOK_EVERY == 0:
                    sending.get(timeout=PATIENCE_SECONDS)
            producer.flush(timeout=PATIENCE_SECONDS)
            if sending is not None:
                sending.get(timeout=PATIENCE_SECONDS)
    except KafkaError as error:
        raise UnavailableError(f"Kafka does not take the events: {error}") from None
