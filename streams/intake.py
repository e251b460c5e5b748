"""Intake: checks upstream events, finds their sellers, hashes, gathers facts, writes the log."""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec
import structlog
from aiokafka.partitioner import murmur2

from detectors.events import LinkFound, Record, Source, encode_record
from streams import metrics, names
from streams.app import App, consumer_of, send, take
from streams.errors import InvalidEventError
from streams.facts.gathering import Gathering
from streams.facts.incoming import Incoming
from streams.kafka.poll import Claim, ConsumerRecord, Part, Partition, Poll
from streams.kafka.producer import Outgoing
from streams.privacy import Pseudonyms, pseudonymise
from streams.refused.rejected import KEPT_HEADERS, RefusalLimit, refusal
from streams.refused.stops import Stops
from streams.screening.facts import Screening
from streams.store.connection import Lost
from streams.store.entities import Alive, RedisEntities, RolledBack
from streams.upstream import check_place, parse

log = structlog.get_logger()

RETRY_SECONDS = 2.0
"""An event whose order has not come is looked at again after this long."""
REMEMBERED_SELLERS = 200_000

Outgoings = dict[tuple[str, int], list[Outgoing]]


class Origin(msgspec.Struct, frozen=True, array_like=True):
    """Where a waiting event first came from, and since when it waits (seconds since the epoch)."""

    topic: str
    partition: int
    offset: int
    since: float
    due: float


decode_origin = msgspec.json.Decoder(Origin).decode
ORIGIN = "sellerwatch-origin"


@dataclass(slots=True)
class Taken:
    """What was read of one part: accepted events, refusals, and how far it goes."""

    claim: Claim
    position: int
    incoming: list[Incoming] = field(default_factory=list)
    originals: dict[int, tuple[ConsumerRecord, Origin | None]] = field(default_factory=dict)
    tombstones: int = 0


@lru_cache(REMEMBERED_SELLERS)
def log_partition(seller_id: str, partitions: int) -> int:
    """The partition that Kafka's default partitioner gives a key (murmur2)."""
    return int(murmur2(seller_id.encode()) & 0x7FFFFFFF) % partitions


