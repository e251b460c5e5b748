"""A Faust consumer that hands over whole polls and reads only what the store says is next.

Stock Faust tracks each record, trusts the group's committed offset, and can lose records between
two rebalances. Here one stream event is one poll. A partition is read only while it is *claimed*:
after each assignment the stage asks its store for the next position (a task of its own, so a dead
store never delays a rebalance), the consumer seeks there, and lets go. What the group commits is
advisory: operators' tools read their lag from it.

Private names of Faust and aiokafka are used; tests/kafka/test_private_names.py guards them.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

import structlog
from aiokafka.consumer.fetcher import FetchError
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from mode import Service

from streams import metrics
from streams.errors import StoppedError
from streams.kafka.demand import Demand
from streams.kafka.poll import Claim, Part, Partition, Poll
from streams.progress import Progress

log = structlog.get_logger()

COORDINATOR_CHECK_SECONDS = 1.0
COORDINATOR_PATIENCE_SECONDS = 120.0
CLAIM_PAUSE_SECONDS = 0.2
CLAIM_PATIENCE_SECONDS = 5.0
SILENCE_SECONDS = 60.0
STAGE_PATIENCE_SECONDS = 1.0


class Ownership(Protocol):
    """What a stage does when partitions come and go."""

    name: str

    async def claim(self, partition: Partition, generation: int) -> Claim | None:
        """Takes a partition over in the store; `position` -1 means: from the log's start."""

    async def begin(self, claim: Claim) -> None:
        """Stores the position at which a partition without one starts."""

    def forget(self, claim: Claim) -> None:
        """The partition was lost: drops what is held in memory for it."""


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Fetches in its own thread, and keeps the group's coordinator from parking unseen."""

    _demand: Demand | None = None

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: Any,
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> dict[TP, Any]:
        # Positions are read before the fetch, in the thread that moves them: the first record
        # that comes back is the first that exists from there on.
        assignment = getattr(consumer._subscription.subscription, "assignment", None)
        starts = _positions(assignment, active_partitions)
        try:
            fetched = await self._asked(consumer, active_partitions, timeout, max_records or 0)
        except NoOffsetForPartitionError:  # an answer from before the claim, which has set the position since
            return {}
        except OffsetOutOfRangeError as error:
            self.app.loop.call_soon_threadsafe(self.consumer.out_of_range, list(error.args[0]))
            return {}
        except KafkaError:
            if not (consumer._coordinator._pending_exception or consumer._subscription.reassignment_in_progress):
                raise
            return {}  # it is the coordinator's, told to everybody who waits; the watchdog sees to it
        stops = _positions(assignment, active_partitions)
        parts = {}
        for tp, records in fetched.items():
            first, last = records[0].offset, records[-1].offset
            parts[tp] = Part(
                partition=Partition(*tp),
                start=min(starts.get(tp, first), first),
                stop=max(stops.get(tp, 0), last + 1),
                end=self.highwater(tp) or last + 1,
                records=records,
            )
        for tp, start in starts.items():  # nothing but markers, or records that a transaction has taken back
            if tp not in parts and (stop := stops.get(tp, start)) > start and not _in_error(consumer, tp):
                parts[tp] = Part(Partition(*tp), start, stop, self.highwater(tp) or stop, ())
        return parts

    def highwater(self, tp: TP) -> int | None:
        """Where a partition ends, as far as is known; `None` also once a rebalance has taken it away."""
        consumer = self._ensure_consumer()
        return consumer.highwater(tp) if consumer._subscription.is_assigned(tp) else None

    async def _asked(self, consumer: Any, partitions: Any, timeout: float | None, most: int) -> dict[TP, Any]:
        if self._demand is None or self._demand.fetcher is not consumer._fetcher:
            self._demand = Demand(consumer._fetcher)
        demand, behind = self._demand, False
        fetch = super()._fetch_records
        try:
            fetched: dict[TP, Any] = await demand.records(partial(fetch, consumer), partitions, most, timeout)
            behind = is_behind(sum(map(len, fetched.values())), most)
        finally:
            demand.want(behind)
        return fetched

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # Faust reads so only where it writes in transactions itself
        return consumer

    async def on_thread_stop(self) -> None:
        """Leaves the group, as far as the broker lets it: a connection that is just breaking is no crash."""
        try:
            await super().on_thread_stop()
        except Exception as error:
            log.warning("group_not_left", error=repr(error))

    @Service.task
    async def _coordinator_watchdog(self) -> None:
        """Reads the coordinator's errors: until somebody does, aiokafka stays out of the group."""
        failing_since: float | None = None
        while not self.should_stop:
            await self.sleep(COORDINATOR_CHECK_SECONDS)
            coordinator = getattr(self._consumer, "_coordinator", None)
            if coordinator is None:
                continue
            now = asyncio.get_running_loop().time()
            try:
                coordinator.check_errors()
            except Exception as error:
                failing_since = failing_since or now
                metrics.COORDINATOR_ERRORS.labels(self.app.stage.name).inc()
                log.warning("coordinator_error", error=repr(error))
                if now - failing_since > COORDINATOR_PATIENCE_SECONDS:
                    reason = f"the group coordinator keeps answering {error!r}"
                    if isinstance(error, GroupAuthorizationFailedError):
                        reason += f": the user needs READ on the group {self.app.conf.id}"
                    self.app.give_up(reason)
                    return
            else:
                if self.consumer.owned():
                    failing_since = None


