"""`sellerwatch report missed`: what stayed below the line although it was bad, from the review of a sample."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from detectors.alert_policy import Outcome
from sellerwatch.backtest.cases import read_truth
from sellerwatch.report.estimate import Estimate, Unit, estimate, unit
from streams.files import FilesError, read_events

UNSEEN: Final = {Outcome.BELOW_LINE.value, Outcome.OVER_BUDGET.value}
ALERTED: Final = {
    outcome.value
    for outcome in (
        *(Outcome.FIRST, Outcome.ESCALATED, Outcome.OPEN_ALREADY, Outcome.OTHER_OPEN),
        *(Outcome.QUIET_PERIOD, Outcome.CONFIRMED, Outcome.DISMISSED),
    )
}
"""Of a seller whose alert people have had, be it before these decisions begin."""
LABELS: Final = (b'"verdict.given"', b'"payment.disputed"')


class Line(Struct):
    """What is read of a decision."""

    event_id: str
    seller_id: str
    outcome: str
    review: float = 0.0
    order_id: str | None = None


class Label(Struct):
    """What is read of a verdict or dispute, as upstream sends it."""

    type: str
    seller_id: str | None = None
    order_id: str | None = None
    verdict: str = ""


class LogLine(Struct):
    """The same in a dump of the log."""

    seller_id: str
    body: Label


class Chosen(NamedTuple):
    """A decision that was chosen for review."""

    share: float
    order_id: str | None


@dataclass(slots=True)
class Seller:
    """What one seller's decisions say."""

    unseen: int = 0
    alerted: bool = False
    chosen: list[Chosen] = field(default_factory=list)


@dataclass(slots=True)
class Labels:
    """What people and buyers said afterwards."""

    truth: Mapping[str, bool] | None = None
    verdicts: dict[str, bool] = field(default_factory=dict)
    disputed: set[str] = field(default_factory=set)

    def of_seller(self, seller_id: str) -> bool | None:
        """Whether the seller is bad; `None`: nobody has said."""
        if self.truth is not None:
            return self.truth.get(seller_id)
        return self.verdicts.get(seller_id)

    def of_decision(self, seller_id: str, order_id: str | None) -> bool | None:
        """Whether one decision was about something bad: a disputed order, or a bad seller."""
        if self.truth is None and order_id in self.disputed:
            return True
        return self.of_seller(seller_id)


class Missed(NamedTuple):
    """The report."""

    decisions: int
    unseen: int
    sellers: int
    """Never alerted, with decisions that nobody saw."""
    alerted: int
    alerted_bad: int
    missed_sellers: Estimate | None
    missed_decisions: Estimate | None
    recall: tuple[float, float, float] | None
    """Share of the bad sellers that were alerted: estimate, low, high."""


def missed(decisions: Sequence[Path], labels: Sequence[Path], truth: Path | None) -> Missed:
    """Reads decisions and what became of the reviewed ones, and estimates the rest.

    Args:
        decisions: Dumps of `sellerwatch.decisions`, or files of `sellerwatch replay --decisions`.
        labels: Contract events or dumps of the log with the verdicts and disputes.
        truth: Instead of labels: who is illicit.

    Raises:
        FilesError: A file cannot be read.
    """
    known = Labels(read_truth(truth)) if truth else read_labels(labels)
    return report(_decisions(decisions), known)


def report(decisions: Iterable[Line], labels: Labels) -> Missed:
    """The report over decisions, each counted once, and labels."""
    sellers: dict[str, Seller] = {}
    seen: set[str] = set()
    for line in decisions:
        if line.event_id in seen:  # a topic may hold a decision twice after a crash
            continue
        seen.add(line.event_id)
        seller = sellers.setdefault(line.seller_id, Seller())
        seller.alerted = seller.alerted or line.outcome in ALERTED
        if line.outcome in UNSEEN:
            seller.unseen += 1
            if line.review > 0.0:
                seller.chosen.append(Chosen(line.review, line.order_id))
    silent = {name: found for name, found in sellers.items() if not found.alerted and found.unseen}
    alerted = [name for name, found in sellers.items() if found.alerted]
    alerted_bad = sum(bool(labels.of_seller(name)) for name in alerted)
    of_sellers = estimate(_sellers(silent, labels), len(silent))
    of_decisions = estimate(_single(sellers, labels), sum(found.unseen for found in sellers.values()))
    return Missed(
        len(seen),
        sum(found.unseen for found in sellers.values()),
        len(silent),
        len(alerted),
        alerted_bad,
        of_sellers,
        of_decisions,
        _recall(alerted_bad, of_sellers),
    )


