"""Learn: folds training rows into the shared models, and publishes them into the log."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from detectors.cohorts import SnapshotError
from detectors.events import SECOND, ModelPublished, Record, Source, encode_record
from detectors.learners import COHORTS, WORDS, Learners, Publication
from detectors.text_model import TextModelError
from detectors.training import TrainingRow, decode_row
from streams import metrics, names
from streams.app import App, consumer_of, send, take
from streams.kafka.poll import Claim, Part, Partition, Poll
from streams.kafka.producer import Outgoing
from streams.marks import Marks
from streams.signing import SignatureError, sign, verify
from streams.store.connection import Lost
from streams.store.partition import Answer, Commit, PartitionStore

log = structlog.get_logger()

LEARNER = b"learner"
"""What a signature of the stored learner is good for; a published model's is another."""
LEARNER_KEYS = {COHORTS: "learner", WORDS: "learner.words"}
"""Where what each learner has learned is kept."""
COMMIT_SECONDS = 5.0
"""The learners are written to Redis when models are published, and at least this often."""


@dataclass(slots=True)
class LearnState:
    """What learn holds for its partition."""

    learners: Learners
    marks: Marks
    committed: int
    """Position of the learners that are in Redis."""
    committed_at: float = field(default_factory=time.monotonic)
    sources: dict[str, str] = field(default_factory=dict)


class Learn:
    """The one writer of the shared models: folds a topic of one partition."""

    name = "learn"
    topics = (names.TRAINING,)
    app: App

    def __init__(
        self,
        store: PartitionStore,
        new_learners: Callable[[], Learners],
        keys: Sequence[bytes],
        *,
        log_partitions: int,
    ) -> None:
        self._store = store
        self._new_learners = new_learners
        self._keys = keys
        self._log_partitions = log_partitions
        for model in LEARNER_KEYS:
            metrics.MODELS_PUBLISHED.labels(model)
        for label in ("none", "good", "bad"):
            metrics.MODEL_ROWS.labels(label)

    # -- ownership ----------------------------------------------------------------------------

    async def claim(self, partition: Partition, generation: int) -> Claim | None:
        def ours() -> bool:
            return bool(generation == self.app.consumer_generation_id)

        try:
            keys = list(LEARNER_KEYS.values())
            claim, sources, stored = await self._store.claim(partition, generation, ours, keys)
        except Lost:
            return None
        learners = self._restored(dict(zip(LEARNER_KEYS, stored, strict=True)))
        claim.memory["state"] = LearnState(learners, Marks(sources), claim.position)
        return claim

    def _restored(self, stored: Mapping[str, bytes | None]) -> Learners:
        learners = self._new_learners()
        for model, state in stored.items():
            if state is not None:
                try:
                    if not learners.restore(model, verify(self._keys, state, purpose=LEARNER)):
                        log.warning("learner_outdated", model=model, reason="other features", consequence="a new start")
                except (SignatureError, SnapshotError, TextModelError) as error:
                    log.error("learner_refused", model=model, error=str(error), consequence="a new start")
        return learners

    async def begin(self, claim: Claim) -> None:
        await self._store.begin(claim)
        claim.memory["state"].committed = claim.position

    def forget(self, claim: Claim) -> None:
        """What is held in memory goes with the claim."""

    # -- one poll -----------------------------------------------------------------------------

    async def process(self, poll: Poll) -> None:
        started = time.perf_counter()
        taken = await take(self.app, poll)
        for claim, part in taken:
            try:
                await self._learn(claim, part)
            except Lost:
                return
            metrics.BATCH_RECORDS.labels(self.name).observe(len(part.records))
        if taken:
            metrics.BATCH_SECONDS.labels(self.name).observe(time.perf_counter() - started)

    async def tend(self) -> None:
        """Tells how old the models are; notices a rollback of Redis even where no rows come."""
        for claim in list(consumer_of(self.app).claims.values()):
            with contextlib.suppress(Lost):
                answer = await self._store.standing(claim, claim.memory["state"].committed)
                if answer is not Answer.OK:
                    self._lose(claim, answer)
            for model, published in claim.memory["state"].learners.published_at().items():
                if published is not None:
                    metrics.MODEL_AGE.labels(model).set(max(time.time() - published / SECOND, 0.0))

    async def _learn(self, claim: Claim, part: Part) -> None:
        state: LearnState = claim.memory["state"]
        for record in part.records:
            if record.offset < claim.position or record.value is None:
                continue
            row = self._read(record.value, record.offset)
            if row is None or not state.marks.advance(row.source):
                metrics.EVENTS.labels(self.name, "repeated").inc()
                continue
            due = state.learners.learn_one(row, record.offset)
            metrics.MODEL_ROWS.labels(row.label or "none").inc()
            metrics.EVENTS.labels(self.name, "applied").inc()
            if due:
                for part_number, publication in enumerate(due):
                    await self._publish(claim, publication, row, record.offset, part_number)
                await self._commit(claim, state, record.offset + 1)
                if not claim.live:
                    return
        claim.position = part.stop
        if time.monotonic() - state.committed_at > COMMIT_SECONDS:
            await self._commit(claim, state, part.stop)

    def _read(self, value: bytes, offset: int) -> TrainingRow | None:
        try:
            return decode_row(value)
        except msgspec.DecodeError as error:
            log.error("training_row_refused", offset=offset, error=str(error))
            return None

    async def _publish(self, claim: Claim, due: Publication, row: TrainingRow, offset: int, part: int) -> None:
        """Writes a model into every log partition. Repeated after a crash, it is skipped as a repeat."""
        version = due.version
        body = ModelPublished(due.model, version, sign(self._keys[0], due.snapshot))
        source = Source(names.TRAINING, claim.partition.partition, offset, part)
        records = {
            (names.EVENTS, p): [
                Outgoing(
                    None, encode_record(Record(p, source, row.logged_at, f"model/{version}", row.event_time, "", body))
                )
            ]
            for p in range(self._log_partitions)
        }
        await send(self.app, records, lambda: claim.live)
        metrics.MODELS_PUBLISHED.labels(due.model).inc()
        log.info("model_published", model=due.model, version=version, size=len(due.snapshot))

    async def _commit(self, claim: Claim, state: LearnState, position: int) -> None:
        state.sources.update(state.marks.changes())
        sets = [
            (self._store.key(claim.partition.partition, LEARNER_KEYS[model]), self._signed(learned), 0)
            for model, learned in state.learners.states().items()
        ]
        commit = Commit(state.committed, position, sets=sets, sources=state.sources)
        answers = await self._store.apply({claim: [commit]})
        if answers[claim] in (Answer.OK, Answer.DONE):
            claim.position = state.committed = position
            state.committed_at, state.sources = time.monotonic(), {}
            return
        self._lose(claim, answers[claim])

    def _signed(self, learned: bytes) -> bytes:
        return sign(self._keys[0], learned, purpose=LEARNER)

    def _lose(self, claim: Claim, answer: Answer) -> None:
        """Somebody else owns the partition, or Redis is older than it was: start again from the store."""
        log.warning("commit_refused", stage=self.name, answer=answer.value)
        if answer is Answer.MISMATCH:
            metrics.ROLLBACKS.labels(self.name).inc()
        consumer_of(self.app).lose(claim)
