"""What a commit of watch adds to the metrics."""

from collections import Counter
from collections.abc import Sequence

from detectors.alert_policy import SEVERITIES, Policy
from detectors.learning import SCORED
from streams import metrics
from streams.fold import Step

STAGE = "watch"


def prepare(policy: Policy) -> None:
    """Puts in place what may be counted; see `metrics.prepare`."""
    for kind in SCORED:
        metrics.DECISIONS.labels(str(kind.__struct_config__.tag))
    for pattern in policy.catalogue.seller:
        for severity in SEVERITIES:
            metrics.ALERTS.labels(pattern.name, severity)


def count(steps: Sequence[Step], records: int) -> None:
    """Counts what came of `records` records, once they are committed."""
    repeated = sum(step.repeated for step in steps)
    failed = sum(len(step.failed) for step in steps)
    metrics.EVENTS.labels(STAGE, "applied").inc(records - repeated - failed)
    metrics.EVENTS.labels(STAGE, "repeated").inc(repeated)
    metrics.EVENTS.labels(STAGE, "rejected").inc(failed)
    metrics.REJECTED.labels("processing_failed").inc(failed)
    effects = [effects for step in steps for effects in step.effects]
    decisions = [decision for e in effects for decision in e.decisions]
    metrics.SCORES.observe_all(decision.score for decision in decisions)
    for kind, number in Counter(decision.type for decision in decisions).items():
        metrics.DECISIONS.labels(kind).inc(number)
    for alert in (alert for e in effects for alert in e.alerts):
        metrics.ALERTS.labels(alert.pattern, alert.severity).inc()
