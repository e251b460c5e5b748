"""The last phase of the fold: from scores to decisions, alerts and rows, event by event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from detectors import alert_policy
from detectors.alert_policy import SEVERITIES, Outcome, Policy
from detectors.assessment import JUDGED_BY_LABELS, Explainer
from detectors.budget import Candidate
from detectors.decision import Alert, Decision, Evidence, linked_sellers, say_time
from detectors.effects import Effects
from detectors.events import OrderPlaced, Record, Source
from detectors.judging import Judged
from detectors.learning import SCORED
from detectors.patterns.base import Row
from detectors.patterns.norms import learn_norm
from detectors.policy_parts import Budget, chosen, share_of
from detectors.profiles.facet_states import Ring
from detectors.profiles.order_rows import OrderRow
from detectors.profiles.profile import AlertState
from detectors.sampling import RISKY, sampled_row
from detectors.text_sampling import keep_text

_TYPES: Final[dict[Any, str]] = {kind: str(kind.__struct_config__.tag) for kind in SCORED}
"""The contract's names of the events that are scored."""
CANDIDATES: Final = "sellerwatch.events.candidates"
"""The log as a source of candidates: learn marks it apart from the log as a source of rows."""
BUDGETED: Final = (Outcome.FIRST, Outcome.ESCALATED, Outcome.OPEN_ALREADY, Outcome.QUIET_PERIOD, Outcome.OVER_BUDGET)
TELLING_STEP: Final = 0.01
"""An alert whose score has risen by so much is told of again."""
UNSEEN: Final = (Outcome.BELOW_LINE, Outcome.OVER_BUDGET)
"""Nobody looks at what is decided so, unless it is chosen for review."""


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
    def of(cls, judged: Judged, policy: Policy, effects: Effects) -> "Deciding":
        names = [pattern.name for pattern in policy.catalogue.seller]
        explainer = judged.assessment.explainer(policy.explain_from, policy.lowest_line)
        return cls(judged, policy, effects, explainer, names, {**policy.versions, **judged.versions})

    def decide(self, at: int, row: Row, record: Record, offset: int) -> None:
        """Decides on the `at`-th scored event of the batch."""
        assessment, policy = self.judged.assessment, self.policy
        score, seller_score = assessment.order_scores[at], assessment.seller_scores[at]
        pattern = self.names[assessment.top[at]] if assessment.alone[at] else ""
        outcome = Outcome.BELOW_LINE
        if seller_score >= policy.lowest_line:
            outcome = self._alert(at, row, record, offset, pattern)
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
                self._review(row, outcome, seller_score) if row.chance < policy.most_reviewed else 0.0,
                self.judged.challenger[at] if self.judged.challenger[at] >= 0.0 else None,
            )
        )
        if kind is OrderPlaced:
            self._keep_order(at, row, record, offset, body)
        if row.plain:
            keep_text(row, record, offset, row.plain, self._suspicious(at, row), self.effects)

    def _review(self, row: Row, outcome: Outcome, seller_score: float) -> float:
        """The share of decisions like this that people look at although no alert came of it, if it is one of them."""
        if outcome not in UNSEEN:
            return 0.0
        share = share_of(self.policy.review, seller_score)
        return share if chosen(row.chance, share) else 0.0

    def _alert(self, at: int, row: Row, record: Record, offset: int, pattern: str) -> Outcome:
        """Lets the policy decide, and writes the alert if there is to be one."""
        policy, assessment, states = self.policy, self.judged.assessment, row.profile.alerts
        score, alone, now = assessment.seller_scores[at], assessment.alone[at], row.time
        if policy.market.trusted and policy.market.trusts(record.seller_id, now):
            return Outcome.TRUSTED
        line = policy.line_for(record.seller_id, row.cohort, now)
        outcome = alert_policy.decide(policy, states, pattern, score, alone, now, line)
        tipping = (record.seller_id, record.event_id)
        state = alert_policy.keep(policy, states, pattern, outcome, score, now, tipping, line)
        if policy.budget is not None:
            self._tell(policy.budget, states.get(pattern), outcome, score, record, offset)
        if state is None:
            return outcome
        alert = Alert(
            alert_policy.alert_id(state.latest_id),
            record.seller_id,
            pattern,
            SEVERITIES[alert_policy.severity(policy, score)],
            score,
            say_time(record.event_time),
            say_time(record.logged_at),
            self.explainer.of_seller(at, row, score),
            Evidence([record.event_id], list(row.recent), linked_sellers(row.links, _ring(row))),
            self.versions,
            state.escalations,
            alert_policy.alert_id(state.alert_id) if state.escalations else None,
        )
        self.effects.alerts.append(alert)
        self.effects.audited.append((row.index, alert))
        return outcome

    def _suspicious(self, at: int, row: Row) -> bool:
        """Whether "normal" must not learn from the event."""
        alerts = row.profile.alerts
        return self.judged.assessment.seller_scores[at] >= self.policy.learning_line or (
            bool(alerts) and alert_policy.any_open(self.policy, alerts, row.time)
        )

    def _tell(
        self, budget: Budget, state: AlertState | None, outcome: Outcome, score: float, record: Record, offset: int
    ) -> None:
        """Tells learn of an alert that was raised, has risen, or is kept back: each new highest score once."""
        if state is None or outcome not in BUDGETED or score < state.told + TELLING_STEP:
            return
        state.told = score
        source = Source(CANDIDATES, record.partition, offset)
        episode = alert_policy.alert_id(state.alert_id)
        told = Candidate(source, episode, record.logged_at, score, budget.alerts_a_day, budget.days)
        self.effects.candidates.append(told)

    def _keep_order(self, at: int, row: Row, record: Record, offset: int, body: OrderPlaced) -> None:
        """Keeps the order's features for its labels, and lets the seller's own norm learn them."""
        p, number, features = row.profile, row.number, self.judged.features[at]
        p.own = learn_norm(p.own, features, number)
        suspicious = self._suspicious(at, row)
        kept = self.effects.order_rows[body.order_id] = OrderRow(
            record.seller_id,
            row.cohort,
            number,
            row.time,
            record.logged_at,
            features,
            suspicious,
            suspicious and self._is_unjudged(at, row),
            self.judged.risk[at],
            self.judged.challenger[at],
            self.judged.risk_offset,
            self.judged.challenger_offset,
        )
        if row.sampled or kept.risk >= RISKY:
            sampled = sampled_row(row, record, offset, body.order_id, kept)
            if sampled is not None:
                self.effects.rows.append(sampled)

    def _is_unjudged(self, at: int, row: Row) -> bool:
        """Whether what speaks against the seller is what no dispute would tell of."""
        assessment, states = self.judged.assessment, row.profile.alerts
        if assessment.seller_scores[at] >= self.policy.learning_line:
            return self.names[assessment.top[at]] not in JUDGED_BY_LABELS
        return any(alert_policy.is_open(self.policy, states[p], row.time) for p in states if p not in JUDGED_BY_LABELS)


def _ring(row: Row) -> Ring | None:
    return next((state for state in row.states if type(state) is Ring), None)
