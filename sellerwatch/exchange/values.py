"""Values of sellers as the marketplace has them: from a table, contract events, or the topic `sellers`."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple, get_args

from detectors.events import IntelKind, Micros, Place, SellerAccount
from sellerwatch.report.reading import micros
from streams.errors import InvalidEventError, SettingsError
from streams.files import FilesError, read_events
from streams.privacy import ALSO_LISTED, address_text
from streams.reading import read_topic
from streams.settings import Settings
from streams.upstream import parse

KINDS: Final[tuple[IntelKind, ...]] = ("payout_account", "wallet", "instrument", "email", "phone", "device", "address")
"""What is told of unless chosen otherwise: an IP or a name is too often somebody else's, too."""
FIELDS: Final[dict[str, IntelKind]] = {
    "payout_account": "payout_account",
    "email": "email",
    "phone": "phone",
    "device_id": "device",
    "address": "address",
    "ip": "ip",
    "legal_name": "name",
    "display_name": "name",
}
TOPIC: Final = "sellers"


class Used(NamedTuple):
    """A value that a seller uses as its own."""

    seller_id: str
    kind: str
    value: str
    since: Micros | None


Values = Callable[[], Iterator[Used]]
"""Can be gone through more than once."""


def values_of(paths: Sequence[Path], settings: Settings) -> Values:
    """The values of files; without any, of the topic `sellers`, as upstream has sent them.

    Raises (when they are gone through):
        FilesError: A file cannot be read, or is neither a table nor events.
        UnavailableError: Kafka does not answer.
    """
    if not paths:
        return lambda: _of_events(held.value for held in read_topic(settings, TOPIC))
    return lambda: (used for path in paths for used in _of_file(path))


def also(used: Used) -> Iterator[Used]:
    """The value, also as other kinds that the same text may come as: a wallet that is paid to pays elsewhere."""
    yield used
    for kind in ALSO_LISTED.get(used.kind, ()):
        yield used._replace(kind=kind)


def _of_file(path: Path) -> Iterator[Used]:
    if path.suffix == ".csv":
        yield from _of_table(path)
    else:
        yield from _of_events(read_events(path))


def _of_table(path: Path) -> Iterator[Used]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                seller, kind, value = (row.get(name) or "" for name in ("seller_id", "kind", "value"))
                if not seller or not value or kind not in get_args(IntelKind):
                    kinds = ", ".join(get_args(IntelKind))
                    raise FilesError(f"{path}, line {number}: needs `seller_id`, `value`, and as `kind` one of {kinds}")
                since = row.get("first_seen") or ""
                yield Used(seller, kind, value, micros(datetime.fromisoformat(since)) if since else None)
    except FilesError:
        raise
    except (OSError, csv.Error, ValueError) as error:
        raise FilesError(f"{path}: cannot be read: {error}") from None


def _of_events(lines: Iterable[bytes]) -> Iterator[Used]:
    for line in lines:
        try:
            event = parse(line)
        except InvalidEventError:
            continue  # intake has refused it, too
        body = event.body
        if isinstance(body, SellerAccount) and event.seller_id:
            for field, kind in FIELDS.items():
                value = getattr(body, field)
                text = address_text(value) if isinstance(value, Place) else value
                if text:
                    yield Used(event.seller_id, kind, text, event.event_time)


def check_kinds(text: str) -> list[str]:
    """Kinds as they are given to a command.

    Raises:
        SettingsError: One is unknown.
    """
    kinds = [kind.strip() for kind in text.split(",") if kind.strip()]
    for kind in kinds:
        if kind not in get_args(IntelKind):
            raise SettingsError(f"--kinds: {kind!r} is none of {', '.join(get_args(IntelKind))}")
    return kinds
