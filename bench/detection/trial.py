"""A marketplace through the whole detection, in one process, and what is kept of it for measuring."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from detectors.alert_policy import Policy
from detectors.decision import Alert, Decision
from detectors.events import SECOND
from detectors.fold import Effects
from detectors.models.learners import Learners
from detectors.models.peer_features import PRIOR
from detectors.patterns.features import FEATURES
from streams.models.snapshots import ModelShelf
from streams.policy.published import PolicyShelf
from streams.privacy import HashKey, Pseudonyms
from streams.replay import EventReplay

KEY: Final = b"the key of a measurement, no secret"
PRIOR_NORMS: Final = tuple(PRIOR[name] for name in FEATURES)


@dataclass
class Course:
    """What happened to one seller."""

    orders: list[str] = field(default_factory=list)
    """Ids, in the order in which they were judged."""
    alerts: list[tuple[int, Alert]] = field(default_factory=list)
    """Each with how many orders had been judged."""
    highest: float = 0.0
    """Its highest seller score."""


@dataclass(frozen=True)
class Tipped:
    """An alert, the decision on the event that tipped it, and what was known of the peers."""

    alert: Alert
    decision: Decision
    peers: Sequence[float]
    """Norm of each feature."""
    opinion: float
    """Of the half-space trees; nan for none."""


@dataclass
class Trial:
    """All sellers' courses, and the decision behind each alert."""

    courses: dict[str, Course] = field(default_factory=dict)
    tipped: list[Tipped] = field(default_factory=list)
    events: int = 0

    def course(self, seller_id: str) -> Course:
        return self.courses.setdefault(seller_id, Course())


def run(lines: Iterable[bytes], policy: Policy | None = None) -> Trial:
    """Replays events as `sellerwatch replay` does."""
    shelf = ModelShelf([KEY])
    policies = PolicyShelf([KEY], policy or Policy())
    replay = EventReplay(shelf, policies, Pseudonyms([HashKey("b", KEY)]), Learners.new(), KEY, wait=600 * SECOND)
    trial = Trial()
    for effects in _effects(replay, lines):
        alerts = {(alert.seller_id, alert.evidence.events[0]): alert for alert in effects.alerts}
        for decision in effects.decisions:
            course = trial.course(decision.seller_id)
            if decision.type == "order.placed":
                course.orders.append(decision.order_id or "")
            course.highest = max(course.highest, decision.seller_score)
            alert = alerts.get((decision.seller_id, decision.event_id))
            if alert is not None:
                course.alerts.append((len(course.orders), alert))
                trial.tipped.append(Tipped(alert, decision, PRIOR_NORMS, float("nan")))
    trial.events = replay.counts.events
    return trial


def _effects(replay: EventReplay, lines: Iterable[bytes]) -> Iterator[Effects]:
    for step in replay.run(lines):
        yield from step.effects