def _positions(assignment: Any, partitions: Iterable[TP] | None) -> dict[TP, int]:
    if assignment is None or not assignment.active:
        return {}
    states = ((tp, assignment._tp_state.get(tp)) for tp in partitions or ())
    return {tp: state.position for tp, state in states if state is not None and state.has_valid_position}


def _in_error(consumer: Any, tp: TP) -> bool:
    """Whether the position has moved past what could not be read; that is no offset without a record."""
    return isinstance(consumer._fetcher._records.get(tp), FetchError)


class _NoReadOffsets(dict[TP, Any]):
    """Faust drops records below its own read offset; here the stage's position decides instead."""

    def __getitem__(self, tp: TP) -> None:
        return None

    def __setitem__(self, tp: TP, offset: Any) -> None:
        pass


class Consumer(driver.Consumer):
    """Faust's consumer, with claims instead of committed offsets."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _NoReadOffsets()
        self.claims: dict[Partition, Claim] = {}
        self._claiming: asyncio.Task[None] | None = None
        self._polled = time.monotonic()
        self._handing_over = False
        self._progress = Progress(self.app.stage.name)
        self._worked_off = asyncio.Event()
        self._worked_off.set()
        self._behind = False
        self.working = False
        """Whether the stage has a poll in hand."""
        self._stalled: dict[Claim, tuple[int, int]] = {}

    def heard_from(self) -> bool:
        """Whether the fetching thread has answered lately; it is not asked while the stage waits for Redis."""
        waits = self._handing_over and metrics.REDIS_UP._value.get() == 0
        return waits or time.monotonic() - self._polled < SILENCE_SECONDS

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # -- whole polls ------------------------------------------------------------------------

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        """Yields at most one message: everything that one fetch brought."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow, timeout=1.0)
            self._polled = time.monotonic()
            if not self.flow_active:
                return
        self._polled = time.monotonic()
        await self._wait_for_stage()
        generation = self.app.consumer_generation_id
        readable = {TP(*claim.partition) for claim in self.claims.values() if _readable(claim)}
        if not readable:
            await self.sleep(0.02)  # nothing is claimed yet, or all of it is held
            return
        parts = await self._thread.getmany(readable, timeout)
        for part in parts.values():
            if (fetched_for := self.claims.get(part.partition)) is not None:
                fetched_for.fetched = part.stop
        if parts and self.flow_active and generation == self.app.consumer_generation_id:
            self._worked_off.clear()
            records = sum(len(part.records) for part in parts.values())
            self._behind = is_behind(records, self.app.conf.broker_max_poll_records)
            self._handing_over = True  # until there is room in the stage's queue
            try:
                yield self._as_message(Poll(generation, tuple(parts.values())))
            finally:
                self._handing_over, self._polled = False, time.monotonic()

    async def _wait_for_stage(self) -> None:
        """Leaves records with the fetcher until the stage is done with the poll before.

        Polls that queue up in front of the stage are small, and each waits for those before it; together
        they are one poll. A stage that is behind gets its next poll early: it is as large as it may be.
        """
        if not self._behind:
            with contextlib.suppress(TimeoutError):  # a rebalance may have thrown away the poll before
                await asyncio.wait_for(self._worked_off.wait(), STAGE_PATIENCE_SECONDS)

    def worked_off(self) -> None:
        """The stage is done with a poll."""
        self._worked_off.set()

    def _as_message(self, poll: Poll) -> tuple[TP, ConsumerMessage]:
        part = poll.parts[0]
        tp = TP(*part.partition)
        message = ConsumerMessage(
            tp.topic, tp.partition, part.stop - 1, 0.0, 0, [], None, poll, None, 0, 0, tp,
            generation_id=poll.generation,
        )  # fmt: skip
        return tp, message

    def on_buffer_full(self, tp: TP) -> None:
        """A full queue makes the fetch wait by itself; Faust's bookkeeping of it is not needed."""

    def on_buffer_drop(self, tp: TP) -> None:
        """See `on_buffer_full`."""

    # -- claims -----------------------------------------------------------------------------

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self._drop_claims()
        await super().on_partitions_assigned(assigned, generation_id)
        partitions = [Partition(*tp) for tp in sorted(assigned)]
        self._claiming = asyncio.create_task(self.reclaim(partitions, generation_id))

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        self._drop_claims()
        await super().on_partitions_revoked(revoked)

    def _drop_claims(self) -> None:
        if self._claiming is not None:
            self._claiming.cancel()
            self._claiming = None
        for claim in self.claims.values():
            claim.live = False
            self.app.stage.forget(claim)
        self.claims.clear()

    async def reclaim(self, partitions: Sequence[Partition], generation: int, hold: float = 0.0) -> None:
        """Claims partitions in the store and reads on from there; tries until they are lost.

        All of them at once: a question to the broker waits behind the fetch that waits for records there.
        """
        while generation == self.app.consumer_generation_id:
            try:
                found = await asyncio.gather(*(self.app.stage.claim(each, generation) for each in partitions))
                claims = [claim for claim in found if claim is not None]
                if claims and generation == self.app.consumer_generation_id:
                    await self._seek_to(claims)
            except asyncio.CancelledError:
                raise
            except IllegalStateError:  # a rebalance takes them away this very moment
                await asyncio.sleep(CLAIM_PAUSE_SECONDS)
            except Exception:
                log.exception("claim_failed", partitions=[f"{topic}/{number}" for topic, number in partitions])
                await asyncio.sleep(CLAIM_PATIENCE_SECONDS)
                if len(partitions) > 1:  # one that fails for long must not keep the others
                    await asyncio.gather(*(self.reclaim([each], generation, hold) for each in partitions))
                    return
            else:
                if generation == self.app.consumer_generation_id:  # else they were lost again meanwhile
                    for claim in claims:
                        claim.held_until = time.monotonic() + hold
                        self.claims[claim.partition] = claim
                return

    async def _seek_to(self, claims: Sequence[Claim]) -> None:
        tps = [TP(*claim.partition) for claim in claims]
        earliest = await self._thread.earliest_offsets(*tps)
        latest = await self._thread.highwaters(*tps)
        seeks = {}
        for tp, claim in zip(tps, claims, strict=True):
            if claim.position < 0:
                claim.position = earliest[tp]
                await self.app.stage.begin(claim)
            try:
                check_position(claim.position, earliest[tp], latest[tp])
            except StoppedError as error:
                claim.stopped = str(error)
                log.error("partition_stopped", topic=tp.topic, partition=tp.partition, reason=str(error))
            else:
                seeks[tp] = claim.position
                claim.fetched = claim.position
        if seeks:
            await self._thread.seek_wait(seeks)

    async def rewind(self, claim: Claim) -> None:
        """Reads again from the claim's position: something between it and now was lost on the way."""
        metrics.HOLES.labels(self.app.stage.name).inc()
        log.warning(
            "rewound",
            topic=claim.partition.topic,
            partition=claim.partition.partition,
            position=claim.position,
        )
        await self.read_from(claim, claim.position)

    async def read_from(self, claim: Claim, position: int) -> None:
        """What is fetched next begins at `position`."""
        claim.fetched = position
        with contextlib.suppress(IllegalStateError):  # a rebalance takes it away this very moment
            await self._thread.seek_wait({TP(*claim.partition): position})

    async def rewind_stalled(self) -> None:
        """Rewinds where records were lost on the way and no later record comes that would show it."""
        stalled = {
            claim: (claim.position, claim.fetched)
            for claim in self.claims.values()
            if _readable(claim) and claim.fetched > claim.position and not self.working
        }
        for claim, where in stalled.items():
            if self._stalled.get(claim) == where:
                await self.rewind(claim)
        self._stalled = stalled

    async def hold(self, claim: Claim, position: int, seconds: float) -> None:
        """Leaves the partition alone for a while; it is read again from `position`."""
        claim.held_until = time.monotonic() + seconds
        await self.read_from(claim, position)

    def lose(self, *claims: Claim, hold: float = 0.0) -> None:
        """Ends claims and, as long as the partitions are assigned, makes new ones from the store.

        Args:
            hold: Seconds for which the new claims are not read from.
        """
        lost = [claim for claim in claims if claim.live]
        for claim in lost:
            claim.live = False
            self.claims.pop(claim.partition, None)
            self.app.stage.forget(claim)
        if lost:
            self.add_future(self.reclaim([claim.partition for claim in lost], lost[0].generation, hold))

    def out_of_range(self, partitions: Sequence[TP]) -> None:
        """The broker has nothing at the position: the claim is made again, and says why it cannot go on."""
        claims = [self.claims[place] for tp in partitions if (place := Partition(*tp)) in self.claims]
        log.warning("position_out_of_range", partitions=[claim.partition.name for claim in claims])
        self.lose(*claims)

    def owned(self) -> set[TP]:
        """What the group has given us; nothing before the fetching thread has begun, and after it has ended."""
        try:
            return set(self.assignment())
        except ConsumerNotStarted:
            return set()

    def report_progress(self) -> None:
        """Tells the metrics how far each owned partition is."""
        ends = {}
        for partition, claim in self.claims.items():
            if claim.live and (end := self.highwater(TP(*partition))) is not None:
                ends[partition] = end
        self._progress.report((Partition(*tp) for tp in self.owned()), self.claims, ends, time.monotonic())

    def age_of(self, partition: Partition) -> float:
        """Seconds since a partition last advanced or was at its end, as of the last report."""
        return self._progress.age_of(partition, time.monotonic())

    async def perform_seek(self) -> None:
        """Faust would seek to the committed offsets here; claims seek instead, when they are made."""

    # -- the advisory commit ----------------------------------------------------------------

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (TP(*partition) for partition, claim in self.claims.items() if claim.stopped is None)

    def _new_offset(self, tp: TP) -> int | None:
        claim = self.claims.get(Partition(*tp))
        return claim.position if claim is not None and claim.position > 0 else None

    async def on_stop(self) -> None:
        await super().on_stop()
        self._drop_claims()


def is_behind(records: int, most: int) -> bool:
    """Whether a poll of so many records says that the stage cannot keep up: then the next one is fetched early."""
    return records > most / 2


def _readable(claim: Claim) -> bool:
    return claim.live and claim.stopped is None and claim.held_until <= time.monotonic()


def check_position(position: int, earliest: int, latest: int) -> None:
    """Refuses a position that the log does not reach.

    Raises:
        StoppedError: Retention has removed records that were never applied, or the topic was
            truncated or made anew.
    """
    if position < earliest:
        raise StoppedError(
            f"records {position}..{earliest - 1} were removed by retention before they were applied; "
            "restore the topic, or start over with an empty Redis namespace"
        )
    if position > latest:
        raise StoppedError(
            f"the next record would be {position}, but the log ends at {latest}: the topic was truncated or "
            "made anew; restore it, or start over with an empty Redis namespace"
        )
