"""Watch: folds the log into profiles, decisions and alerts; one commit for each part of a poll."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from detectors.alert_policy import Policy
from detectors.decision import encode_alert, encode_decision
from detectors.events import ModelPublished, Record, decode_record
from detectors.fold import OrderRow, decode_order_row, encode_order_row, labelled_orders
from detectors.profile import Profile, decode_profile, encode_profile
from detectors.training import encode_row
from streams import metrics, names
from streams.app import App, consumer_of, send, take
from streams.fold import PartitionState, Step, fold_step
from streams.kafka.poll import Claim, Part, Partition, Poll
from streams.kafka.producer import Outgoing
from streams.marks import Marks
from streams.models import ModelShelf
from streams.rejected import rejection
from streams.store.connection import Lost
from streams.store.partition import Answer, Commit, PartitionStore

log = structlog.get_logger()

CHUNK = 250
"""Records in one commit: it keeps Redis busy for a millisecond or two, not longer."""
PROFILE_SECONDS = 400 * 86_400
ROW_SECONDS = 46 * 86_400
FULL_PAUSE_SECONDS = 1.0

Outgoings = dict[tuple[str, int], list[Outgoing]]
decode_model = msgspec.msgpack.Decoder(ModelPublished).decode
encode_model = msgspec.msgpack.Encoder().encode


@dataclass(slots=True)
class Work:
    """One part of a poll on its way through the stage."""

    claim: Claim
    part: Part
    chunks: list[list[tuple[int, Record]]]
    rows: dict[str, OrderRow] = field(default_factory=dict)
    commits: list[Commit] = field(default_factory=list)


class Watch:
    """The stage that folds the log."""

    name = "watch"
    topics = (names.EVENTS,)
    app: App

    def __init__(self, store: PartitionStore, shelf: ModelShelf, policy: Policy, *, cached_profiles: int) -> None:
        self._store = store
        self._shelf = shelf
        self._policy = policy
        self._cached_profiles = cached_profiles
        self._caches: dict[Partition, dict[str, Profile]] = {}

    # -- ownership ----------------------------------------------------------------------------

    async def claim(self, partition: Partition, generation: int) -> Claim | None:
        def ours() -> bool:
            return bool(generation == self.app.consumer_generation_id)

        try:
            claim = await self._store.claim(partition, generation, ours)
            sources = await self._store.sources(claim)
            (published,) = await self._store.get(claim, ["model"])
        except Lost:
            return None
        models = self._shelf.take(decode_model(published)) if published else None
        claim.memory["state"] = PartitionState(models or self._shelf.prior, Marks(sources))
        self._caches[partition] = {}
        return claim

    async def begin(self, claim: Claim) -> None:
        await self._store.begin(claim)

    def forget(self, claim: Claim) -> None:
        self._caches.pop(claim.partition, None)

    # -- one poll -----------------------------------------------------------------------------

    async def process(self, poll: Poll) -> None:
        started = time.perf_counter()
        works = [_decoded(claim, part) for claim, part in await take(self.app, poll)]
        if not works:
            return
        outgoing: Outgoings = {}
        try:
            await self._load(works)
            for work in works:
                self._fold(work, outgoing)
            # Sent before the commit: a crash in between repeats them, byte for byte.
            await send(self.app, outgoing, lambda: any(work.claim.live for work in works))
            await self._commit(works)
        except Lost:
            return
        metrics.BATCH_SECONDS.labels(self.name).observe(time.perf_counter() - started)
        metrics.BATCH_RECORDS.labels(self.name).observe(sum(len(chunk) for w in works for chunk in w.chunks))

    async def _load(self, works: Sequence[Work]) -> None:
        """Brings in the profiles that are not cached and the feature rows that labels ask for."""
        await asyncio.gather(*(self._load_part(work) for work in works))
        metrics.CACHED_PROFILES.set(sum(map(len, self._caches.values())))

    async def _load_part(self, work: Work) -> None:
        cache = self._caches[work.claim.partition]
        records = [record for chunk in work.chunks for _, record in chunk]
        missing = [s for s in dict.fromkeys(r.seller_id for r in records) if s and s not in cache]
        if missing:
            found = await self._store.get(work.claim, [f"s:{seller}" for seller in missing])
            cache.update({s: decode_profile(value) for s, value in zip(missing, found, strict=True) if value})
        orders = list(dict.fromkeys(labelled_orders(records, cache)))
        if orders:
            found = await self._store.get(work.claim, [f"o:{order}" for order in orders])
            work.rows = {o: decode_order_row(value) for o, value in zip(orders, found, strict=True) if value}

    def _fold(self, work: Work, outgoing: Outgoings) -> None:
        claim = work.claim
        state: PartitionState = claim.memory["state"]
        cache = self._caches[claim.partition]
        base = claim.position
        for number, chunk in enumerate(work.chunks, start=1):
            step = fold_step(state, chunk, cache, work.rows, self._shelf, self._policy)
            after = work.part.stop if number == len(work.chunks) else chunk[-1][0] + 1
            commit = self._commit_of(step, claim, base, after, cache)
            for effects in step.effects:
                work.rows.update(effects.order_rows)
            collect(step, claim.partition.partition, outgoing)
            work.commits.append(commit)
            base = after
        self._trim(cache)

    def _commit_of(self, step: Step, claim: Claim, base: int, after: int, cache: Mapping[str, Profile]) -> Commit:
        key, partition = self._store.key, claim.partition.partition
        commit = Commit(base, after)
        for seller in sorted(step.changed):
            commit.sets.append((key(partition, f"s:{seller}"), encode_profile(cache[seller]), PROFILE_SECONDS))
        for effects in step.effects:
            for order, row in effects.order_rows.items():
                commit.sets.append((key(partition, f"o:{order}"), encode_order_row(row), ROW_SECONDS))
            commit.alerts += [(alert.type, encode_alert(alert)) for alert in effects.alerts]
        if step.model is not None:
            commit.sets.append((key(partition, "model"), encode_model(step.model), 0))
        commit.sources = step.sources
        return commit

    def _trim(self, cache: dict[str, Profile]) -> None:
        """Lets go of the profiles that were brought in first; they are all in the store."""
        allowed = max(self._cached_profiles // max(len(self._caches), 1), CHUNK)
        while len(cache) > allowed:
            cache.pop(next(iter(cache)))

    # -- effects ------------------------------------------------------------------------------

    async def _commit(self, works: Sequence[Work]) -> None:
        pending = {work.claim: work.commits for work in works}
        while pending:
            answers = await self._store.apply(pending)
            full = {}
            for claim, answer in answers.items():
                if answer in (Answer.OK, Answer.DONE):
                    claim.position = pending[claim][-1].next
                elif answer is Answer.FULL and claim.live:
                    full[claim] = list(pending[claim])
                else:
                    self._lose(claim, answer)
            pending = full
            if pending:
                log.warning("outbox_full", partitions=[claim.partition.partition for claim in pending])
                await asyncio.sleep(FULL_PAUSE_SECONDS)
        self._observe(works)

    def _lose(self, claim: Claim, answer: Answer) -> None:
        """Somebody else owns the partition, or Redis is older than it was: start again from the store."""
        log.warning("commit_refused", partition=claim.partition.partition, answer=answer.value)
        if answer is Answer.MISMATCH:
            metrics.ROLLBACKS.labels(self.name).inc()
        consumer_of(self.app).lose(claim)

    def _observe(self, works: Sequence[Work]) -> None:
        now = time.time() * 1e6
        for work in works:
            for chunk in work.chunks:
                metrics.EVENTS.labels(self.name, "applied").inc(len(chunk))
                if chunk:
                    lag = (now - chunk[-1][1].logged_at) / 1e6
                    metrics.LOGGED_TO_APPLIED_SECONDS.observe(max(lag, 0.0))


def _decoded(claim: Claim, part: Part) -> Work:
    items = [
        (record.offset, decode_record(record.value))
        for record in part.records
        if record.offset >= claim.position and record.value is not None
    ]
    chunks = [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)] or [[]]
    return Work(claim, part, chunks)


def collect(step: Step, partition: int, outgoing: Outgoings) -> None:
    """Adds what a step tells the world to the batches to send."""
    decisions = outgoing.setdefault((names.DECISIONS, partition), [])
    for effects in step.effects:
        for decision in effects.decisions:
            decisions.append(Outgoing(decision.seller_id.encode(), encode_decision(decision)))
        for alert in effects.alerts:
            alerts = outgoing.setdefault((names.ALERTS, partition), [])
            alerts.append(Outgoing(alert.seller_id.encode(), encode_alert(alert)))
            metrics.ALERTS.labels(alert.pattern, alert.severity).inc()
        if effects.rows:
            rows = outgoing.setdefault((names.TRAINING, 0), [])
            rows += [Outgoing(None, encode_row(row)) for row in effects.rows]
    for offset, record, error in step.failed:
        refused = outgoing.setdefault((names.REJECTED, 0), [])
        refused.append(rejection(names.EVENTS, partition, offset, record, error))
    if not decisions:
        del outgoing[(names.DECISIONS, partition)]
