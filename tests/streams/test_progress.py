"""The gauges of a partition say how far behind it is, how long it stands still, and go with it."""

import itertools

import pytest
from prometheus_client import REGISTRY

from streams.kafka.poll import Claim, Partition
from streams.progress import Progress

EVENTS = Partition("sellerwatch.events", 3)
_stages = itertools.count()


class Watched:
    """A stage of one partition, and what its gauges say."""

    def __init__(self) -> None:
        self.stage = f"progress-{next(_stages)}"
        self.progress = Progress(self.stage)
        self.claim: Claim | None = Claim(EVENTS, 1, "token", 0)

    def report(self, now: float, *, position: int = 0, end: int | None = None, assigned: bool = True) -> None:
        claims = {}
        if self.claim is not None:
            self.claim.position = position
            claims[EVENTS] = self.claim
        ends = {} if end is None else {EVENTS: end}
        self.progress.report([EVENTS] if assigned else [], claims, ends, now)

    def gauge(self, name: str) -> float | None:
        labels = {"stage": self.stage, "topic": EVENTS.topic, "partition": "3"}
        return REGISTRY.get_sample_value(f"sellerwatch_{name}", labels)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_lag_is_what_is_not_applied_yet(watched: Watched) -> None:
    watched.report(0, position=40, end=100)

    assert watched.gauge("partition_lag") == 60


def test_lag_is_not_made_up_where_the_end_is_unknown(watched: Watched) -> None:
    watched.report(0, position=40)

    assert watched.gauge("partition_lag") is None


def test_a_partition_that_stands_still_behind_its_end_ages(watched: Watched) -> None:
    watched.report(0, position=40, end=100)
    watched.report(30, position=40, end=100)
    assert watched.gauge("watermark_age_seconds") == 30

    watched.report(32, position=41, end=100)
    assert watched.gauge("watermark_age_seconds") == 0


def test_a_partition_at_its_end_does_not_age(watched: Watched) -> None:
    watched.report(0, position=100, end=100)
    watched.report(500, position=100, end=100)

    assert watched.gauge("watermark_age_seconds") == 0


def test_a_partition_that_cannot_be_claimed_ages(watched: Watched) -> None:
    watched.claim = None
    watched.report(0, end=100)
    watched.report(30, end=100)

    assert watched.gauge("watermark_age_seconds") == 30
    assert watched.gauge("partition_stopped") == 0


def stopped(claim: Claim | None, reason: str | None) -> None:
    assert claim is not None
    claim.stopped = reason


def test_a_stopped_partition_says_so_until_it_goes_on(watched: Watched) -> None:
    stopped(watched.claim, "too many refusals")
    watched.report(0)
    assert watched.gauge("partition_stopped") == 1

    stopped(watched.claim, None)
    watched.report(2)
    assert watched.gauge("partition_stopped") == 0


@pytest.mark.parametrize("name", ["partition_lag", "watermark_age_seconds", "partition_stopped"])
def test_the_gauges_of_a_lost_partition_are_removed(watched: Watched, name: str) -> None:
    watched.report(0, position=1, end=2)
    assert watched.gauge(name) is not None

    watched.report(2, assigned=False)
    assert watched.gauge(name) is None
