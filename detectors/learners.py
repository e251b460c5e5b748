"""The models that one writer learns from the rows of all sellers, side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, Self

from detectors.cohorts import CohortLearner, SnapshotError
from detectors.events import SECOND, Micros
from detectors.features import FEATURES
from detectors.peer_features import new_learner
from detectors.risk_learner import CHALLENGER, RiskLearner
from detectors.risk_snapshot import RiskSnapshotError
from detectors.training import TrainingRow

COHORTS: Final = "cohorts"
"""Name of the model of what is usual: cohort norms and half-space trees."""
RISK: Final = "risk"
"""Name of the model of what turns out bad."""
MODELS: Final = (COHORTS, RISK, CHALLENGER)
"""All that learn publishes, in the order in which it does."""


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


@dataclass(frozen=True)
class Learners:
    """Every shared model's learner, by name."""

    of: dict[str, SharedLearner]

    @classmethod
    def new(cls, publish_every: Micros = 600 * SECOND) -> Self:
        """Learners that have seen nothing."""
        return cls({name: _new(name, publish_every) for name in (COHORTS, RISK)})

    def learn_one(self, row: TrainingRow, offset: int) -> Iterator[Published]:
        """Lets all of them learn a row; gives what is to be published after it.

        Args:
            offset: Of the row in the training topic.
        """
        for part, (name, learner) in enumerate(self.of.items()):
            learner.learn_one(row)
            if learner.due:
                publication = learner.publication()
                yield Published(name, part, learner.version(offset, publication), publication)

    def restore(self, name: str, snapshot: bytes) -> None:
        """Puts one of them where the learner of the snapshot stood.

        Raises:
            UnreadableLearnerError: It stays as it was.
        """
        try:
            restored: CohortLearner | RiskLearner
            restored = CohortLearner.restore(snapshot) if name == COHORTS else RiskLearner.restore(name, snapshot)
        except (SnapshotError, RiskSnapshotError) as error:
            raise UnreadableLearnerError(str(error)) from error
        if restored.params.features != FEATURES:
            raise UnreadableLearnerError("learned from other features")
        self.of[name] = restored


def _new(name: str, publish_every: Micros) -> SharedLearner:
    if name == COHORTS:
        return new_learner(publish_every=publish_every)
    return RiskLearner(name, FEATURES, pairs=PAIRS, publish_every=publish_every)


PAIRS: Final = (
    ("disputes_30d", "bad_since"),
    ("bad_episode", "bad_since"),
    ("buyer_amount_high", "buyer_bad"),
)
"""Features whose meaning depends on each other."""
