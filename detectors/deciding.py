"""The last phase of the fold: from scores to decisions, alerts and rows, event by event."""

from collections.abc import Iterator, Mapping, Sequence
from math import exp
from typing import Any, Final

from msgspec import Struct

from detectors import alert_policy
from detectors.alert_policy import SEVERITIES, Outcome, Policy
from detectors.base import Raw, Row
from detectors.decision import Alert, Decision, Evidence, linked_sellers, say_time
from detectors.events import (
    DAY,
    Micros,
    OrderPlaced,
    PaymentDisputed,
    Record,
    SellerReinstated,
    Source,
    VerdictGiven,
)
from detectors.judging import Judged
from detectors.learning import SCORED
from detectors.norms import learn_norm
from detectors.order_rows import OrderRow, restored
from detectors.profile import Profile
from detectors.training import TrainingRow

SAMPLES_A_DAY: Final = 12.0
"""Of one seller, so that none fills more than a small share of what "normal" learns from."""
_TYPES: Final[dict[Any, str]] = {kind: str(kind.__struct_config__.tag) for kind in SCORED}
LOG: Final = "sellerwatch.events"


class Effects(Struct, gc=False):
    """All that came of a batch, besides the changed profiles."""

    decisions: list[Decision] = []
    alerts: list[Alert] = []
    rows: list[TrainingRow] = []
    order_rows: dict[str, OrderRow] = {}
    """Feature rows to keep, by order id."""
    changed: dict[str, None] = {}
    """Sellers whose profiles changed, in order of their first change."""
    duplicates: int = 0
    """Events whose id the seller's profile remembered: they changed nothing."""


class Label(Struct, gc=False):
    """A label, or what else this phase has to note, in its place between the scored events."""

    index: int
    profile: Profile
    time: Micros
    recent: tuple[str, ...]


def decide_all(
    steps: Sequence[Row | Label],
    judged: Judged,
    records: Sequence[Record],
    offsets: Sequence[int],
    order_rows: Mapping[str, OrderRow],
    sampled: set[int],
    policy: Policy,
    effects: Effects,
) -> None:
    versions = {**policy.versions, "model": judged.model_version}
    assessment = judged.assessment
    names = [pattern.name for pattern in policy.catalogue.seller]
    at = -1
    for step in steps:
        record = records[step.index]
        if type(step) is Label:
            _note(step, record, offsets[step.index], order_rows, policy, effects)
            continue
        at += 1
        assert type(step) is Row
        score, seller_score = assessment.order_scores[at], assessment.seller_scores[at]
        p = step.profile
        outcome = Outcome.BELOW_LINE
        pattern = names[assessment.top[at]] if seller_score else ""
        if seller_score >= policy.line:
            outcome = _alert(step, at, judged, record, pattern, policy, versions, effects)
        body: Any = record.body
        kind = type(body)
        features = judged.features[at]
        effects.decisions.append(
            Decision(
                record.event_id,
                _TYPES[kind],
                record.seller_id,
                say_time(record.event_time),
                score,
                seller_score,
                pattern,
                outcome.value,
                features,
                versions,
                getattr(body, "order_id", None),
                assessment.order_reasons(at, step, Raw(*judged.counts[at]))
                if score >= policy.explain_from
                else [],
            )
        )
        if kind is OrderPlaced:
            p.own = learn_norm(p.own, judged.quantised[at], judged.counts[at][0])
            suspicious = seller_score >= policy.learning_line or (
                bool(p.alerts) and any(alert_policy.is_open(policy, s, step.time) for s in p.alerts.values())
            )
            effects.order_rows[body.order_id] = OrderRow(
                record.seller_id,
                step.cohort,
                judged.counts[at][0],
                step.time,
                record.logged_at,
                judged.quantised[at],
                suspicious,
            )
            if step.index in sampled and _may_sample(p, step.time):
                effects.rows.append(
                    TrainingRow(
                        Source(LOG, record.partition, offsets[step.index]),
                        record.event_id,
                        body.order_id,
                        record.seller_id,
                        step.cohort,
                        step.time,
                        record.logged_at,
                        tuple(features),
                        suspicious,
                    )
                )


def _alert(
    row: Row,
    at: int,
    judged: Judged,
    record: Record,
    pattern: str,
    policy: Policy,
    versions: Mapping[str, str],
    effects: Effects,
) -> Outcome:
    """Lets the policy decide, and writes the alert if there is to be one."""
    assessment, states, seller = judged.assessment, row.profile.alerts, record.seller_id
    score = assessment.seller_scores[at]
    outcome = alert_policy.decide(policy, states, pattern, score, assessment.alone[at], row.time)
    tipping = (seller, record.event_id)
    state = alert_policy.keep(policy, states, pattern, outcome, score, row.time, tipping)
    if state is not None:
        effects.alerts.append(
            Alert(
                state.latest_id,
                seller,
                pattern,
                SEVERITIES[alert_policy.severity(policy, score)],
                score,
                say_time(record.event_time),
                say_time(record.logged_at),
                assessment.seller_reasons(at, row, Raw(*judged.counts[at])),
                Evidence([record.event_id], list(row.recent), linked_sellers(row.links)),
                versions,
                state.escalations,
                state.alert_id if state.escalations else None,
            )
        )
    return outcome


def _may_sample(p: Profile, time: Micros) -> bool:
    p.sampled_1d *= exp((p.sampled_at - time) / DAY)
    p.sampled_at = time
    if p.sampled_1d >= SAMPLES_A_DAY:
        return False
    p.sampled_1d += 1.0
    return True


def _note(
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
        effects.rows += _labelled((body.order_id,), record, offset, order_rows, effects, "bad")
    elif isinstance(body, VerdictGiven):
        alert_policy.close(policy, states, body.alert_id, body.verdict, label.time)
        said = "bad" if body.verdict == "confirmed" else "good"
        effects.rows += _labelled(label.recent, record, offset, order_rows, effects, said)
    elif isinstance(body, SellerReinstated):
        alert_policy.reopen(states)


def _labelled(
    orders: Sequence[str],
    record: Record,
    offset: int,
    order_rows: Mapping[str, OrderRow],
    effects: Effects,
    label: Any,
) -> Iterator[TrainingRow]:
    """Rows of the orders that a label is about, with the features as they were."""
    part = 0
    for order_id in orders:
        row = effects.order_rows.get(order_id) or order_rows.get(order_id)
        if row is None or row.seller_id != record.seller_id or record.logged_at >= row.expires_at:
            continue
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
            "dispute" if isinstance(record.body, PaymentDisputed) else "verdict",
        )
        part += 1