def _sellers(silent: Mapping[str, Seller], labels: Labels) -> Iterable[Unit]:
    for name, found in silent.items():
        if found.chosen:
            yield unit((chosen.share for chosen in found.chosen), found.unseen, labels.of_seller(name))


def _single(sellers: Mapping[str, Seller], labels: Labels) -> Iterable[Unit]:
    for name, found in sellers.items():
        for chosen in found.chosen:
            yield unit((chosen.share,), 1, labels.of_decision(name, chosen.order_id))


def _recall(found: int, of_sellers: Estimate | None) -> tuple[float, float, float] | None:
    if of_sellers is None or found + of_sellers.high <= 0.0:
        return None
    middle, low, high = (
        found / (found + total) if found + total else 1.0
        for total in (of_sellers.total, of_sellers.high, of_sellers.low)
    )
    return middle, low, high


def _decisions(paths: Sequence[Path]) -> Iterable[Line]:
    decode = msgspec.json.Decoder(Line).decode
    for path in paths:
        try:
            for line in read_events(path):
                yield decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise FilesError(f"{path}: no file of decisions: {error}; see `sellerwatch replay --decisions`") from None


def read_labels(paths: Sequence[Path]) -> Labels:
    """The verdicts and disputes in files of contract events, or in dumps of the log.

    Raises:
        FilesError: A file cannot be read.
    """
    labels = Labels()
    plain, logged = msgspec.json.Decoder(Label).decode, msgspec.json.Decoder(LogLine).decode
    for path in paths:
        for line in read_events(path):
            if not any(kind in line for kind in LABELS):
                continue
            try:
                if b'"body"' in line:
                    record = logged(line)
                    _note(labels, record.body, record.seller_id)
                else:
                    label = plain(line)
                    _note(labels, label, label.seller_id or "")
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise FilesError(f"{path}: neither contract events nor the log: {error}") from None
    return labels


def _note(labels: Labels, label: Label, seller_id: str) -> None:
    if label.type == "verdict.given":
        labels.verdicts[seller_id] = label.verdict == "confirmed"
    elif label.type == "payment.disputed" and label.order_id:
        labels.disputed.add(label.order_id)


def as_json(found: Missed) -> dict[str, Any]:
    """Everything, for programs."""
    return {
        **found._asdict(),
        "missed_sellers": found.missed_sellers._asdict() if found.missed_sellers else None,
        "missed_decisions": found.missed_decisions._asdict() if found.missed_decisions else None,
    }


def said(found: Missed) -> list[str]:
    """The report in sentences."""
    lines = [
        f"{found.decisions:,} decisions; {found.unseen:,} below the line or over the budget, looked at by sample",
        f"sellers alerted: {found.alerted:,}, of which {found.alerted_bad:,} are known to be bad",
        _sentence("bad sellers that were never alerted", found.missed_sellers, found.sellers),
        _sentence("bad decisions that nobody saw", found.missed_decisions, found.unseen),
    ]
    if found.recall is not None:
        middle, low, high = (100.0 * share for share in found.recall)
        lines.append(f"share of the bad sellers that were alerted: {middle:.0f} % (95 %: {low:.0f} % to {high:.0f} %)")
    return lines


def _sentence(what: str, found: Estimate | None, population: int) -> str:
    if found is None:
        return f"{what}: unknown; nothing that was chosen for review has been reviewed"
    sample = f"{found.bad:,} found in {found.reviewed:,} reviewed of {found.chosen:,} chosen"
    return f"{what}: {found.total:,.1f} of {population:,} (95 %: {found.low:,.1f} to {found.high:,.1f}), from {sample}"
