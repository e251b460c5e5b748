"""Learn: folds training rows into the shared models, and publishes them into the log."""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from detectors.budget import (
    LINE,
    LineKeeper,
    PublishedLine,
    decode_candidate,
    decode_keeper,
    encode_keeper,
    encode_line,
)
from detectors.cohorts import CohortLearner, SnapshotError, snapshot_version
from detectors.events import SECOND, Micros, ModelPublished, Record, Source, encode_record
from detectors.training import TrainingRow, decode_row
from streams import metrics, names
from streams.app import App, consumer_of, send, take
from streams.kafka.poll import Claim, Part, Partition, Poll
from streams.kafka.producer import Outgoing
from streams.marks import Marks
from streams.models import COHORTS
from streams.signing import SignatureError, sign, verify
from streams.store.connection import Lost
from streams.store.partition import Answer, Commit, PartitionStore

log = structlog.get_logger()

LEARNER = b"learner"
"""What a signature of the stored learner is good for; a published model's is another."""
COMMIT_SECONDS = 5.0
"""The learner is written to Redis when models are published, and at least this often."""


@dataclass(slots=True)
class LearnState:
    """What learn holds for its partition."""

    learner: CohortLearner
    marks: Marks
    committed: int
    """Position of the learner that is in Redis."""
    line: LineKeeper = field(default_factory=LineKeeper)
    """What the budget of alerts asks for."""
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
        new_learner: Callable[[], CohortLearner],
        keys: Sequence[bytes],
        *,
        log_partitions: int,
    ) -> None:
        self._store = store
        self._new_learner = new_learner
        self._keys = keys
        self._log_partitions = log_partitions
        metrics.MODELS_PUBLISHED.labels(COHORTS)
        for label in ("none", "good", "bad"):
            metrics.MODEL_ROWS.labels(label)

    # -- ownership ----------------------------------------------------------------------------

    async def claim(self, partition: Partition, generation: int) -> Claim | None:
        def ours() -> bool:
            return bool(generation == self.app.consumer_generation_id)

        try:
            claim, sources, (stored, line) = await self._store.claim(partition, generation, ours, ["learner", "line"])
        except Lost:
            return None
        claim.memory["state"] = LearnState(
            self._restored(stored), Marks(sources), claim.position, decode_keeper(line) if line else LineKeeper()
        )
        return claim

    def _restored(self, stored: bytes | None) -> CohortLearner:
        if stored is None:
            return self._new_learner()
        new = self._new_learner()
        try:
            learner = CohortLearner.restore(verify(self._keys, stored, purpose=LEARNER))
        except (SignatureError, SnapshotError) as error:
            log.error("learner_refused", error=str(error), consequence="a new start")
            return new
        if learner.params.features != new.params.features:
            log.warning("learner_outdated", reason="other features", consequence="a new start")
            return new
        return learner

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
            published = claim.memory["state"].learner.published_at
            if published is not None:
                metrics.MODEL_AGE.labels(COHORTS).set(max(time.time() - published / SECOND, 0.0))

    async def _learn(self, claim: Claim, part: Part) -> None:
        state: LearnState = claim.memory["state"]
        for record in part.records:
            if record.offset < claim.position or record.value is None:
                continue
            if await self._keep_line(claim, state, record.value, record.offset):
                continue
            row = self._read(record.value, record.offset)
            if row is None or not state.marks.advance(row.source):
                metrics.EVENTS.labels(self.name, "repeated").inc()
                continue
            state.learner.learn_one(row)
            metrics.MODEL_ROWS.labels(row.label or "none").inc()
            metrics.EVENTS.labels(self.name, "applied").inc()
            if state.learner.due:
                await self._publish(claim, state, row, record.offset)
                await self._commit(claim, state, record.offset + 1)
                if not claim.live:
                    return
        claim.position = part.stop
        if time.monotonic() - state.committed_at > COMMIT_SECONDS:
            await self._commit(claim, state, part.stop)

    async def _keep_line(self, claim: Claim, state: LearnState, value: bytes, offset: int) -> bool:
        """Takes in what concerns the budget of alerts, and publishes its line; False: the value is something else."""
        try:
            candidate = decode_candidate(value)
        except msgspec.DecodeError as error:
            log.error("candidate_refused", offset=offset, error=str(error))
            return True
        if candidate is None:
            return False
        if state.marks.advance(candidate.source) and state.line.learn_one(candidate):
            version = f"{LINE}-{offset}-{state.line.line:.6f}"
            body = ModelPublished(LINE, version, sign(self._keys[0], encode_line(PublishedLine(state.line.line))))
            await self._send(
                claim, body, Source(names.TRAINING, claim.partition.partition, offset), candidate.logged_at
            )
            log.info("line_published", line=state.line.line)
        return True

    def _read(self, value: bytes, offset: int) -> TrainingRow | None:
        try:
            return decode_row(value)
        except msgspec.DecodeError as error:
            log.error("training_row_refused", offset=offset, error=str(error))
            return None

    async def _publish(self, claim: Claim, state: LearnState, row: TrainingRow, offset: int) -> None:
        """Writes the models into every log partition. Repeated after a crash, it is skipped as a repeat."""
        snapshot = state.learner.snapshot()
        version = snapshot_version(offset, snapshot)
        body = ModelPublished(COHORTS, version, sign(self._keys[0], snapshot))
        source = Source(names.TRAINING, claim.partition.partition, offset)
        await self._send(claim, body, source, row.logged_at, row.event_time)
        metrics.MODELS_PUBLISHED.labels(COHORTS).inc()
        log.info("model_published", model=COHORTS, version=version, size=len(snapshot))

    async def _send(
        self, claim: Claim, body: ModelPublished, source: Source, logged_at: Micros, event_time: Micros | None = None
    ) -> None:
        """Writes a publication into every log partition."""
        time_of = logged_at if event_time is None else event_time
        records = {
            (names.EVENTS, p): [
                Outgoing(None, encode_record(Record(p, source, logged_at, f"model/{body.version}", time_of, "", body)))
            ]
            for p in range(self._log_partitions)
        }
        await send(self.app, records, lambda: claim.live)

    async def _commit(self, claim: Claim, state: LearnState, position: int) -> None:
        state.sources.update(state.marks.changes())
        key = self._store.key(claim.partition.partition, "learner")
        signed = sign(self._keys[0], state.learner.snapshot(), purpose=LEARNER)
        line = (self._store.key(claim.partition.partition, "line"), encode_keeper(state.line), 0)
        commit = Commit(state.committed, position, sets=[(key, signed, 0), line], sources=state.sources)
        answers = await self._store.apply({claim: [commit]})
        if answers[claim] in (Answer.OK, Answer.DONE):
            claim.position = state.committed = position
            state.committed_at, state.sources = time.monotonic(), {}
            return
        self._lose(claim, answers[claim])

    def _lose(self, claim: Claim, answer: Answer) -> None:
        """Somebody else owns the partition, or Redis is older than it was: start again from the store."""
        log.warning("commit_refused", stage=self.name, answer=answer.value)
        if answer is Answer.MISMATCH:
            metrics.ROLLBACKS.labels(self.name).inc()
        consumer_of(self.app).lose(claim)
