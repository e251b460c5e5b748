"""Learn: folds training rows into the shared models, and publishes them into the log."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
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
from detectors.events import SECOND, Micros, ModelPublished, Record, Source, encode_record
from detectors.models.learners import COHORTS, MODELS, STORED, Learners, Published, UnreadableLearnerError
from detectors.models.risk_learner import RiskLearner
from detectors.models.training import TrainingRow, decode_row
from detectors.models.validation import Figures as Judged
from streams import metrics, names
from streams.app import App, consumer_of, send, take
from streams.kafka.poll import Claim, Part, Partition, Poll
from streams.kafka.producer import Outgoing
from streams.marks import Marks
from streams.models.commands import (
    SIGNED,
    UNJUDGED,
    Announcement,
    Figures,
    encode_announcement,
    slots_of,
    unpack_command,
)
from streams.signing import SignatureError, sign, unverified, verify
from streams.store.connection import Lost
from streams.store.partition import Answer, Commit, PartitionStore

log = structlog.get_logger()

LEARNER = b"learner"
"""What a signature of the stored learner is good for; a published model's is another."""


def learner_key(name: str) -> str:
    """Where the learner of a model is kept."""
    return "learner" if name == COHORTS else f"learner:{name}"


COMMIT_SECONDS = 5.0
"""The learner is written to Redis when models are published, and at least this often."""


