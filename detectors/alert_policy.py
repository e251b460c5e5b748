"""From a score to an alert or to silence, and why."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cached_property

from detectors.events import DAY, HOUR, AlertSnoozed, Micros
from detectors.expectations import NO_EXPECTATIONS, Market
from detectors.language.lexicon import Lexicon, sample_lexicon
from detectors.patterns.catalogue import Catalogue, fingerprint
from detectors.patterns.features import FEATURES
from detectors.policy_parts import CHANCES, REVIEW, Budget, CohortLine, Stratum
from detectors.profiles.profile import AlertState

KEPT_ALERTS = 8
"""Patterns whose last alert a profile remembers."""
ID_SIZE = 10
KEPT_IDS = 8
"""Escalations whose ids are kept; what they are for is answered long before there are so many."""
SEVERITIES = ("low", "medium", "high", "critical")
SNOOZE = "*"
"""With the pattern's name behind it: the key of a snooze among a seller's alerts."""
MOST_SNOOZES = 8
"""Of one seller; one more takes the place of the one that ends first."""
WITHHELD = "withheld"
"""How an alert is closed that the budget keeps back."""


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
    SNOOZED = "snoozed"
    TRUSTED = "trusted_seller"
    OVER_BUDGET = "over_budget"

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
    watched_line: float = 0.55
    """The line for sellers on the list of watched ones."""
    longest_snooze: Micros = 90 * DAY
    """A snooze that is to last longer ends after so long."""
    catalogue: Catalogue = field(default_factory=Catalogue)
    lexicon: Lexicon = field(default_factory=sample_lexicon)
    """What listings are searched for."""
    market: Market = NO_EXPECTATIONS
    cohorts: tuple[CohortLine, ...] = ()
    """The first that holds a seller's cohort gives its line."""
    budget: Budget | None = None
    review: tuple[Stratum, ...] = REVIEW
    """In the order of their scores."""
    raised: float = 0.0
    """The line that the budget asks for at present; see `with_raised`."""
    name: str = ""
    """The version under which it was published; empty: it comes from the settings."""

    @cached_property
    def versions(self) -> Mapping[str, str]:
        said = [f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.name not in _NAMED_ELSEWHERE]
        raised = {"line": f"{self.raised_line:.6f}"} if self.budget is not None else {}
        return {
            "policy": self.name or fingerprint("|".join(said)),
            "patterns": self.catalogue.version,
            "lexicon": self.lexicon.version,
            "features": fingerprint("|".join(FEATURES)),
            **raised,
        }

    @cached_property
    def raised_line(self) -> float:
        """The least seller score that the budget lets through; 0 without a budget."""
        return min(self.raised, self.budget.highest_line) if self.budget is not None else 0.0

    @cached_property
    def lowest_line(self) -> float:
        """No seller score below this can become an alert."""
        watched = [self.watched_line] if self.market.watched else []
        return min([self.line, *watched, *(own.line for own in self.cohorts)])

    @cached_property
    def most_reviewed(self) -> int:
        """No event whose `chance` is this or more is chosen for review."""
        return int(max((stratum.share for stratum in self.review), default=0.0) * CHANCES)

    def line_for(self, seller_id: str, cohort: str, now: Micros) -> float:
        """The line for a seller, before the budget is looked at."""
        line = self.line
        if self.cohorts:
            line = next((own.line for own in self.cohorts if own.holds(cohort)), line)
        if self.market.watched and self.market.watches(seller_id, now):
            return min(line, self.watched_line)
        return line

    def with_raised(self, line: float) -> "Policy":
        """The same policy under the line that the budget asks for now."""
        return self if self.budget is None or line == self.raised else replace(self, raised=line)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMED_ELSEWHERE = ("catalogue", "lexicon", "raised", "name")
"""What `Policy.versions` says in other words."""


def severity(policy: Policy, score: float) -> int:
    medium, high, critical = policy.severities
    return (score >= medium) + (score >= high) + (score >= critical)


