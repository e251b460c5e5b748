"""Watch: folds the log into profiles, decisions and alerts; one commit for each part of a poll."""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from detectors.budget import encode_candidate
from detectors.decision import encode_alert, encode_decision
from detectors.erasure import is_erased
from detectors.events import SECOND, ModelPublished, PolicyPublished, Record, decode_record
from detectors.fold import (
    KeptText,
    OrderRow,
    decode_kept_text,
    decode_order_row,
    encode_kept_text,
    encode_order_row,
    labelled_orders,
    labelled_texts,
)
from detectors.models.training import encode_row
from detectors.profiles.profile import REMEMBERED, Profile, decode_profile, encode_profile
from streams import metrics, names
from streams.app import App, consumer_of, send, take
from streams.audit.chain import Chain
from streams.counting import count, prepare
from streams.fold import PartitionState, Step, fold_step
from streams.found import FOUND_SECONDS, Found, keys_of
from streams.kafka.poll import Claim, Part, Partition, Poll
from streams.kafka.producer import Outgoing
from streams.marks import Marks
from streams.models.keys import MODEL_KEYS, model_key
from streams.models.snapshots import ModelShelf
from streams.policy.published import PolicyShelf
from streams.refused.rejected import RefusalLimit, refusal, rejection
from streams.refused.stops import Stops
from streams.store.connection import Lost
from streams.store.partition import Answer, Commit, PartitionStore, Refused

log = structlog.get_logger()

CHUNK = 400
"""Records in one commit: it keeps Redis busy for some milliseconds; half as many cost the fold a tenth more."""
PROFILE_SECONDS = 10 * 86_400 + REMEMBERED // SECOND
"""Ten days more than the fold remembers a seller: so long watch may stand still."""
ROW_SECONDS = 46 * 86_400
UNREADABLE = "the policy in force cannot be read: give watch the keys and the version that it was published with"
FULL_PAUSE_SECONDS = 10.0
"""A partition whose outbox is full is left alone for this long, and longer while it stays full."""


Outgoings = dict[tuple[str, int], list[Outgoing]]
decode_model = msgspec.msgpack.Decoder(ModelPublished).decode
decode_policy = msgspec.msgpack.Decoder(PolicyPublished).decode
encode_published = msgspec.msgpack.Encoder().encode


@dataclass(slots=True)
class Work:
    """One part of a poll on its way through the stage."""

    claim: Claim
    part: Part
    chunks: list[list[tuple[int, Record]]]
    rows: dict[str, OrderRow] = field(default_factory=dict)
    texts: dict[str, KeptText] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)


