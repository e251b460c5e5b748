"""What is known of sellers and orders afterwards, from whom: the truth of a file, verdicts, disputes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from detectors.events import PaymentDisputed, Record, VerdictGiven
from sellerwatch.backtest.side import Raised
from streams.files import FilesError, read_events


class Truth(Struct):
    """A line of a file of truth, as `sellerwatch simulate --truth` writes it."""

    seller_id: str
    illicit: bool
    kind: str = ""


class Precision(NamedTuple):
    """How many of the alerts that somebody has judged were right."""

    right: int
    judged: int

    @property
    def share(self) -> float | None:
        return self.right / self.judged if self.judged else None


@dataclass
class Cases:
    """Gathers labels from the records of the period, and judges alerts by them."""

    truth: Mapping[str, bool] | None = None
    """Whether each seller is illicit, where a file says so."""
    verdicts: dict[str, bool] = field(default_factory=dict)
    """The last verdict on each seller: confirmed or not."""
    disputed: set[str] = field(default_factory=set)
    """Orders."""

    def take(self, records: Iterable[Record]) -> None:
        """Adds the labels among the records."""
        for record in records:
            body = record.body
            if isinstance(body, VerdictGiven):
                self.verdicts[record.seller_id] = body.verdict == "confirmed"
            elif isinstance(body, PaymentDisputed):
                self.disputed.add(body.order_id)

    def by_truth(self, alerts: Iterable[Raised]) -> Precision | None:
        """Alerts about illicit sellers, of those about sellers that the file names; `None` without a file."""
        return None if self.truth is None else _judged(alerts, self.truth)

    def by_verdicts(self, alerts: Iterable[Raised]) -> Precision:
        """Alerts about sellers that an analyst has confirmed, of those that one has judged."""
        return _judged(alerts, self.verdicts)

    def by_disputes(self, alerts: Iterable[Raised]) -> Precision:
        """Alerts that rest on an order that was disputed, of all: no dispute is no acquittal."""
        found = [any(order in self.disputed for order in alert.orders) for alert in alerts]
        return Precision(sum(found), len(found))

    def found(self, sellers: Iterable[str]) -> Precision | None:
        """Illicit sellers that were alerted, of all that the file names; `None` without a file."""
        if self.truth is None:
            return None
        illicit = {seller for seller, is_illicit in self.truth.items() if is_illicit}
        return Precision(len(illicit & set(sellers)), len(illicit))


def _judged(alerts: Iterable[Raised], known: Mapping[str, bool]) -> Precision:
    judged = [known[alert.seller_id] for alert in alerts if alert.seller_id in known]
    return Precision(sum(judged), len(judged))


def read_truth(path: Path) -> dict[str, bool]:
    """Whether each seller of a file of truth is illicit.

    Raises:
        FilesError: It cannot be read, or says something else.
    """
    decode = msgspec.json.Decoder(Truth).decode
    try:
        return {truth.seller_id: truth.illicit for truth in map(decode, read_events(path))}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FilesError(f"{path}: each line needs `seller_id` and `illicit` (true or false): {error}") from None