@dataclass(slots=True)
class LearnState:
    """What learn holds for its partition."""

    learners: Learners
    marks: Marks
    committed: int
    """Position of the learners that is in Redis."""
    line: LineKeeper = field(default_factory=LineKeeper)
    """What the budget of alerts asks for."""
    committed_at: float = field(default_factory=time.monotonic)
    sources: dict[str, str] = field(default_factory=dict)
    announced: list[Announcement] = field(default_factory=list)
    """Publications that are not committed yet."""


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
        for name in MODELS:
            metrics.MODELS_PUBLISHED.labels(name)
        for label in ("none", "good", "bad"):
            metrics.MODEL_ROWS.labels(label)

    # -- ownership ----------------------------------------------------------------------------

    async def claim(self, partition: Partition, generation: int) -> Claim | None:
        def ours() -> bool:
            return bool(generation == self.app.consumer_generation_id)

        try:
            keys = [*(learner_key(name) for name in STORED), "line"]
            claim, sources, (*stored, line) = await self._store.claim(partition, generation, ours, keys)
        except Lost:
            return None
        learners = self._restored(dict(zip(STORED, stored, strict=True)))
        claim.memory["state"] = LearnState(
            learners, Marks(sources), claim.position, decode_keeper(line) if line else LineKeeper()
        )
        return claim

    def _restored(self, stored: Mapping[str, bytes | None]) -> Learners:
        learners = self._new_learners()
        for name, signed in stored.items():
            try:
                if signed is not None:
                    learners.restore(name, verify(self._keys, signed, purpose=LEARNER))
            except (SignatureError, UnreadableLearnerError) as error:
                log.error("learner_refused", model=name, error=str(error), consequence="a new start")
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
            for name, learner in claim.memory["state"].learners.of.items():
                if isinstance(learner, RiskLearner):
                    _tell(name, learner.validation.figures())
                if learner.published_at is not None:
                    metrics.MODEL_AGE.labels(name).set(max(time.time() - learner.published_at / SECOND, 0.0))

    async def _learn(self, claim: Claim, part: Part) -> None:
        state: LearnState = claim.memory["state"]
        for record in part.records:
            if record.offset < claim.position or record.value is None:
                continue
            if record.value.startswith(SIGNED):
                await self._obey(claim, state, record.value, record.offset)
                continue
            if await self._keep_line(claim, state, record.value, record.offset):
                continue
            row = self._read(record.value, record.offset)
            if row is None or not state.marks.advance(row.source):
                metrics.EVENTS.labels(self.name, "repeated").inc()
                continue
            due = list(state.learners.learn_one(row, record.offset))
            metrics.MODEL_ROWS.labels(row.label or "none").inc()
            metrics.EVENTS.labels(self.name, "applied").inc()
            self._note_drift(state.learners)
            if due:
                for published in due:
                    await self._publish(claim, state, published, row.logged_at, record.offset)
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

    def _note_drift(self, learners: Learners) -> None:
        for drift in learners.drifts:
            metrics.DRIFTS.inc()
            log.warning(
                "drift_detected", cohort=drift.cohort, distance=drift.distance, before=drift.before, held_for="1 day"
            )
        learners.drifts.clear()

    async def _obey(self, claim: Claim, state: LearnState, value: bytes, offset: int) -> None:
        """Does what a person asks of the models; a command that we cannot trust changes nothing."""
        try:
            command = unpack_command(value, self._keys)
        except (SignatureError, msgspec.DecodeError) as error:
            log.error("model_command_refused", offset=offset, error=str(error))
            return
        learners, due, figures = state.learners, list[Published](), None
        if command.action == "promote":
            due = list(learners.promote(offset))
        elif command.action == "release":
            learners.release(command.model)
        else:
            learners.hold(command.model)
            again = Published(command.model, 0, command.version, unverified(command.snapshot))
            due, figures = [again], command.figures
        for published in due:
            await self._publish(claim, state, published, command.given_at, offset, figures)
        log.warning("model_command", action=command.action, model=command.model, version=command.version)
        await self._commit(claim, state, offset + 1)

    async def _publish(
        self,
        claim: Claim,
        state: LearnState,
        due: Published,
        now: Micros,
        offset: int,
        figures: Figures | None = None,
    ) -> None:
        """Writes a model into every log partition. Repeated after a crash, it is skipped as a repeat.

        Args:
            figures: How good the version is, where that is not how good its learner is by now.
        """
        body = ModelPublished(due.model, due.version, sign(self._keys[0], due.publication))
        source = Source(names.TRAINING, claim.partition.partition, offset, due.part)
        await self._send(claim, body, source, now)
        told = figures if figures is not None else _figures(state.learners, due.model)
        state.announced.append(Announcement(body.model, body.version, now, body.snapshot, *told))
        metrics.MODELS_PUBLISHED.labels(due.model).inc()
        log.info("model_published", model=due.model, version=due.version, size=len(due.publication))

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
        line = (self._store.key(claim.partition.partition, "line"), encode_keeper(state.line), 0)
        commit = Commit(state.committed, position, sets=[line], sources=state.sources)
        for name, snapshot in state.learners.snapshots().items():
            key = self._store.key(claim.partition.partition, learner_key(name))
            commit.sets.append((key, sign(self._keys[0], snapshot, purpose=LEARNER), 0))
        for announced in state.announced:
            stored = encode_announcement(announced)
            for slot in slots_of(announced.model, announced.published_at):
                commit.sets.append((self._store.key(claim.partition.partition, slot), stored, 0))
        answers = await self._store.apply({claim: [commit]})
        if answers[claim] in (Answer.OK, Answer.DONE):
            claim.position = state.committed = position
            state.committed_at, state.sources = time.monotonic(), {}
            state.announced.clear()
            return
        self._lose(claim, answers[claim])

    def _lose(self, claim: Claim, answer: Answer) -> None:
        """Somebody else owns the partition, or Redis is older than it was: start again from the store."""
        log.warning("commit_refused", stage=self.name, answer=answer.value)
        if answer is Answer.MISMATCH:
            metrics.ROLLBACKS.labels(self.name).inc()
        consumer_of(self.app).lose(claim)


def _tell(model: str, figures: Judged) -> None:
    metrics.MODEL_JUDGED.labels(model).set(figures.rows)
    metrics.MODEL_AVERAGE_PRECISION.labels(model).set(figures.average_precision)
    metrics.MODEL_PRECISION_AT_50.labels(model).set(figures.precision_at_50)
    metrics.MODEL_CALIBRATION_ERROR.labels(model).set(figures.calibration_error)


def _figures(learners: Learners, model: str) -> Figures:
    """How good a model is by now; cohorts and words are not judged."""
    learner = learners.of.get(model)
    if not isinstance(learner, RiskLearner):
        return UNJUDGED
    of = learner.validation.figures()
    return of.rows, of.average_precision, of.precision_at_50, of.calibration_error