def decide(
    policy: Policy,
    states: Mapping[str, AlertState],
    pattern: str,
    score: float,
    alone: float,
    now: Micros,
    line: float | None = None,
) -> Outcome:
    """Judges one scored event against the seller's alerts so far; changes nothing.

    Args:
        pattern: The strongest pattern.
        score: Of the seller, all patterns together.
        alone: Of the seller, by this pattern alone: what it takes where another alert is open already.
        line: The seller's, see `Policy.line_for`; default: the one for all.
    """
    line = policy.line if line is None else line
    if score < line:
        return Outcome.BELOW_LINE
    if any(other.closed == "confirmed" and now < other.silent_until for other in states.values()):
        return Outcome.CONFIRMED
    until = snoozed_until(states, pattern)
    if now < until:
        return Outcome.SNOOZED
    state = states.get(pattern)
    if state is None or (not state.closed and now - state.seen_at > policy.lapse):
        return _first(policy, states, score, alone, now, line)
    if state.closed == "dismissed":
        enough = score >= _after_dismissal(policy, state, now, line)
        return _first(policy, states, score, alone, now, line) if enough else Outcome.DISMISSED
    if state.closed:
        over = now >= state.silent_until
        return _first(policy, states, score, alone, now, line) if over else Outcome.DISMISSED
    if state.sent_at < until:  # whoever snoozed it wants to know that it goes on
        return Outcome.ESCALATED
    risen = severity(policy, score) > state.severity or score >= state.score + policy.escalation_step
    if not risen:
        return Outcome.OPEN_ALREADY
    return Outcome.QUIET_PERIOD if now - state.sent_at < policy.quiet_period else Outcome.ESCALATED


def _after_dismissal(policy: Policy, state: AlertState, now: Micros, line: float) -> float:
    """The score that it takes after a dismissal: more than what was looked at, and less and less of that later.

    Whoever dismissed an alert has judged what was there then; what is clearly worse has to be looked at again.
    """
    above = max(state.score + policy.escalation_step, line)
    over_for = max(now - state.silent_until, 0)
    fading = 2 * policy.dismissed_for
    return line + (above - line) * max(fading - over_for, 0) / fading if fading else line


def _first(
    policy: Policy, states: Mapping[str, AlertState], score: float, alone: float, now: Micros, line: float
) -> Outcome:
    if alone < line and any_open(policy, states, now):
        return Outcome.OTHER_OPEN
    return Outcome.FIRST if score >= policy.raised_line else Outcome.OVER_BUDGET


def any_open(policy: Policy, states: Mapping[str, AlertState], now: Micros) -> bool:
    """Whether an alert on the seller waits for a person."""
    return any(is_open(policy, state, now) for state in states.values())


def is_open(policy: Policy, state: AlertState, now: Micros) -> bool:
    return not state.closed and now - state.seen_at <= policy.lapse


def keep(
    policy: Policy,
    states: dict[str, AlertState],
    pattern: str,
    outcome: Outcome,
    score: float,
    now: Micros,
    tipping: tuple[str, str],
    line: float | None = None,
) -> AlertState | None:
    """Notes what was decided; returns the state of the alert that is to be sent, if one is.

    Args:
        tipping: Seller and event id.
        line: As for `decide`.
    """
    state = states.get(pattern)
    if outcome is Outcome.FIRST:
        _make_room(states, pattern)
        kept_back = state if withheld(policy, state, now) else None
        first = kept_back.alert_id if kept_back else _digest(tipping[0], pattern, tipping[1], 0)
        told = kept_back.told if kept_back else 0.0
        state = AlertState(first, first, severity(policy, score), score, now, now, told=told)
        states[pattern] = state
        return state
    if outcome is Outcome.OVER_BUDGET and not withheld(policy, state, now):
        _make_room(states, pattern)
        first = _digest(tipping[0], pattern, tipping[1], 0)
        states[pattern] = AlertState(first, first, severity(policy, score), score, now, now, closed=WITHHELD)
        return None
    lapsed = state is not None and not state.closed and now - state.seen_at > policy.lapse
    if state is not None and not lapsed and score >= (policy.line if line is None else line):
        state.seen_at = now  # what has lapsed is not opened again unseen: its next alert is a first one
    if state is None or outcome is not Outcome.ESCALATED:
        return None
    if state.escalations:
        state.earlier = (state.earlier + state.latest_id)[-KEPT_IDS * ID_SIZE :]
    state.escalations += 1
    state.latest_id = _digest(tipping[0], pattern, tipping[1], state.escalations)
    state.severity = max(state.severity, severity(policy, score))
    state.score, state.sent_at = max(state.score, score), now
    return state


