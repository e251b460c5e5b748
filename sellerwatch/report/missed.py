"""`sellerwatch report missed`: what stayed below the line although it was bad, from the review of a sample."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from msgspec import Struct

from detectors.alert_policy import Outcome
from sellerwatch.backtest.cases import read_truth
from sellerwatch.report.estimate import Estimate, Unit, estimate, unit
from sellerwatch.report.ledger import Ledger, key_of
from sellerwatch.report.model import Period
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


_WORDS: Final = {"unseen": UNSEEN, "alerted": ALERTED}
_IN: Final = {name: ", ".join(f"'{word}'" for word in sorted(words)) for name, words in _WORDS.items()}
_OUTCOMES: Final = f"""
CREATE TABLE outcomes AS SELECT seller, count(*) AS decisions, sum(outcome IN ({_IN["unseen"]})) AS unseen,
max(outcome IN ({_IN["alerted"]})) AS alerted FROM decision WHERE time >= :start AND time < :end GROUP BY seller
"""  # noqa: S608 - words of our own
_CHOSEN: Final = f"""
SELECT d.seller, o.unseen, d.review, d.ord FROM decision d JOIN outcomes o ON o.seller = d.seller
WHERE d.review > 0 AND d.outcome IN ({_IN["unseen"]}) AND d.time >= :start AND d.time < :end
"""  # noqa: S608


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


@dataclass
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

    def of_decision(self, seller_id: str, order: str | int | None) -> bool | None:
        """Whether one decision was about something bad: a disputed order, by its id or key, or a bad seller."""
        if self.truth is None and (order in self.disputed or order in self._keys):
            return True
        return self.of_seller(seller_id)

    @cached_property
    def _keys(self) -> set[int]:
        return {key_of(order) for order in self.disputed}


class Known(Protocol):
    """What is known of sellers and orders afterwards."""

    def of_seller(self, seller_id: str) -> bool | None: ...
    def of_decision(self, seller_id: str, order: int, /) -> bool | None: ...


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
    """Share of the bad sellers that were alerted: estimate, low, high; `None` where no bad seller is known."""


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
    with Ledger() as ledger:
        for line in decisions:
            order = key_of(line.order_id) if line.order_id else 0
            ledger.add("decision", key_of(line.event_id), line.seller_id, 0, "", line.outcome, "", line.review, order)
        return estimated(ledger, labels)


def estimated(ledger: Ledger, known: Known, period: Period | None = None) -> Missed:
    """The report over the decisions of a ledger; in memory is one seller at a time.

    Args:
        period: Of the decisions; default: all.
    """
    start, end = (period.start, period.end) if period else (-(2**63), 2**63 - 1)
    ledger.run(_OUTCOMES, start=start, end=end)
    ledger.run("CREATE INDEX outcomes_of ON outcomes (seller)")
    decisions, unseen, silent, alerted = ledger.row(
        "SELECT sum(decisions), sum(unseen), sum(unseen > 0 AND NOT alerted), sum(alerted) FROM outcomes"
    )
    alerts = ledger.rows("SELECT seller FROM outcomes WHERE alerted")
    alerted_bad = sum(bool(known.of_seller(seller)) for (seller,) in alerts)
    of_sellers = estimate(_sellers(ledger, known, start, end), silent or 0)
    of_decisions = estimate(_single(ledger, known, start, end), unseen or 0)
    recall = _recall(alerted_bad, of_sellers)
    counts = decisions or 0, unseen or 0, silent or 0, alerted or 0, alerted_bad
    return Missed(*counts, of_sellers, of_decisions, recall)


def _sellers(ledger: Ledger, known: Known, start: int, end: int) -> Iterable[Unit]:
    rows = ledger.rows(_CHOSEN + " AND NOT o.alerted ORDER BY d.seller", start=start, end=end)
    for (seller, unseen), chosen in groupby(rows, key=itemgetter(0, 1)):
        yield unit((share for _, _, share, _ in chosen), unseen, known.of_seller(seller))


def _single(ledger: Ledger, known: Known, start: int, end: int) -> Iterable[Unit]:
    for seller, _, share, order in ledger.rows(_CHOSEN, start=start, end=end):
        yield unit((share,), 1, known.of_decision(seller, order))


def _recall(found: int, of_sellers: Estimate | None) -> tuple[float, float, float] | None:
    if of_sellers is None or found + of_sellers.total <= 0.0:
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
    return [*lines, f"share of the bad sellers that were alerted: {_share(found)}"]


def _share(found: Missed) -> str:
    if found.recall is not None:
        middle, low, high = (100.0 * share for share in found.recall)
        return f"{middle:.0f} % (95 %: {low:.0f} % to {high:.0f} %)"
    why = "nothing that was chosen for review has been reviewed"
    if found.missed_sellers is not None:
        why = "no bad seller is known, neither among those alerted nor in the review"
    return f"cannot be estimated yet; {why}"


def _sentence(what: str, found: Estimate | None, population: int) -> str:
    if found is None:
        return f"{what}: unknown; nothing that was chosen for review has been reviewed"
    sample = f"{found.bad:,} found in {found.reviewed:,} reviewed of {found.chosen:,} chosen"
    return f"{what}: {found.total:,.1f} of {population:,} (95 %: {found.low:,.1f} to {found.high:,.1f}), from {sample}"
