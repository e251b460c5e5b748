"""The models that one writer learns from the rows of all sellers, side by side."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol, Self, TypeVar

import msgspec

from detectors.events import SECOND, Micros
from detectors.language.text_model import TextModelError
from detectors.models.cohorts import CohortLearner, SnapshotError, lineage
from detectors.models.drift import DriftGuard, DriftSignal
from detectors.models.peer_features import new_learner
from detectors.models.risk_learner import CHALLENGER, RISK, RiskLearner
from detectors.models.risk_snapshot import RiskSnapshotError
from detectors.models.training import TrainingRow
from detectors.models.words_learner import WordsLearner
from detectors.patterns.features import FEATURES

COHORTS: Final = "cohorts"
"""Name of the model of what is usual: cohort norms and half-space trees."""
WORDS: Final = "words"
"""Name of the model of what confirmed sellers write."""
MODELS: Final = (COHORTS, RISK, CHALLENGER, WORDS)
"""All that is published, in this order."""
GUARD: Final = "guard"
"""Name under which the rest is kept: the guard against drift, and which models are held."""
STORED: Final = (*MODELS, GUARD)

PAIRS: Final = (
    ("disputes_30d", "bad_since"),
    ("episode_belief", "bad_since"),
    ("episode_age", "episode_clean"),
    ("episode_run", "episode_age"),
    ("episode_belief", "episode_age"),
    ("buyer_deviation", "buyer_high_share"),
    ("buyer_deviation", "buyer_bad"),
)
"""Features whose meaning depends on each other: an episode's age says something only while it lasts."""


class SharedLearner(Protocol):
    """A pure fold over training rows that now and then gives a model."""

    due: bool
    """Whether a model is to be published now, after the row learned last."""

    @property
    def published_at(self) -> Micros | None: ...

    def learn_one(self, row: TrainingRow) -> None: ...

    def publication(self) -> bytes:
        """The model for watch."""
        ...

    def version(self, training_offset: int, publication: bytes) -> str: ...

    def snapshot(self) -> bytes:
        """Everything learned, to go on from."""
        ...


class Published(NamedTuple):
    """A model that is due."""

    model: str
    part: int
    """Tells models apart that one row makes due."""
    version: str
    publication: bytes


class UnreadableLearnerError(Exception):
    """A stored learner that this version cannot read, or that learned from other features: it starts anew."""


@dataclass
class Learners:
    """Every shared model's learner, and the guard before what is learned as usual."""

    cohorts: CohortLearner
    risk: RiskLearner
    challenger: RiskLearner | None = None
    guard: DriftGuard = field(default_factory=DriftGuard)
    held: set[str] = field(default_factory=set)
    """Models that learn on but are not published, since a person has rolled them back."""
    drifts: list[DriftSignal] = field(default_factory=list)
    """Signals that nobody has taken yet."""
    words: WordsLearner = field(default_factory=WordsLearner)

    @classmethod
    def new(cls, publish_every: Micros = 600 * SECOND, *, challenged: bool = True) -> Self:
        """Learners that have seen nothing. The challenger, if there is to be one, learns faster, and without pairs."""
        return cls(
            new_learner(publish_every=publish_every),
            RiskLearner(RISK, FEATURES, pairs=PAIRS, publish_every=publish_every),
            RiskLearner(CHALLENGER, FEATURES, rate=0.4, publish_every=publish_every) if challenged else None,
            words=WordsLearner(publish_every=publish_every),
        )

    @property
    def of(self) -> Mapping[str, SharedLearner]:
        """Each model's learner, in the order of `MODELS`."""
        of: dict[str, SharedLearner] = {COHORTS: self.cohorts, RISK: self.risk}
        if self.challenger is not None:
            of[CHALLENGER] = self.challenger
        return of | {WORDS: self.words}

    def learn_one(self, row: TrainingRow, offset: int) -> Iterator[Published]:
        """Lets all of them learn a row; gives what is to be published after it.

        Args:
            offset: Of the row in the training topic.
        """
        for part, (name, learner) in enumerate(self.of.items()):
            if bool(row.texts) is not (name == WORDS) or (name == COHORTS and self._drifts(row)):
                learner.due = False
                continue
            learner.learn_one(row)
            if learner.due and name not in self.held:
                yield self._published(name, part, offset)

    def _published(self, name: str, part: int, offset: int) -> Published:
        learner = self.of[name]
        if isinstance(learner, RiskLearner):
            learner.publishes_as(name, offset)
        publication = learner.publication()
        return Published(name, part, learner.version(offset, publication), publication)

    def _drifts(self, row: TrainingRow) -> bool:
        """Whether an unlabelled row of the sample is to be kept from what is usual, since its cohort has changed."""
        if row.extra or row.suspicious or row.label is not None or len(row.features) != len(FEATURES):
            return False
        cohort = lineage(row.cohort)[min(1, len(lineage(row.cohort)) - 1)]
        values, norm = self.cohorts.against_norm(row)
        signal = self.guard.learn_one(cohort, values, norm, row.logged_at)
        if signal is not None:
            self.drifts.append(signal)
        return self.guard.holds(cohort, row.logged_at)

    # -- what people ask for --------------------------------------------------------------------

    def hold(self, model: str) -> None:
        """From now on the model learns without being published."""
        self.held.add(model)

    def release(self, model: str) -> None:
        self.held.discard(model)

    def promote(self, offset: int) -> Iterator[Published]:
        """Lets the challenger and the champion change places; gives what both publish in their new ones."""
        if self.challenger is None or self.challenger.published_at is None:
            return
        self.risk, self.challenger = self.challenger, self.risk
        self.risk.publishes_as(RISK, offset)
        self.challenger.publishes_as(CHALLENGER, offset)
        self.held.discard(RISK)
        yield self._published(RISK, 1, offset)
        if self.challenger.published_at is not None:
            yield self._published(CHALLENGER, 2, offset)

    # -- what is kept ---------------------------------------------------------------------------

    def snapshots(self) -> Mapping[str, bytes]:
        """By the names of `STORED`."""
        kept = {name: learner.snapshot() for name, learner in self.of.items()}
        return kept | {GUARD: msgspec.msgpack.encode((sorted(self.held), self.guard.state()))}

    def restore(self, name: str, snapshot: bytes) -> None:
        """Puts one of them where that of the snapshot stood.

        Raises:
            UnreadableLearnerError: It stays as it was.
        """
        try:
            if name == GUARD:
                held, state = msgspec.msgpack.decode(snapshot, type=tuple[list[str], bytes])
                self.guard, self.held = DriftGuard.restore(state), set(held)
            elif name == CHALLENGER and self.challenger is None:
                return
            elif name == WORDS:
                self.words = WordsLearner.restore(snapshot)
            elif name == COHORTS:
                self.cohorts = _of_these_features(CohortLearner.restore(snapshot))
            else:
                setattr(self, name, _of_these_features(RiskLearner.restore(name, snapshot)))
        except (SnapshotError, RiskSnapshotError, TextModelError, ValueError) as error:
            raise UnreadableLearnerError(str(error)) from error


L = TypeVar("L", CohortLearner, RiskLearner)


def _of_these_features(learner: L) -> L:
    if learner.params.features != FEATURES:
        raise UnreadableLearnerError("learned from other features")
    return learner
