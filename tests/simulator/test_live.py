import re
from datetime import UTC, datetime, timedelta

import pytest

from simulator import live, simulate

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
TIME = re.compile(rb'"(20[0-9T:.-]+Z)"')


def time_of(body: bytes) -> datetime:
    found = TIME.search(body)
    assert found is not None
    return datetime.fromisoformat(found[1].decode())


def test_the_past_is_due_at_once_and_the_rest_at_its_faster_time() -> None:
    _, events = live(5, 40, 600.0, now=NOW, days=6, warm_up=timedelta(days=4))
    past, present = 0, 0
    for event in events:
        ahead = (time_of(event.body) - NOW).total_seconds()
        assert event.due == pytest.approx(max(ahead, 0) / 600, abs=0.001)
        past, present = past + (ahead < 0), present + (ahead >= 0)
    assert past > 1_000
    assert present > 500


def test_it_is_the_same_marketplace_moved_in_time() -> None:
    market, events = live(5, 40, 600.0, now=NOW, days=6, warm_up=timedelta(days=4))
    same = simulate(5, 40, 6)
    shift = NOW - datetime(2026, 3, 6, tzinfo=UTC)

    for event, (topic, key, body) in zip(events, same.events_with_topic(), strict=True):
        assert (event.topic, event.key) == (topic, key)
        assert TIME.sub(b"", event.body) == TIME.sub(b"", body)
        assert time_of(event.body) - time_of(body) == shift
    for moved, line in zip(market.truth(), same.truth(), strict=True):
        assert TIME.sub(b"", moved) == TIME.sub(b"", line)
        assert not TIME.search(line) or time_of(moved) - time_of(line) == shift
