"""One round: every subject in turn, over the same events, each from an empty Redis."""

import subprocess
import sys
from collections.abc import Iterator, Sequence

import msgspec

from bench.throughput.ground import Ground
from bench.throughput.metering import Speed, meter
from bench.throughput.usual import APPLIED
from sellerwatch.embedded.processes import spawn
from tests.waiting import wait_until

INTAKE, WATCH, BOTH = "intake", "watch", "both"
USUAL, IDLE, BARE = "usual", "idle", "bare"
SUBJECTS = (INTAKE, WATCH, USUAL, IDLE, BARE, BOTH)
PATIENCE_SECONDS = 600.0
USUAL_SECONDS = 20.0
"""The usual style is stopped after so long; what it did until then counts."""


def one_round(ground: Ground, events: int, prefix: Sequence[str]) -> Iterator[tuple[str, Speed]]:
    """Measures every subject once; what intake writes, the others read.

    Args:
        events: So many are in the upstream topics.
        prefix: Words before a command that put it on its core.
    """
    ground.empty()
    yield INTAKE, _intake(ground, events, prefix)
    yield WATCH, _watch(ground, prefix)
    yield USUAL, _usual(ground, "judge", prefix)
    yield IDLE, _usual(ground, "idle", prefix)
    yield BARE, _bare(ground, prefix)
    ground.empty()
    yield BOTH, _both(ground, events, prefix)


def _intake(ground: Ground, events: int, prefix: Sequence[str]) -> Speed:
    with ground.workers("intake", prefix=prefix) as (system, pids):
        speed = meter(lambda: ground.taken_in(system), pids, events, most_seconds=PATIENCE_SECONDS)
        accepted = 'sellerwatch_events_total{result="accepted",stage="intake"}'
        wait_until(
            lambda: system.metrics("intake")[accepted] >= events, 60.0, "what waited for its order is in the log"
        )
    return speed


def _watch(ground: Ground, prefix: Sequence[str]) -> Speed:
    total = ground.logged()
    with ground.workers("watch", prefix=prefix) as (system, pids):
        return meter(lambda: ground.applied(system), pids, total, most_seconds=PATIENCE_SECONDS)


def _both(ground: Ground, events: int, prefix: Sequence[str]) -> Speed:
    with ground.workers("intake", "watch", prefix=prefix) as (system, pids):
        return meter(lambda: ground.through(system, events), pids, events, most_seconds=PATIENCE_SECONDS)


def _usual(ground: Ground, how: str, prefix: Sequence[str]) -> Speed:
    ground.redis.flushall()
    words = [ground.kafka.bootstrap, ground.redis_server.url, ground.namespace(), how]
    with (ground.logs / "usual.log").open("ab") as output:
        process = spawn([*prefix, sys.executable, "-m", "bench.throughput.usual", *words], output=output)
    try:
        total = ground.logged()
        return meter(lambda: int(ground.redis.get(APPLIED) or 0), [process.pid], total, most_seconds=USUAL_SECONDS)
    finally:
        process.kill()
        process.wait()


def _bare(ground: Ground, prefix: Sequence[str]) -> Speed:
    words = [ground.kafka.bootstrap, str(ground.logged())]
    command = [*prefix, sys.executable, "-m", "bench.throughput.bare", *words]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=120).stdout
    return msgspec.json.decode(told, type=Speed)
