"""The last phase of the fold: from scores to decisions, alerts and rows, event by event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from detectors import alert_policy
from detectors.alert_policy import SEVERITIES, Outcome, Policy
from detectors.assessment import Explainer
from detectors.base import Row
from detectors.decision import Alert, Decision, Evidence, linked_sellers, say_time
from detectors.effects import Effects
from detectors.events import OrderPlaced, Record
from detectors.judging import Judged
from detectors.learning import SCORED
from detectors.norms import learn_norm
from detectors.order_rows import OrderRow
from detectors.sampling import sampled_row
from detectors.text_model import TextModel
from detectors.text_sampling import keep_text

_TYPES: Final[dict[Any, str]] = {kind: str(kind.__struct_config__.tag) for kind in SCORED}
"""The contract's names of the events that are scored."""


@dataclass(slots=True)
class Deciding:
    """Decides on the scored events of one batch, in their order."""

    judged: Judged
    policy: Policy
    effects: Effects
    explainer: Explainer
    names: Sequence[str]
    versions: Mapping[str, str]

    @classmethod
    def of(cls, judged: Judged, policy: Policy, effects: Effects, words: TextModel) -> "Deciding":
        versions = {**policy.versions, "model": judged.model_version}
        if words.ready:
            versions["words"] = words.version
        names = [pattern.name for pattern in policy.catalogue.seller]
        explainer = judged.assessment.explainer(policy.explain_from, policy.line)
        return cls(judged, policy, effects, explainer, names, versions)

    def decide(self, at: int, row: Row, record: Record, offset: int) -> None:
        """Decides on the `at`-th scored event of the batch."""
        assessment, policy = self.judged.assessment, self.policy
        score, seller_score = assessment.order_scores[at], assessment.seller_scores[at]
        pattern = self.names[assessment.top[at]] if seller_score else ""
        outcome = Outcome.BELOW_LINE
        if seller_score >= policy.line:
            outcome = self._alert(at, row, record, pattern)
        body: Any = record.body
        kind = type(body)
        explained = score >= policy.explain_from
        self.effects.decisions.append(
            Decision(
                record.event_id,
                _TYPES[kind],
                record.seller_id,
                say_time(record.event_time),
                score,
                seller_score,
                pattern,
                outcome.value,
                self.judged.features[at],
                self.versions,
                getattr(body, "order_id", None),
                self.explainer.of_event(at, row, score) if explained else [],
            )
        )
        if kind is OrderPlaced:
            self._keep_order(at, row, record, offset, body)
        if row.plain:
            keep_text(row, record, offset, row.plain, self._suspicious(at, row), self.effects)

    def _alert(self, at: int, row: Row, record: Record, pattern: str) -> Outcome:
        """Lets the policy decide, and writes the alert if there is to be one."""
        policy, assessment, states = self.policy, self.judged.assessment, row.profile.alerts
        score = assessment.seller_scores[at]
        outcome = alert_policy.decide(policy, states, pattern, score, assessment.alone[at], row.time)
        tipping = (record.seller_id, record.event_id)
        state = alert_policy.keep(policy, states, pattern, outcome, score, row.time, tipping)
        if state is None:
            return outcome
        self.effects.alerts.append(
            Alert(
                alert_policy.alert_id(state.latest_id),
                record.seller_id,
                pattern,
                SEVERITIES[alert_policy.severity(policy, score)],
                score,
                say_time(record.event_time),
                say_time(record.logged_at),
                self.explainer.of_seller(at, row, score),
                Evidence([record.event_id], list(row.recent), linked_sellers(row.links)),
                self.versions,
                state.escalations,
                alert_policy.alert_id(state.alert_id) if state.escalations else None,
            )
        )
        return outcome

    def _suspicious(self, at: int, row: Row) -> bool:
        """Whether "normal" must not learn from the event."""
        alerts = row.profile.alerts
        return self.judged.assessment.seller_scores[at] >= self.policy.learning_line or (
            bool(alerts) and alert_policy.any_open(self.policy, alerts, row.time)
        )

    def _keep_order(self, at: int, row: Row, record: Record, offset: int, body: OrderPlaced) -> None:
        """Keeps the order's features for its labels, and lets the seller's own norm learn them."""
        p, number, features = row.profile, row.number, self.judged.features[at]
        p.own = learn_norm(p.own, features, number)
        suspicious = self._suspicious(at, row)
        self.effects.order_rows[body.order_id] = OrderRow(
            record.seller_id, row.cohort, number, row.time, record.logged_at, features, suspicious
        )
        if row.sampled:
            sampled = sampled_row(row, record, offset, body.order_id, features, suspicious)
            if sampled is not None:
                self.effects.rows.append(sampled)