class Watch:
    """The stage that folds the log."""

    name = "watch"
    topics = (names.EVENTS,)
    app: App

    def __init__(
        self, store: PartitionStore, shelf: ModelShelf, stops: Stops, policies: PolicyShelf, *, cached_profiles: int
    ) -> None:
        self._store = store
        self._shelf = shelf
        self._stops = stops
        self._policies = policies
        self._cached_profiles = cached_profiles
        prepare(policies.usual)

    # -- ownership ----------------------------------------------------------------------------

    async def claim(self, partition: Partition, generation: int) -> Claim | None:
        def ours() -> bool:
            return bool(generation == self.app.consumer_generation_id)

        try:
            kept = [*MODEL_KEYS, "policy", "line", "chain"]
            claim, sources, (*stored, rules, line, chain) = await self._store.claim(partition, generation, ours, kept)
            await self._stops.look_up(claim, ours)
        except Lost:
            return None
        models = self._shelf.prior
        for published in stored:
            if published:
                models = self._shelf.take(models, decode_model(published)) or models
        policy = self._policies.take(decode_policy(rules)) if rules else None
        if rules and policy is None:  # by another one it would decide otherwise than a replay
            claim.stopped, claim.resumable = UNREADABLE, False
        raised = self._shelf.line(decode_model(line)) if line else None
        state = PartitionState(models, policy or self._policies.usual, Marks(sources))
        state.chain = Chain(partition.partition, chain)
        state.decide_by(state.policy, raised or 0.0)
        claim.memory["state"] = state
        claim.memory["profiles"] = OrderedDict()
        return claim

    async def begin(self, claim: Claim) -> None:
        await self._store.begin(claim)

    def forget(self, claim: Claim) -> None:
        """What is held in memory goes with the claim."""

    # -- one poll -----------------------------------------------------------------------------

    async def process(self, poll: Poll) -> None:
        started = time.perf_counter()
        outgoing: Outgoings = {}
        works = [_decoded(claim, part, outgoing) for claim, part in await take(self.app, poll)]
        if not works:
            return
        try:
            works = await self._load(works)
            for work in works:
                if (reason := self._fold(work, outgoing)) is not None:
                    await self._stops.stop(work.claim, reason)
            # Sent before the commit: a crash in between repeats them, byte for byte.
            await send(self.app, outgoing, lambda: any(work.claim.live for work in works))
            await self._commit(works)
            await self._stops.spend([work.claim for work in works if work.claim.live])
        except Lost:
            return
        metrics.BATCH_SECONDS.labels(self.name).observe(time.perf_counter() - started)
        metrics.BATCH_RECORDS.labels(self.name).observe(sum(len(chunk) for w in works for chunk in w.chunks))

    async def _load(self, works: Sequence[Work]) -> list[Work]:
        """Brings in the profiles that are not cached and the feature rows that labels ask for."""
        ours = await asyncio.gather(*(self._load_part(work) for work in works))
        metrics.CACHED_PROFILES.set(sum(len(c.memory["profiles"]) for c in consumer_of(self.app).claims.values()))
        return [work for work, loaded in zip(works, ours, strict=True) if loaded]

    async def _load_part(self, work: Work) -> bool:
        try:
            await self._load_values(work)
        except Refused as refused:  # a fold of what is there now would tell the world what never was
            self._lose(work.claim, refused.answer)
            return False
        except Lost:
            return False
        return True

    async def _load_values(self, work: Work) -> None:
        cache: dict[str, Profile] = work.claim.memory["profiles"]
        records = [record for chunk in work.chunks for _, record in chunk]
        missing = [s for s in dict.fromkeys(r.seller_id for r in records) if s and s not in cache]
        keys = keys_of(records)
        if missing or keys:
            asked = [*(f"s:{seller}" for seller in missing), *(f"f:{key}" for key in keys)]
            found = await self._store.load(work.claim, asked)
            cache.update({s: decode_profile(value) for s, value in zip(missing, found, strict=False) if value})
            known = {key: value for key, value in zip(keys, found[len(missing) :], strict=True) if value}
            work.claim.memory["state"].found = Found(known)
        orders = list(dict.fromkeys(labelled_orders(records, cache)))
        if orders:
            found = await self._store.load(work.claim, [f"o:{order}" for order in orders])
            work.rows = {o: decode_order_row(value) for o, value in zip(orders, found, strict=True) if value}
        places = list(dict.fromkeys(labelled_texts(records)))
        if places:
            found = await self._store.load(work.claim, [f"t:{place}" for place in places])
            work.texts = {p: decode_kept_text(value) for p, value in zip(places, found, strict=True) if value}

    def _fold(self, work: Work, outgoing: Outgoings) -> str | None:
        """Folds chunk by chunk; why the partition must stop before a chunk of which too many failed."""
        claim = work.claim
        limit: RefusalLimit = claim.memory["limit"]
        state: PartitionState = claim.memory["state"]
        cache: OrderedDict[str, Profile] = claim.memory["profiles"]
        base = claim.position
        for number, chunk in enumerate(work.chunks, start=1):
            step = fold_step(state, chunk, cache, work.rows, self._shelf, self._policies, work.texts)
            failed = {offset for offset, _, _ in step.failed}
            for offset, _ in chunk:
                if (reason := limit.exceeded_by(offset in failed)) is not None:
                    refuse(step, claim.partition.partition, outgoing)  # for the person who is to look
                    return reason.replace("refused", "not processed")
            after = work.part.stop if number == len(work.chunks) else chunk[-1][0] + 1
            commit = self._commit_of(step, claim, base, after, cache)
            collect(step, claim.partition.partition, outgoing)
            work.steps.append(step)
            work.commits.append(commit)
            base = after
        self._trim(cache)
        return None

    def _commit_of(self, step: Step, claim: Claim, base: int, after: int, cache: Mapping[str, Profile]) -> Commit:
        key, partition = self._store.key, claim.partition.partition
        commit = Commit(base, after)
        for seller in sorted(step.changed):
            lives = ROW_SECONDS if is_erased(cache[seller]) else PROFILE_SECONDS  # as long as what it says is no more
            commit.sets.append((key(partition, f"s:{seller}"), encode_profile(cache[seller]), lives))
        for effects in step.effects:
            for order, row in effects.order_rows.items():
                commit.sets.append((key(partition, f"o:{order}"), encode_order_row(row), ROW_SECONDS))
            for place, text in effects.texts.items():
                commit.sets.append((key(partition, f"t:{place}"), encode_kept_text(text), ROW_SECONDS))
            commit.alerts += [(alert.type, encode_alert(alert)) for alert in effects.alerts]
        commit.sets += [(key(partition, f"f:{name}"), value, FOUND_SECONDS) for name, value in step.found.items()]
        for name, model in step.models.items():
            commit.sets.append((key(partition, model_key(name)), encode_published(model), 0))
        if step.line is not None:
            commit.sets.append((key(partition, "line"), encode_published(step.line), 0))
        if step.policy is not None:
            commit.sets.append((key(partition, "policy"), encode_published(step.policy), 0))
        if step.chain is not None:
            commit.sets.append((key(partition, "chain"), step.chain, 0))
        commit.sources = step.sources
        return commit

    def _trim(self, cache: OrderedDict[str, Profile]) -> None:
        """Lets go of the profiles that were brought in first; they are all in the store."""
        allowed = max(self._cached_profiles // max(len(consumer_of(self.app).claims), 1), CHUNK)
        while len(cache) > allowed:
            cache.popitem(last=False)

    async def tend(self) -> None:
        """Notices, even where no records come, what was resumed, rolled back, taken over, or is full."""
        consumer = consumer_of(self.app)
        consumer.lose(*await self._stops.heed(consumer.claims.values()))
        for claim in list(consumer.claims.values()):
            with contextlib.suppress(Lost):
                answer = await self._store.standing(claim, claim.position)
                if answer is not Answer.OK:
                    self._lose(claim, answer)
                elif await self._store.outbox_full(claim):
                    claim.held_until = time.monotonic() + FULL_PAUSE_SECONDS

    # -- effects ------------------------------------------------------------------------------

    async def _commit(self, works: Sequence[Work]) -> None:
        for claim, answer in (await self._store.apply({work.claim: work.commits for work in works})).items():
            if answer in (Answer.OK, Answer.DONE):
                work = next(work for work in works if work.claim is claim)
                claim.position = work.commits[-1].next
            else:
                self._lose(claim, answer)
        self._observe(works)

    def _lose(self, claim: Claim, answer: Answer) -> None:
        """Another owner, an older Redis, or a full outbox: starts again from the store, the last one later."""
        log.warning("commit_refused", partition=claim.partition.partition, answer=answer.value)
        if answer is Answer.MISMATCH:
            metrics.ROLLBACKS.labels(self.name).inc()
        consumer_of(self.app).lose(claim, hold=FULL_PAUSE_SECONDS if answer is Answer.FULL else 0.0)

    def _observe(self, works: Sequence[Work]) -> None:
        now = time.time() * 1e6
        for work in works:
            if not work.claim.live:
                continue
            count(work.steps, sum(map(len, work.chunks)))
            for chunk in work.chunks:
                if chunk:
                    lag = (now - chunk[-1][1].logged_at) / 1e6
                    metrics.LOGGED_TO_APPLIED_SECONDS.observe(max(lag, 0.0))


def _decoded(claim: Claim, part: Part, outgoing: Outgoings) -> Work:
    """The part's records; one that is none of ours is kept among the refused."""
    items = []
    for record in part.records:
        if record.offset < claim.position or record.value is None:
            continue
        try:
            items.append((record.offset, decode_record(record.value)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            log.error("log_record_refused", partition=part.partition.partition, offset=record.offset)
            metrics.REJECTED.labels("not_a_record").inc()
            where = (names.EVENTS, part.partition.partition, record.offset)
            refused = refusal(*where, "not_a_record", str(error)[:200], record.key, record.value)
            outgoing.setdefault((names.REJECTED, 0), []).append(refused)
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
        if effects.rows:
            rows = outgoing.setdefault((names.TRAINING, 0), [])
            rows += [Outgoing(None, encode_row(row)) for row in effects.rows]
        if effects.candidates:
            told = outgoing.setdefault((names.TRAINING, 0), [])
            told += [Outgoing(None, encode_candidate(candidate)) for candidate in effects.candidates]
    if step.entries:
        entries = outgoing.setdefault((names.AUDIT, partition), [])
        entries += [Outgoing(seller.encode() or None, entry) for seller, entry in step.entries]
    refuse(step, partition, outgoing)
    if not decisions:
        del outgoing[(names.DECISIONS, partition)]


def refuse(step: Step, partition: int, outgoing: Outgoings) -> None:
    """Adds the records that a step could not process to the batches to send."""
    for offset, record, error in step.failed:
        refused = outgoing.setdefault((names.REJECTED, 0), [])
        refused.append(rejection(names.EVENTS, partition, offset, record, error))
