"""From a score to an alert or to silence, and why."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from functools import cached_property

from detectors.catalogue import Catalogue, fingerprint
from detectors.events import DAY, HOUR, Micros
from detectors.features import FEATURES
from detectors.lexicon import Lexicon, sample_lexicon
from detectors.profile import AlertState

SEVERITIES = ("low", "medium", "high", "critical")


class Outcome(Enum):
    """What was decided; the value says why, in metrics and decisions."""

    FIRST = "first"
    ESCALATED = "escalated"
    OPEN_ALREADY = "open_already"
    OTHER_OPEN = "other_alert_open"
    QUIET_PERIOD = "quiet_period"
    BELOW_LINE = "below_line"
    DISMISSED = "dismissed_by_verdict"
    CONFIRMED = "confirmed_by_verdict"

    @property
    def alerts(self) -> bool:
        return self is Outcome.FIRST or self is Outcome.ESCALATED


@dataclass(frozen=True)
class Policy:
    """When a score becomes an alert; pure numbers, part of every decision's versions."""

    line: float = 0.7
    """Seller scores at or above this become alerts."""
    severities: tuple[float, float, float] = (0.8, 0.88, 0.94)
    """From where on an alert is medium, high, critical."""
    escalation_step: float = 0.08
    """An open alert is sent again when its score has risen by so much, or its severity."""
    quiet_period: Micros = HOUR
    """After an alert was sent, its pattern stays silent about the seller for so long."""
    dismissed_for: Micros = 30 * DAY
    """After a dismissal, its pattern stays silent about the seller for so long."""
    confirmed_for: Micros = 90 * DAY
    """After a confirmation, all patterns stay silent about the seller for so long: people know."""
    lapse: Micros = 30 * DAY
    """An open alert whose score stayed below the line for so long is over."""
    learning_line: float = 0.45
    """From this seller score on, "normal" does not learn from the order."""
    explain_from: float = 0.4
    """Decisions below this score carry features and versions, but no reasons."""
    catalogue: Catalogue = field(default_factory=Catalogue)
    lexicon: Lexicon = field(default_factory=sample_lexicon)
    """What listings are searched for."""

    @cached_property
    def versions(self) -> Mapping[str, str]:
        numbers = [
            f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.name not in ("catalogue", "lexicon")
        ]
        return {
            "policy": fingerprint("|".join(numbers)),
            "patterns": self.catalogue.version,
            "lexicon": self.lexicon.version,
            "features": fingerprint("|".join(FEATURES)),
        }


def severity(policy: Policy, score: float) -> int:
    medium, high, critical = policy.severities
    return (score >= medium) + (score >= high) + (score >= critical)


def decide(
    policy: Policy, states: Mapping[str, AlertState], pattern: str, score: float, alone: float, now: Micros
) -> Outcome:
    """Judges one scored event against the seller's alerts so far; changes nothing.

    Args:
        pattern: The strongest pattern.
        score: Of the seller, all patterns together.
        alone: Of the seller, by this pattern alone: what it takes where another alert is open already.
    """
    if score < policy.line:
        return Outcome.BELOW_LINE
    if any(other.closed == "confirmed" and now < other.silent_until for other in states.values()):
        return Outcome.CONFIRMED
    state = states.get(pattern)
    if state is None:
        return _first(policy, states, alone, now)
    if state.closed:
        return Outcome.DISMISSED if now < state.silent_until else _first(policy, states, alone, now)
    if now - state.seen_at > policy.lapse:
        return _first(policy, states, alone, now)
    risen = severity(policy, score) > state.severity or score >= state.score + policy.escalation_step
    if not risen:
        return Outcome.OPEN_ALREADY
    return Outcome.QUIET_PERIOD if now - state.sent_at < policy.quiet_period else Outcome.ESCALATED


def _first(policy: Policy, states: Mapping[str, AlertState], alone: float, now: Micros) -> Outcome:
    if alone < policy.line and any_open(policy, states, now):
        return Outcome.OTHER_OPEN
    return Outcome.FIRST


def any_open(policy: Policy, states: Mapping[str, AlertState], now: Micros) -> bool:
    """Whether an alert on the seller waits for a person."""
    return any(not state.closed and now - state.seen_at <= policy.lapse for state in states.values())


def keep(
    policy: Policy,
    states: dict[str, AlertState],
    pattern: str,
    outcome: Outcome,
    score: float,
    now: Micros,
    tipping: tuple[str, str],
) -> AlertState | None:
    """Notes what was decided; returns the state of the alert that is to be sent, if one is.

    Args:
        tipping: Seller and event id.
    """
    state = states.get(pattern)
    if outcome is Outcome.FIRST:
        first = _digest(tipping[0], pattern, tipping[1], 0)
        state = AlertState(first, first, severity(policy, score), score, now, now)
        states[pattern] = state
        return state
    if state is not None and score >= policy.line:
        state.seen_at = now
    if state is None or outcome is not Outcome.ESCALATED:
        return None
    state.escalations += 1
    state.latest_id = _digest(tipping[0], pattern, tipping[1], state.escalations)
    state.severity = max(state.severity, severity(policy, score))
    state.score, state.sent_at = max(state.score, score), now
    return state


def close(policy: Policy, states: Mapping[str, AlertState], alert: str | None, verdict: str, now: Micros) -> None:
    """An analyst's verdict closes the alert it names, or all of the seller's."""
    for state in states.values():
        if alert is None or alert in (alert_id(state.alert_id), alert_id(state.latest_id)):
            state.closed = verdict
            state.silent_until = now + (policy.confirmed_for if verdict == "confirmed" else policy.dismissed_for)


def reopen(states: dict[str, AlertState]) -> None:
    """The seller was reinstated: what was confirmed before is over."""
    for pattern in [pattern for pattern, state in states.items() if state.closed == "confirmed"]:
        del states[pattern]


def _digest(seller_id: str, pattern: str, event_id: str, escalation: int) -> bytes:
    text = "\0".join((seller_id, pattern, event_id, str(escalation)))
    return hashlib.blake2b(text.encode(), digest_size=10).digest()


def alert_id(digest: bytes) -> str:
    """`alr_` and 16 letters: the same events give the same id."""
    return "alr_" + base64.b32encode(digest).decode().lower()
