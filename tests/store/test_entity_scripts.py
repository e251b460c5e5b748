"""Whatever happens between load, save, confirm and rollbacks, every event below a mark has touched its values once."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from redis.asyncio import Redis

from streams.facts.encoding import decode_value
from streams.facts.values import Value
from streams.store import connection
from streams.store.connection import connect, load_scripts
from streams.store.entities import NONCE_BYTES, SHARDS, RedisEntities, RolledBack, shard_of
from tests.store.conftest import AnyRedis
from tests.store.gatherers import Gatherer, Sighted, always
from tests.store.rollback import Snapshot, restore, snapshot

SOURCES = ("orders/0", "orders/1")
KEYS = ("v:device:a", "v:device:b", "v:device:c")
WORKERS = range(2)
who = st.sampled_from(WORKERS)
lost_after = st.none() | st.integers(0, SHARDS)
every_or_some = st.just(range(SHARDS)) | st.lists(st.sampled_from([shard_of(key) for key in KEYS]), unique=True)


class EntityMachine(RuleBasedStateMachine):
    """Two workers that touch the same values, perhaps zombies of each other; a Redis that may lose its tail."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.redis: Redis = self.run(self._connect(url))
        self.logs: dict[str, list[Sighted]] = {source: [] for source in SOURCES}
        self.produced: Counter[str] = Counter()
        self.workers = {number: self.run(self._started()) for number in WORKERS}
        self.older: Snapshot | None = None

    def run(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)

    async def _started(self) -> Gatherer:
        return Gatherer.start(self.redis)

    async def _connect(self, url: str) -> Redis:
        redis = connect(url)
        await redis.flushdb()
        await load_scripts(redis, stage="intake")
        return redis

    def teardown(self) -> None:
        for worker in self.workers.values():
            worker.crash()
        self.run(self.redis.aclose())
        self.runner.close()

    # -- events and workers -----------------------------------------------------------------------

    @rule(
        source=st.sampled_from(SOURCES),
        events=st.lists(st.lists(st.sampled_from(KEYS), min_size=1, unique=True), min_size=1, max_size=4),
    )
    def events_come(self, source: str, events: list[list[str]]) -> None:
        log = self.logs[source]
        log += [Sighted(source, len(log) + i, tuple(keys)) for i, keys in enumerate(events)]

    @rule(number=who, source=st.sampled_from(SOURCES))
    def a_source_is_assigned(self, number: int, source: str) -> None:
        """Its former owner is not told."""
        if self.workers[number].phase == "idle":
            self.run(self.workers[number].claim(source))

    @rule(number=who, most=st.integers(1, 3), lost=lost_after)
    def a_worker_goes_on(self, number: int, most: int, lost: int | None) -> None:
        """One step of its batch; `lost`: so many of the scripts were run, and no answer came."""
        worker = self.workers[number]
        if worker.phase == "idle":
            self.run(worker.load(lambda source, position: self.logs[source][position : position + most]))
        elif worker.phase == "loaded":
            self.run(worker.save(lost))
        elif worker.phase == "conflict":
            self.run(worker.load_conflicts())
        elif worker.phase == "saved":
            for source, end in worker.ends.items():
                self.produced[source] = max(self.produced[source], end)
            worker.phase = "sent"
        else:
            self.run(worker.confirm(lost))

    @rule(number=who)
    def a_worker_finishes_its_batch(self, number: int) -> None:
        for _ in range(20):
            self.a_worker_goes_on(number, 3, None)
            if self.workers[number].phase == "idle":
                return

    @rule(number=who)
    def a_worker_crashes(self, number: int) -> None:
        self.workers[number].crash()
        self.workers[number] = self.run(self._started())

    # -- Redis loses its tail -----------------------------------------------------------------------

    @rule()
    def redis_is_copied(self) -> None:
        self.older = self.run(snapshot(self.redis))

    @precondition(lambda self: self.older is not None)
    @rule(shards=every_or_some)
    def redis_is_rolled_back(self, shards: Sequence[int]) -> None:
        """As a whole, or one server of a cluster."""
        assert self.older is not None
        self.run(restore(self.redis, self.older, {f"t.intake.{shard}" for shard in shards}))

    # -- what must hold -------------------------------------------------------------------------------

    @invariant()
    def every_event_has_touched_its_values_once(self) -> None:
        values, marks = self.run(self._stored())
        for key in KEYS:
            touched = 0
            for source in SOURCES:
                offsets = [event.offset for event in self.logs[source] if key in event.keys]
                taken = values[key].marks.get(source, -1)
                assert all(o <= taken for o in offsets if o < marks[shard_of(key), source]), "an event was forgotten"
                touched += sum(o <= taken for o in offsets)
            assert values[key].events == touched, "an event was counted twice, or not at all"

    @invariant()
    def no_mark_is_above_what_is_in_the_log(self) -> None:
        _, marks = self.run(self._stored())
        assert all(mark <= self.produced[source] for (_, source), mark in marks.items())

    async def _stored(self) -> tuple[dict[str, Value], dict[tuple[int, str], int]]:
        def tag(shard: int) -> str:
            return f"{{t.intake.{shard}}}"

        pipeline = self.redis.pipeline(transaction=False)
        for key in KEYS:
            pipeline.get(tag(shard_of(key)) + key)
        for shard in range(SHARDS):
            pipeline.hmget(tag(shard) + "marks", SOURCES)
        found = await pipeline.execute()
        raws, rows = found[: len(KEYS)], found[len(KEYS) :]
        values = {k: decode_value(raw[NONCE_BYTES:]) if raw else Value() for k, raw in zip(KEYS, raws, strict=True)}
        marks = {
            (shard, source): int(mark if mark is not None else -1)
            for shard, row in enumerate(rows)
            for source, mark in zip(SOURCES, row, strict=True)
        }
        return values, marks


@pytest.mark.parametrize("again", ["the value that was in the way", "nothing, but reads beside it"])
async def test_what_a_batch_wrote_and_a_shard_lost_before_its_second_try_is_missed(
    of_any_kind: AnyRedis, again: str
) -> None:
    async with connect(of_any_kind.url) as redis:
        await load_scripts(redis, stage="intake")
        ours, theirs = RedisEntities(redis, "t", lifetime=1_000), RedisEntities(redis, "t", lifetime=1_000)
        mine, *others = [key for n in range(200) if shard_of(key := f"v:device:{n}") == 3]
        contested = others[0] if again.startswith("the value") else KEYS[0]
        for each in (ours, theirs):
            each.start()
            await each.load([mine, contested], always)
        assert await theirs.save({contested: b"theirs"}, {"orders/1": -1}, always) == []
        older = await snapshot(redis)
        assert await ours.save({mine: b"mine", contested: b"ours"}, {"orders/0": -1}, always) == [contested]

        await restore(redis, older, {"t.intake.3"})
        await ours.load([contested, others[1]], always)
        with pytest.raises(RolledBack):
            await ours.save({contested: b"ours"}, {"orders/0": -1}, always)


def test_every_event_touches_its_values_once(of_any_kind: AnyRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "FIRST_PAUSE_SECONDS", 0.0)
    run_state_machine_as_test(lambda: EntityMachine(of_any_kind.url), settings=of_any_kind.effort)  # type: ignore[arg-type]
