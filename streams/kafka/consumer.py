"""A Faust consumer that hands over whole polls and reads only what the store says is next.

Stock Faust tracks each record, trusts the group's committed offset, and can lose records between
two rebalances. Here one stream event is one poll. A partition is read only while it is *claimed*:
after each assignment the stage asks its store for the next position (a task of its own, so a dead
store never delays a rebalance), the consumer seeks there, and lets go. What the group commits is
advisory: operators' tools read their lag from it.

Private names of Faust and aiokafka are used; tests/kafka/test_private_names.py guards them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, Protocol

import structlog
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from mode import Service

from streams import metrics
from streams.errors import StoppedError
from streams.kafka.poll import Claim, Part, Partition, Poll

log = structlog.get_logger()

COORDINATOR_CHECK_SECONDS = 1.0
COORDINATOR_PATIENCE_SECONDS = 120.0
CLAIM_PATIENCE_SECONDS = 5.0
SILENCE_SECONDS = 60.0


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
        fetched = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
        stops = _positions(assignment, fetched)
        parts = {}
        for tp, records in fetched.items():
            first, last = records[0].offset, records[-1].offset
            parts[tp] = Part(
                partition=Partition(*tp),
                start=min(starts.get(tp, first), first),
                stop=max(stops.get(tp, 0), last + 1),
                end=consumer.highwater(tp) or last + 1,
                records=records,
            )
        return parts

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
                    self.app.give_up(f"the group coordinator keeps answering {error!r}")
                    return
            else:
                if self.consumer.assignment():
                    failing_since = None


def _positions(assignment: Any, partitions: Iterable[TP] | None) -> dict[TP, int]:
    if assignment is None or not assignment.active:
        return {}
    states = ((tp, assignment._tp_state.get(tp)) for tp in partitions or ())
    return {tp: state.position for tp, state in states if state is not None and state.has_valid_position}


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

    def heard_from(self) -> bool:
        """Whether the fetching thread has answered lately."""
        return time.monotonic() - self._polled < SILENCE_SECONDS

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
        generation = self.app.consumer_generation_id
        readable = {TP(*claim.partition) for claim in self.claims.values() if _readable(claim)}
        if not readable:
            await self.sleep(0.02)  # nothing is claimed yet, or all of it is held
            return
        parts = await self._thread.getmany(readable, timeout)
        if parts and self.flow_active and generation == self.app.consumer_generation_id:
            yield self._as_message(Poll(generation, tuple(parts.values())))

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
        self._claiming = asyncio.create_task(self._claim_all(partitions, generation_id))

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

    async def _claim_all(self, partitions: list[Partition], generation: int) -> None:
        await asyncio.gather(*(self.reclaim(partition, generation) for partition in partitions))

    async def reclaim(self, partition: Partition, generation: int) -> None:
        """Claims a partition in the store and reads on from there; tries until it is lost."""
        while generation == self.app.consumer_generation_id:
            try:
                claim = await self.app.stage.claim(partition, generation)
                if claim is None or generation != self.app.consumer_generation_id:
                    return
                await self._seek_to(claim)
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("claim_failed", topic=partition.topic, partition=partition.partition)
                await asyncio.sleep(CLAIM_PATIENCE_SECONDS)
            else:
                self.claims[partition] = claim
                return

    async def _seek_to(self, claim: Claim) -> None:
        tp = TP(*claim.partition)
        earliest = (await self._thread.earliest_offsets(tp))[tp]
        latest = (await self._thread.highwaters(tp))[tp]
        if claim.position < 0:
            claim.position = earliest
            await self.app.stage.begin(claim)
        try:
            check_position(claim.position, earliest, latest)
        except StoppedError as error:
            claim.stopped = str(error)
            metrics.STOPPED.labels(self.app.stage.name, *map(str, claim.partition), "position").set(1)
            log.error("partition_stopped", topic=tp.topic, partition=tp.partition, reason=str(error))
            return
        await self._thread.seek_wait({tp: claim.position})

    async def rewind(self, claim: Claim) -> None:
        """Reads again from the claim's position: something between it and now was lost on the way."""
        metrics.HOLES.labels(self.app.stage.name).inc()
        log.warning(
            "rewound",
            topic=claim.partition.topic,
            partition=claim.partition.partition,
            position=claim.position,
        )
        await self._thread.seek_wait({TP(*claim.partition): claim.position})

    async def hold(self, claim: Claim, position: int, seconds: float) -> None:
        """Leaves the partition alone for a while; it is read again from `position`."""
        claim.held_until = time.monotonic() + seconds
        await self._thread.seek_wait({TP(*claim.partition): position})

    def lose(self, claim: Claim) -> None:
        """Ends a claim and, as long as the partition is assigned, makes a new one from the store."""
        if not claim.live:
            return
        claim.live = False
        self.claims.pop(claim.partition, None)
        self.app.stage.forget(claim)
        self.add_future(self.reclaim(claim.partition, claim.generation))

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
            "restore the topic, or accept the gap by `sellerwatch partitions accept-gap`"
        )
    if position > latest:
        raise StoppedError(
            f"the next record would be {position}, but the log ends at {latest}: the topic was truncated or "
            "made anew; restore it, or start over with an empty Redis namespace"
        )
