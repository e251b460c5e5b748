"""A stage that waits for Redis is alive: to restart it would help nobody."""

import time

import pytest

from streams import metrics
from streams.kafka.consumer import SILENCE_SECONDS, Consumer


@pytest.mark.parametrize(("handing_over", "redis_up", "alive"), [(True, 0, True), (True, 1, False), (False, 0, False)])
def test_a_silent_fetcher_is_excused_by_a_stage_that_waits_for_redis(
    handing_over: bool, redis_up: int, alive: bool
) -> None:
    consumer = Consumer.__new__(Consumer)
    consumer._polled = time.monotonic() - SILENCE_SECONDS - 1
    consumer._handing_over = handing_over
    metrics.REDIS_UP.set(redis_up)

    assert consumer.heard_from() is alive