def _make_room(states: dict[str, AlertState], pattern: str) -> None:
    """Forgets the alert seen longest ago, sooner than one that an analyst has confirmed."""
    kept = [name for name in states if not name.startswith(SNOOZE)]
    if len(kept) >= KEPT_ALERTS and pattern not in states:
        del states[min(kept, key=lambda name: (states[name].closed == "confirmed", states[name].seen_at, name))]


def close(policy: Policy, states: Mapping[str, AlertState], alert: str | None, verdict: str, now: Micros) -> None:
    """An analyst's verdict closes the alert it names, or all of the seller's."""
    for pattern, state in states.items():
        if pattern.startswith(SNOOZE):
            continue
        if alert is None or is_named(state, alert):
            state.closed = verdict
            state.silent_until = now + (policy.confirmed_for if verdict == "confirmed" else policy.dismissed_for)


def is_named(state: AlertState, alert: str) -> bool:
    """Whether an id is that of the alert or of one of its escalations."""
    earlier = (state.earlier[at : at + ID_SIZE] for at in range(0, len(state.earlier), ID_SIZE))
    return alert in map(alert_id, (state.alert_id, state.latest_id, *earlier))


def withheld(policy: Policy, state: AlertState | None, now: Micros) -> bool:
    """Whether an alert of the pattern is being kept back because of the budget."""
    return state is not None and state.closed == WITHHELD and now - state.seen_at <= policy.lapse


def take_snooze(policy: Policy, states: dict[str, AlertState], asked: AlertSnoozed, now: Micros) -> None:
    """Keeps the pattern that is named, or all of them, silent about the seller until the moment that is named."""
    pattern = asked.pattern or ""
    if asked.alert_id is not None:
        named = (pattern for pattern, state in states.items() if is_named(state, asked.alert_id))
        found = next(named, None)
        if found is None:
            return
        pattern = found
    until = min((asked.until - _EPOCH) // timedelta(microseconds=1), now + policy.longest_snooze)
    states.pop(SNOOZE + pattern, None)
    snoozes = sorted((state.silent_until, name) for name, state in states.items() if name.startswith(SNOOZE))
    for _, name in snoozes[: max(len(snoozes) - MOST_SNOOZES + 1, 0)]:
        del states[name]
    states[SNOOZE + pattern] = AlertState(b"", b"", 0, 0.0, now, now, closed="snoozed", silent_until=until)


def snoozed_until(states: Mapping[str, AlertState], pattern: str) -> Micros:
    """When the silence that people asked for ends, or ended last; 0 where there was none."""
    every, own = states.get(SNOOZE), states.get(SNOOZE + pattern)
    return max(every.silent_until if every else 0, own.silent_until if own else 0)


def reopen(states: dict[str, AlertState]) -> None:
    """The seller was reinstated: what was confirmed before is over."""
    for pattern in [pattern for pattern, state in states.items() if state.closed == "confirmed"]:
        del states[pattern]


def _digest(seller_id: str, pattern: str, event_id: str, escalation: int) -> bytes:
    text = "\0".join((seller_id, pattern, event_id, str(escalation)))
    return hashlib.blake2b(text.encode(), digest_size=ID_SIZE).digest()


def alert_id(digest: bytes) -> str:
    """`alr_` and 16 letters: the same events give the same id."""
    return "alr_" + base64.b32encode(digest).decode().lower()
