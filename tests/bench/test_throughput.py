"""The measuring itself: what counts, what does not, and how it is put into tables."""

import os

import pytest

from bench.throughput import traffic
from bench.throughput.latency import Chain, Delays, percentile, plan
from bench.throughput.metering import Speed, StalledError, cpu_seconds, meter
from bench.throughput.report import delays, throughput
from bench.throughput.rounds import BARE, BOTH, IDLE, INTAKE, USUAL, WATCH
from bench.throughput.traffic import Event, make_up
from detectors.decision import encode_decision
from sellerwatch.receiver import ReceivedAlert
from tests.builders import Market, order_placed


class Subject:
    """Does `rate` events a second once it has started, half a CPU second each second."""

    def __init__(self, *, starts: float, rate: float) -> None:
        self.now = 0.0
        self.starts, self.rate = starts, rate

    def progress(self) -> int:
        return int(max(self.now - self.starts, 0) * self.rate)

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def meter(self, total: int, most_seconds: float = 60.0) -> Speed:
        return meter(
            self.progress,
            [1],
            total,
            most_seconds=most_seconds,
            clock=lambda: self.now,
            used=lambda _: self.now / 2,
            pause=self.pause,
        )


def test_the_start_of_a_process_does_not_count() -> None:
    assert Subject(starts=30, rate=1_000).meter(5_000).wall == pytest.approx(1_000, rel=0.01)


def test_a_core_that_is_shared_does_not_lower_the_events_a_cpu_second() -> None:
    assert Subject(starts=0, rate=1_000).meter(5_000).cpu == pytest.approx(2_000, rel=0.01)


def test_a_slow_subject_is_stopped_and_what_it_did_counts() -> None:
    subject = Subject(starts=0, rate=10)

    assert subject.meter(1_000_000, most_seconds=20).wall == pytest.approx(10, rel=0.1)
    assert subject.now < 25


def test_what_is_done_between_two_looks_is_measured_from_the_first_of_them() -> None:
    assert Subject(starts=0.01, rate=1e9).meter(5_000).wall > 0.0


def test_a_subject_that_never_begins_is_not_waited_for_for_ever() -> None:
    with pytest.raises(StalledError, match="60 s"):
        Subject(starts=1e9, rate=1).meter(10)


def test_the_cpu_time_of_a_process_is_the_systems() -> None:
    before = cpu_seconds(os.getpid())
    while sum(os.times()[:2]) < before + 0.2:
        pass

    assert cpu_seconds(os.getpid()) == pytest.approx(sum(os.times()[:2]), abs=0.05)


def test_the_same_seed_makes_the_same_traffic() -> None:
    assert make_up(3, 500) == make_up(3, 500) != make_up(4, 500)


def test_more_than_the_marketplace_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "SELLERS", 2)
    monkeypatch.setattr(traffic, "DAYS", 1)

    with pytest.raises(ValueError, match=r"2 sellers make only .* events in 1 days, not 10000"):
        make_up(3, 10_000)


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_a_value_that_was_measured(share: float, value: int) -> None:
    assert percentile(range(100, 0, -1), share) == value


@pytest.fixture
def orders() -> list[Event]:
    return [
        Event("orders", b"s", b'{"event_id":"e%d","type":"%s"}' % (number, kind))
        for number, kind in enumerate([b"order.placed", b"payment.captured", b"order.placed"] * 10)
    ]


def test_delays_count_from_when_an_order_was_due_and_only_after_the_warm_up(orders: list[Event]) -> None:
    due, counted = plan(orders, rate=2, start=100)

    assert due[:3] == [100, 100.5, 101]
    assert counted == {"e20": 110, "e21": 110.5, "e23": 111.5, "e24": 112, "e26": 113, "e27": 113.5, "e29": 114.5}


def test_a_decision_and_an_alert_are_put_down_to_their_order() -> None:
    market = Market()
    (decision,) = market.happens(order_placed(), event_id="e1").decisions
    found = Delays({"e1": 100.0})

    found.decided(encode_decision(decision), now=100.25)
    found.alerted(ReceivedAlert("a", "alert.raised", {"evidence": {"events": ["e1"]}}), now=100.5)
    found.alerted(ReceivedAlert("b", "alert.raised", {"evidence": {"events": ["before the warm-up"]}}), now=101)

    assert (found.decisions, found.alerts) == ([0.25], [0.5])


def test_ratios_are_taken_within_a_round_so_that_a_slow_minute_cancels_out() -> None:
    def one_round(slowness: float) -> dict[str, Speed]:
        speeds = {INTAKE: 20e3, WATCH: 30e3, USUAL: 1e3, IDLE: 3e3, BARE: 300e3, BOTH: 12e3}
        return {name: Speed(speed / slowness, 2 * speed / slowness) for name, speed in speeds.items()}

    text = throughput([one_round(1), one_round(10), one_round(2)])

    assert "| watch alone | **15,000** (3,000 to 30,000) | **30,000** (6,000 to 60,000) |" in text
    assert "| watch / (a) | **30.0** (30.0 to 30.0) | **30.0** (30.0 to 30.0) |" in text
    assert "| watch / (b) | **0.10** (0.10 to 0.10) | **0.10** (0.10 to 0.10) |" in text


def test_the_table_of_delays_says_at_what_load() -> None:
    measured = Delays({}, decisions=[n / 1_000 for n in range(1, 101)], alerts=[])

    text = delays(Chain(Speed(8_000, 9_000), 4_000, measured))

    assert "takes 8,000 events a second at most. At 4,000 events a second:" in text
    assert "| to its decision on Kafka | 100 | 50 ms | 99 ms | 100 ms |" in text
    assert "| to its alert, verified by the receiver | 0 | | | |" in text
