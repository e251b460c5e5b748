"""Metrics are there before anything is counted, and counting many at once counts the same."""

import itertools
import random

import pytest
from prometheus_client import REGISTRY, Histogram
from prometheus_client.registry import Collector

from detectors.alert_policy import Policy
from detectors.decision import Decision
from detectors.fold import Effects
from streams import counting, metrics
from streams.fold import Step

_names = itertools.count()
BOUNDS = [0.05, 0.1, 0.5, 1.0]


def samples(collector: Collector) -> dict[tuple[str, str], float]:
    """The samples of a histogram, by suffix and bound."""
    (family,) = collector.collect()
    return {(s.name.removeprefix(family.name), s.labels.get("le", "")): s.value for s in family.samples}


def test_a_histogram_of_many_at_once_is_the_usual_one() -> None:
    random_ = random.Random(1)
    values = [random_.random() for _ in range(500)] + [*BOUNDS, 0.0, 7.0]
    usual = Histogram(f"usual_{next(_names)}", "As usual.", buckets=BOUNDS)
    many = metrics.BatchHistogram(f"many_{next(_names)}", "Many at once.", BOUNDS)

    for value in values:
        usual.observe(value)
    many.observe_all(values)

    assert samples(many) == samples(usual)


def value(name: str, **labels: str) -> float:
    found = REGISTRY.get_sample_value(f"sellerwatch_{name}", labels)
    assert found is not None, f"{name} {labels} is not exposed"
    return found


@pytest.fixture(autouse=True)
def _started() -> None:
    """As every stage does first."""
    for stage in ("intake", "watch", "learn", "dispatch"):
        metrics.prepare(stage)
    counting.prepare(Policy())


def test_what_a_stage_may_count_is_exposed_from_its_start() -> None:
    assert value("events_total", stage="intake", result="rejected") >= 0
    assert value("rejected_total", reason="not_json") >= 0
    assert value("apply_total", stage="watch", result="fenced") >= 0
    assert value("webhook_attempts_total", code="5xx") >= 0
    assert value("alerts_total", pattern="velocity", severity="critical") >= 0
    assert value("decisions_total", type="order.placed") >= 0


def decision(kind: str, score: float) -> Decision:
    return Decision("e", kind, "s", "2026-03-02T00:00:00Z", score, score, "", "below_line", b"", {})


def test_a_commit_counts_its_records_once_by_what_became_of_them() -> None:
    before = {name: value("events_total", stage="watch", result=name) for name in ("applied", "repeated")}
    orders = value("decisions_total", type="order.placed")
    scores = value("score_count")
    effects = Effects(decisions=[decision("order.placed", 0.1), decision("order.placed", 0.9)])

    counting.count([Step(effects=[effects], repeated=3)], 10)

    assert value("events_total", stage="watch", result="applied") == before["applied"] + 7
    assert value("events_total", stage="watch", result="repeated") == before["repeated"] + 3
    assert value("decisions_total", type="order.placed") == orders + 2
    assert value("score_count") == scores + 2
