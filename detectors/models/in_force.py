"""The learned models in force: what watch scores with from one record of the log on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from detectors.batch import Column, Matrix
from detectors.language.reader import UNTAUGHT
from detectors.language.text_model import TextModel
from detectors.models.risk_model import RiskModel


class PeerModels(Protocol):
    """What the learned models say of peers; `detectors.models.cohorts.CohortModels` is one."""

    @property
    def version(self) -> str: ...

    def anomaly(self, cohorts: Sequence[str], features: Column) -> Column:
        """0..1 for each row, nan where there is no opinion; no row depends on the others."""
        ...

    def norms(self, cohorts: Sequence[str]) -> Matrix:
        """The peers' norm of each feature, a row for each cohort."""
        ...


@dataclass(frozen=True)
class Models:
    """One version of each model."""

    peers: PeerModels
    risk: RiskModel | None = None
    """How likely an order turns out bad; None until enough labels have come."""
    challenger: RiskModel | None = None
    """Scores in the shadow: its opinion is noted, and counts nowhere."""
    words: TextModel = UNTAUGHT
    """How like those of confirmed sellers a text is."""

    @property
    def versions(self) -> Mapping[str, str]:
        versions = {"model": self.peers.version}
        if self.risk is not None:
            versions["risk"] = self.risk.version
        if self.challenger is not None:
            versions["challenger"] = self.challenger.version
        if self.words.ready:
            versions["words"] = self.words.version
        return versions