class Intake:
    """The stage in front of the log."""

    name = "intake"
    topics = (*names.UPSTREAM, names.ACTS, names.WAITING)
    app: App

    def __init__(
        self,
        entities: RedisEntities,
        pseudonyms: Pseudonyms,
        stops: Stops,
        *,
        wait_seconds: float,
        log_partitions: int,
        rejected_partitions: int,
        waiting_partitions: int,
        screening: Screening | None = None,
    ) -> None:
        self._entities = entities
        self._pseudonyms = pseudonyms
        self._stops = stops
        self._wait_seconds = wait_seconds
        self._log_partitions = log_partitions
        self._rejected_partitions = rejected_partitions
        self._waiting_partitions = waiting_partitions
        self._screening = screening

    # -- ownership ----------------------------------------------------------------------------

    async def claim(self, partition: Partition, generation: int) -> Claim | None:
        def ours() -> bool:
            return bool(generation == self.app.consumer_generation_id)

        try:
            position = (await self._entities.positions([partition.name], ours))[partition.name]
            claim = Claim(partition, generation, "", position)
            claim.memory["known"] = position
            await self._stops.look_up(claim, ours)
        except Lost:
            return None
        metrics.CLAIMS.labels(self.name).inc()
        return claim

    async def begin(self, claim: Claim) -> None:
        """Nothing is to be stored: a source without marks begins where the topic does."""

    def forget(self, claim: Claim) -> None:
        """What is held in memory goes with the claim."""

    # -- one poll -----------------------------------------------------------------------------

    async def process(self, poll: Poll) -> None:
        started = time.perf_counter()
        parts = await take(self.app, poll)
        outgoing: Outgoings = {}

        def alive() -> bool:
            return any(claim.live for claim, _ in parts)

        try:
            taken = [item for claim, part in parts if (item := await self._read(claim, part, outgoing)) is not None]
            if not taken:
                return
            gathering = await self._gather([i for item in taken for i in item.incoming], taken, alive)
            for item in taken:
                self._park(item, outgoing)
            # What waits or is refused goes first. Once a later record of its source is in the log, an event that
            # is found by its order when all this is repeated counts as known there: it must not be nowhere.
            await send(self.app, outgoing, alive)
            accepted: Outgoings = {}
            self._log(gathering.records(), accepted)
            await send(self.app, accepted, alive)
            await self._confirm(taken, alive)
            await self._stops.spend([item.claim for item in taken])
        except Lost:
            return
        except RolledBack:
            self._start_over()
            return
        metrics.BATCH_SECONDS.labels(self.name).observe(time.perf_counter() - started)
        metrics.BATCH_RECORDS.labels(self.name).observe(sum(len(item.incoming) for item in taken))
        found = sum(incoming.seller_id is not None for item in taken for incoming in item.incoming)
        metrics.EVENTS.labels(self.name, "accepted").inc(found)

    async def _read(self, claim: Claim, part: Part, outgoing: Outgoings) -> Taken | None:
        """Checks the records of one part, in order, up to where the partition must stop or wait."""
        taken = Taken(claim, part.stop)
        now = time.time()
        limit: RefusalLimit = claim.memory["limit"]
        for record in part.records:
            if record.offset < claim.position:
                continue
            if record.value is None:
                metrics.EVENTS.labels(self.name, "tombstone").inc()
                continue
            origin = _origin(record) if part.partition.topic == names.WAITING else None
            if origin is not None and origin.due > now:
                taken.position = record.offset
                await consumer_of(self.app).hold(claim, record.offset, origin.due - now)
                break
            refused = self._accept(record, origin, part, now, taken, outgoing)
            reason = limit.exceeded_by(refused)
            if reason is not None:
                taken.position = record.offset + 1
                await self._stops.stop(claim, reason)
                break
        return taken if taken.position > claim.position else None

    def _accept(
        self,
        record: ConsumerRecord,
        origin: Origin | None,
        part: Part,
        now: float,
        taken: Taken,
        outgoing: Outgoings,
    ) -> bool:
        """Reads one record into `taken`, or refuses it; whether it was refused."""
        topic, partition = part.partition
        try:
            event = parse(record.value or b"", record.headers)
            check_place(event, topic)
        except InvalidEventError as error:
            self._refuse(Origin(topic, partition, record.offset, now, now), record, error, outgoing)
            return True
        screened = (
            self._screening.of(event.body, event.event_time) if self._screening else ()
        )  # needs names as they are
        body, values = pseudonymise(event.body, self._pseudonyms)
        source = Source(topic, partition, record.offset)
        taken.incoming.append(Incoming(source, int(now * 1e6), event.with_body(body), values, screened=screened))
        taken.originals[record.offset] = (record, origin)
        return False

    async def _gather(self, batch: list[Incoming], taken: Sequence[Taken], alive: Alive) -> Gathering:
        names_of = self._pseudonyms
        former = names_of.former if names_of.rotating else None
        gathering = Gathering(batch, former, names_of.shared if names_of.exchanging else None)
        known = _known(taken)
        self._entities.start()
        load, save = self._entities.load, self._entities.save
        gathering.take_first(await load(gathering.first_keys(), alive))
        second = gathering.second_keys()
        gathering.take_second(await load(second, alive))
        gathering.take_third(await load(gathering.third_keys(), alive))
        changes = gathering.changes()
        while conflicts := await save(changes, known, alive):
            gathering.retouch(await load(conflicts, alive))
            standings = sorted({*gathering.standing_keys(), *(k for k in second if k.startswith("s:"))})
            gathering.take_standings(await load(standings, alive))
            gathering.take_third(await load(gathering.third_keys(), alive))
            again = set(conflicts)
            changes = {k: v for k, v in gathering.changes().items() if k in again or k.startswith("s:")}
        return gathering

    # -- what becomes of the events -----------------------------------------------------------

    def _log(self, records: Sequence[Record], outgoing: Outgoings) -> None:
        for record in records:
            partition = log_partition(record.seller_id or record.event_id, self._log_partitions)
            if isinstance(record.body, LinkFound) and not record.body.through:
                metrics.LINKS.labels(record.body.kind).inc()
            value = encode_record(msgspec.structs.replace(record, partition=partition))
            batch = outgoing.setdefault((names.EVENTS, partition), [])
            batch.append(Outgoing(record.seller_id.encode() or None, value))

    def _park(self, item: Taken, outgoing: Outgoings) -> None:
        """Sends events whose order is unknown to wait, and refuses those that have waited long enough."""
        now = time.time()
        for incoming in item.incoming:
            if incoming.seller_id is not None:
                continue
            record, origin = item.originals[incoming.source.offset]
            first = origin or Origin(incoming.source.topic, incoming.source.partition, record.offset, now, now)
            if now - first.since > self._wait_seconds:
                error = InvalidEventError("order_unknown", f"no order came within {self._wait_seconds:.0f} s")
                self._refuse(first, record, error, outgoing)
                continue
            metrics.EVENTS.labels(self.name, "waiting").inc()
            due = msgspec.structs.replace(first, due=now + RETRY_SECONDS)
            headers = [(name, text) for name, text in record.headers if name.startswith(KEPT_HEADERS)]
            headers.append((ORIGIN, msgspec.json.encode(due)))
            waiting = outgoing.setdefault((names.WAITING, first.partition % self._waiting_partitions), [])
            waiting.append(Outgoing(record.key, record.value or b"", headers))

    def _refuse(self, origin: Origin, record: ConsumerRecord, error: InvalidEventError, outgoing: Outgoings) -> None:
        metrics.REJECTED.labels(error.reason).inc()
        metrics.EVENTS.labels(self.name, "rejected").inc()
        log.info("event_rejected", topic=origin.topic, offset=origin.offset, reason=error.reason)
        refused = outgoing.setdefault((names.REJECTED, origin.partition % self._rejected_partitions), [])
        refused.append(
            refusal(
                origin.topic,
                origin.partition,
                origin.offset,
                error.reason,
                error.detail,
                record.key,
                record.value or b"",
                record.headers,
            )
        )

    async def _confirm(self, taken: Sequence[Taken], alive: Alive) -> None:
        positions = {item.claim.partition.name: item.position for item in taken}
        await self._entities.confirm(positions, _known(taken), alive)
        for item in taken:
            item.claim.position = max(item.claim.position, item.position)
            item.claim.memory["known"] = item.position

    async def tend(self) -> None:
        """Lets partitions go on that a person has resumed; notices a rollback where no events come."""
        consumer = consumer_of(self.app)
        consumer.lose(*await self._stops.heed(consumer.claims.values()))
        known = {claim.partition.name: claim.memory["known"] for claim in consumer.claims.values()}
        with contextlib.suppress(Lost):
            marks = await self._entities.positions(list(known), lambda: bool(consumer.claims))
            if any(marks[name] < mark for name, mark in known.items()):
                self._start_over()

    # -- when something is wrong --------------------------------------------------------------

    def _start_over(self) -> None:
        """Redis is older than it was: reads every owned source again from what Redis still knows."""
        metrics.ROLLBACKS.labels(self.name).inc()
        log.warning("redis_rolled_back", stage=self.name)
        consumer = consumer_of(self.app)
        consumer.lose(*consumer.claims.values())


def _known(taken: Sequence[Taken]) -> dict[str, int]:
    """The marks that were read or confirmed last: what Redis holds must not be older."""
    return {item.claim.partition.name: item.claim.memory["known"] for item in taken}


def _origin(record: ConsumerRecord) -> Origin | None:
    for name, text in record.headers:
        if name == ORIGIN and text is not None:
            try:
                return decode_origin(text)
            except msgspec.DecodeError:
                return None
    return None
