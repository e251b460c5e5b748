"""Which rows learn gets to see: a sample of the orders, and all that labels tell of."""

from collections.abc import Iterator, Mapping, Sequence
from math import exp
from typing import Final, Literal

from detectors import alert_policy
from detectors.alert_policy import Policy
from detectors.effects import Effects, Label
from detectors.events import DAY, AlertSnoozed, Micros, PaymentDisputed, Record, SellerReinstated, Source, VerdictGiven
from detectors.models.training import TrainingRow
from detectors.patterns.base import Row
from detectors.profiles.order_rows import OrderRow, restored
from detectors.profiles.profile import Profile

SAMPLED: Final = 8
"""One order in so many, by the hash of its event id."""
RISKY: Final = 0.02
"""Orders that the risk model gives at least this chance of turning out bad are all taken: what it must learn
to tell from bad ones is among them."""
SAMPLES_A_DAY: Final = 12.0
"""Of one seller, so that none fills more than a small share of what "normal" learns from."""
LOG: Final = "sellerwatch.events"


def sampled_row(row: Row, record: Record, offset: int, order_id: str, kept: OrderRow) -> TrainingRow | None:
    """The unlabelled row of an order, unless its seller has given enough of them lately."""
    if not allowed(row.profile, row.time):
        return None
    return TrainingRow(
        Source(LOG, record.partition, offset),
        record.event_id,
        order_id,
        record.seller_id,
        row.cohort,
        row.time,
        record.logged_at,
        restored(kept.features),
        kept.suspicious,
        weight=1 if kept.risk >= RISKY else SAMPLED,
        extra=not row.sampled,
        unjudged=kept.unjudged,
        risk=kept.risk,
        challenger=kept.challenger,
        risk_offset=kept.risk_offset,
        challenger_offset=kept.challenger_offset,
    )


def allowed(p: Profile, time: Micros) -> bool:
    """Whether a seller has not given enough rows lately; counts one more."""
    p.sampled_1d *= exp((p.sampled_at - time) / DAY)
    p.sampled_at = time
    if p.sampled_1d >= SAMPLES_A_DAY:
        return False
    p.sampled_1d += 1.0
    return True


def note_label(
    label: Label,
    record: Record,
    offset: int,
    order_rows: Mapping[str, OrderRow],
    policy: Policy,
    effects: Effects,
) -> None:
    """A dispute, verdict or reinstatement, in its place among the scored events."""
    body, states = record.body, label.profile.alerts
    if isinstance(body, PaymentDisputed):
        kept = _kept((body.order_id,), record, label.profile.erased_at, order_rows, effects)
        effects.rows += _labelled(kept, record, offset, "bad", "dispute")
    elif isinstance(body, VerdictGiven):
        alert_policy.close(policy, states, body.alert_id, body.verdict, label.time)
        kept = _kept(label.recent, record, label.profile.erased_at, order_rows, effects)
        said: Literal["bad", "good"] = "bad" if body.verdict == "confirmed" else "good"
        effects.rows += _labelled(kept, record, offset, said, "verdict")
    elif isinstance(body, SellerReinstated):
        alert_policy.reopen(states)
    elif isinstance(body, AlertSnoozed):
        alert_policy.take_snooze(policy, states, body, label.time)


def _kept(
    orders: Sequence[str], record: Record, erased_at: Micros, order_rows: Mapping[str, OrderRow], effects: Effects
) -> Iterator[tuple[str, OrderRow]]:
    """Rows of the orders that a label is about, as far as they are this seller's and not too old."""
    for order_id in orders:
        row = effects.order_rows.get(order_id) or order_rows.get(order_id)
        if row is None or row.seller_id != record.seller_id:
            continue
        if erased_at < row.logged_at and record.logged_at < row.expires_at:
            yield order_id, row


def _labelled(
    kept: Iterator[tuple[str, OrderRow]],
    record: Record,
    offset: int,
    label: Literal["bad", "good"],
    source: Literal["dispute", "verdict"],
) -> Iterator[TrainingRow]:
    """Labelled rows, with the features as they were when the order was scored."""
    for part, (order_id, row) in enumerate(kept):
        yield TrainingRow(
            Source(LOG, record.partition, offset, part),
            record.event_id,
            order_id,
            row.seller_id,
            row.cohort,
            row.event_time,
            record.logged_at,
            restored(row.features),
            row.suspicious,
            label,
            source,
            risk=row.risk,
            challenger=row.challenger,
            risk_offset=row.risk_offset,
            challenger_offset=row.challenger_offset,
        )
