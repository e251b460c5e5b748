"""Whatever happens between claims, commits and rollbacks, Redis holds the fold of the events below its position."""

import asyncio
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis.asyncio import Redis

from streams.kafka.poll import Partition
from streams.store.connection import connect, load_scripts
from streams.store.partition import Answer, Commit, PartitionStore
from tests.store.conftest import AnyRedis
from tests.store.partitions import ROW_SECONDS, Event, Folded, Worker, fold_of
from tests.store.rollback import Snapshot, restore, snapshot

PARTITIONS = (0, 1)
WORKERS = range(2)
OUTBOX_LIMIT = 3
sizes = st.lists(st.integers(1, 5), min_size=1, max_size=3)


class PartitionMachine(RuleBasedStateMachine):
    """Workers that do not know of each other, two partitions, a Redis that may lose its tail."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.redis: Redis = self.run(self._connect(url))
        self.store = PartitionStore(self.redis, "t", "watch", outbox_limit=OUTBOX_LIMIT)
        self.logs: dict[int, list[Event]] = {}
        self.workers: dict[tuple[int, int], Worker] = {}
        self.told: dict[int, set[bytes]] = {p: set() for p in PARTITIONS}
        self.owners: dict[int, str] = {}
        self.delivered: dict[int, list[bytes]] = {p: [] for p in PARTITIONS}
        self.older: tuple[Snapshot, dict[int, str], dict[int, list[bytes]]] | None = None

    def run(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)

    async def _connect(self, url: str) -> Redis:
        redis = connect(url)
        await redis.flushdb()
        await load_scripts(redis, stage="watch")
        return redis

    def teardown(self) -> None:
        self.run(self.redis.aclose())
        self.runner.close()

    @initialize(first=st.integers(0, 3), sellers=st.lists(st.sampled_from("abc"), min_size=25, max_size=40))
    def there_is_a_log(self, first: int, sellers: list[str]) -> None:
        """Its first records may be gone already."""
        events = [Event(o, seller, f"orders/{o % 2}", f"{o}.0") for o, seller in enumerate(sellers, start=first)]
        self.logs = {partition: list(events) for partition in PARTITIONS}
        self.first = first

    # -- workers ------------------------------------------------------------------------------

    @rule(who=st.sampled_from(WORKERS), partitions=st.sets(st.sampled_from(PARTITIONS), min_size=1))
    def a_worker_claims(self, who: int, partitions: set[int]) -> None:
        """Those that had claimed before are not told: they are zombies now."""
        for partition in partitions:
            known = [f"o:{self.first}"]
            claimed = self.run(self.store.claim(Partition("log", partition), 1, lambda: True, known))
            claim, sources, rows = claimed
            expected = self._expected(partition)
            assert sources == expected.sources
            assert rows == [expected.rows.get(str(self.first))]
            self.owners[partition] = claim.token
            if claim.position < 0:
                claim.position = self.first
                self.run(self.store.begin(claim))
            self.workers[who, partition] = Worker(self.store, claim)

    @rule(who=st.sampled_from(WORKERS), chunks=sizes, lost=st.none() | st.integers(0, 3))
    def a_worker_commits(self, who: int, chunks: list[int], lost: int | None) -> None:
        """All its partitions in one round trip; `lost`: Redis did so many of the commits, and no answer came."""
        for partition in PARTITIONS:
            worker = self.workers.get((who, partition))
            if worker is not None and not worker.pending:
                self._fold(who, partition, worker, chunks)
        self._send(who, lost)

    def _fold(self, who: int, partition: int, worker: Worker, chunks: list[int]) -> None:
        log, position, runs = self.logs[partition], worker.claim.position, []
        for size in chunks:
            runs.append(log[position - self.first : position - self.first + size])
            position += len(runs[-1])
        told = self.run(worker.fold([run for run in runs if run]))
        assert (told is not None) == self.run(self._stands(worker))
        if told is None:
            del self.workers[who, partition]
        else:
            self.told[partition].update(told)

    @rule(who=st.sampled_from(WORKERS))
    def a_worker_repeats_what_was_not_answered(self, who: int) -> None:
        self._send(who, None)

    @rule(who=st.sampled_from(WORKERS), partition=st.sampled_from(PARTITIONS))
    def a_zombie_begins(self, who: int, partition: int) -> None:
        """It may have been stopped between its claim and its beginning."""
        worker = self.workers.get((who, partition))
        if worker is not None:
            self.run(self.store.begin(worker.claim))

    def _send(self, who: int, lost: int | None) -> None:
        mine = {place: worker for place, worker in self.workers.items() if place[0] == who and worker.pending}
        pending = {worker.claim: worker.pending for worker in mine.values()}
        if lost is not None:
            done: dict[Any, list[Commit]] = {}
            for claim, commits in pending.items():
                done[claim] = commits[: max(lost - sum(map(len, done.values())), 0)]
            if done:
                self.run(self.store.apply(done))
            return
        expected = {worker.claim: self.run(self._answer_due(worker)) for worker in mine.values()}
        answers = self.run(self.store.apply(pending)) if pending else {}
        assert answers == expected
        for place, worker in mine.items():
            if answers[worker.claim] in (Answer.OK, Answer.DONE):
                worker.claim.position = worker.pending[-1].next
                worker.pending = []
            elif answers[worker.claim] is not Answer.FULL:
                del self.workers[place]

    async def _stands(self, worker: Worker) -> bool:
        """Whether a worker's claim is still what Redis knows."""
        partition = worker.claim.partition.partition
        position = await self.redis.hget(self.store.key(partition, "owner"), "position")
        return worker.claim.token == self.owners[partition] and int(position or -1) == worker.claim.position

    async def _answer_due(self, worker: Worker) -> Answer:
        """The worst answer to a worker's commits, from what is stored."""
        partition = worker.claim.partition.partition
        if worker.claim.token != self.owners[partition]:
            return Answer.FENCED
        position = int(await self.redis.hget(self.store.key(partition, "owner"), "position") or -1)
        undelivered = await self.redis.xlen(self.store.key(partition, "out"))
        worst = Answer.OK
        for commit in worker.pending:
            answer = Answer.OK
            if position >= commit.next:
                answer = Answer.DONE
            elif position != commit.base:
                answer = Answer.MISMATCH
            elif commit.alerts and undelivered >= OUTBOX_LIMIT:
                answer = Answer.FULL
            else:
                position, undelivered = commit.next, undelivered + len(commit.alerts)
            worst = answer if worst in (Answer.OK, Answer.DONE) else worst
        return worst

    @rule(partition=st.sampled_from(PARTITIONS), count=st.integers(1, 4))
    def alerts_are_delivered(self, partition: int, count: int) -> None:
        out = self.store.key(partition, "out")
        for entry, fields in self.run(self.redis.xrange(out, count=count)):
            self.delivered[partition].append(fields[b"alert"])
            self.run(self.redis.xdel(out, entry))

    # -- Redis loses its tail -------------------------------------------------------------------

    @rule()
    def redis_is_copied(self) -> None:
        delivered = {p: list(alerts) for p, alerts in self.delivered.items()}
        self.older = self.run(snapshot(self.redis)), dict(self.owners), delivered

    @precondition(lambda self: self.older is not None)
    @rule(partitions=st.sampled_from([PARTITIONS, PARTITIONS[:1], PARTITIONS[1:]]))
    def redis_is_rolled_back(self, partitions: tuple[int, ...]) -> None:
        """As a whole, or one server of a cluster."""
        assert self.older is not None
        copy, owners, delivered = self.older
        self.run(restore(self.redis, copy, {f"t.watch.{partition}" for partition in partitions}))
        self.owners |= {p: owners.get(p, "") for p in partitions}
        self.delivered |= {p: list(delivered[p]) for p in partitions}

    # -- what must hold -------------------------------------------------------------------------

    @invariant()
    def the_state_is_the_fold_of_the_events_below_the_position(self) -> None:
        for partition in PARTITIONS:
            stored = self.run(self._stored(partition))
            assert stored == self._expected(partition)

    @invariant()
    def what_is_told_before_a_commit_is_the_folds(self) -> None:
        """A decision goes out before its commit is tried, so even a zombie's must be right."""
        for partition, told in self.told.items():
            folded, right = Folded(), set()
            for event in self.logs[partition]:
                folded.take(event)
                right.add(b"%d %s" % (event.offset, folded.sellers[event.seller]))
            assert told <= right

    def _expected(self, partition: int) -> Folded:
        position = self.run(self.redis.hget(self.store.key(partition, "owner"), "position"))
        if position is None:
            return Folded()
        return fold_of(self.logs[partition][: int(position) - self.first])

    async def _stored(self, partition: int) -> Folded:
        tag, found = self.store.key(partition, ""), Folded(alerts=list(self.delivered[partition]))
        keys = [key async for key in self.redis.scan_iter(tag + "[so]:*", count=1_000)]
        names = [key.decode().removeprefix(tag) for key in keys]
        pipeline: Any = self.redis.pipeline(transaction=False)
        for name in names:
            pipeline.get(tag + name).ttl(tag + name)
        pipeline.hgetall(tag + "sources").xrange(tag + "out")
        *values, sources, entries = await pipeline.execute()
        for name, value, lifetime in zip(names, values[::2], values[1::2], strict=True):
            assert 0 < lifetime <= ROW_SECONDS if name.startswith("o:") else lifetime == -1
            (found.rows if name.startswith("o:") else found.sellers)[name[2:]] = value
        found.sources = {source.decode(): mark.decode() for source, mark in sources.items()}
        found.alerts += [fields[b"alert"] for _, fields in entries]
        return found


def test_the_state_is_the_fold_whatever_workers_and_redis_do(of_any_kind: AnyRedis) -> None:
    run_state_machine_as_test(lambda: PartitionMachine(of_any_kind.url), settings=of_any_kind.effort)  # type: ignore[arg-type]
