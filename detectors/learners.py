"""All writers of shared models, as one fold over the rows that watch hands over."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from detectors.cohorts import CohortLearner, snapshot_version
from detectors.events import SECOND, Micros
from detectors.peer_features import new_learner
from detectors.training import TrainingRow
from detectors.words_learner import WordsLearner, words_version

COHORTS: Final = "cohorts"
"""Name of the model with cohort norms and half-space trees."""
WORDS: Final = "words"
"""Name of the model of what confirmed sellers write."""


class Publication(NamedTuple):
    """A snapshot that is due."""

    model: str
    version: str
    snapshot: bytes


class Learners:
    """Each row goes to every learner; a learner passes over rows that are not for it."""

    def __init__(self, cohorts: CohortLearner, words: WordsLearner) -> None:
        self.cohorts, self.words = cohorts, words

    def learn_one(self, row: TrainingRow, offset: int) -> list[Publication]:
        """Takes in the row at an offset of the training topic; the snapshots that are due after it."""
        due = []
        self.cohorts.learn_one(row)
        if self.cohorts.due:
            snapshot = self.cohorts.snapshot()
            due.append(Publication(COHORTS, snapshot_version(offset, snapshot), snapshot))
        self.words.learn_one(row)
        if self.words.due:
            snapshot = self.words.snapshot()
            due.append(Publication(WORDS, words_version(offset, snapshot), snapshot))
        return due

    def states(self) -> Mapping[str, bytes]:
        """Everything learned, by the name of the model."""
        return {COHORTS: self.cohorts.snapshot(), WORDS: self.words.state()}

    def restore(self, model: str, state: bytes) -> bool:
        """Lets one learner go on from a state of it; False where that was of other features: it starts anew.

        Raises SnapshotError or TextModelError where the state cannot be read.
        """
        if model == WORDS:
            self.words = WordsLearner.restore(state)
            return True
        cohorts = CohortLearner.restore(state)
        if cohorts.params.features != self.cohorts.params.features:
            return False
        self.cohorts = cohorts
        return True

    def published_at(self) -> Mapping[str, Micros | None]:
        """When a snapshot of each was due last, by the log's clock."""
        return {COHORTS: self.cohorts.published_at, WORDS: self.words.published_at}


def new_learners(*, publish_every: Micros = 600 * SECOND) -> Learners:
    """Learners that have seen nothing."""
    return Learners(new_learner(publish_every=publish_every), WordsLearner(publish_every=publish_every))
