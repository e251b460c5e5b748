"""Snapshots as they travel: signed by learn, checked by watch, each parsed once."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import structlog

from detectors.budget import decode_line
from detectors.events import ModelPublished
from detectors.language.text_model import TextModel, TextModelError
from detectors.models.cohorts import CohortModels, SnapshotError
from detectors.models.in_force import Models
from detectors.models.learners import COHORTS, MODELS, WORDS
from detectors.models.peer_features import PRIOR
from detectors.models.risk_learner import RISK
from detectors.models.risk_model import RiskModel
from detectors.models.risk_snapshot import RiskSnapshotError
from detectors.models.words_learner import words_model
from detectors.patterns.features import FEATURES
from streams import metrics
from streams.signing import SignatureError, unverified, verify

log = structlog.get_logger()


class ModelShelf:
    """Turns `model.published` into models; the same version in many partitions is parsed once.

    Args:
        keys: That a snapshot may be signed with; `None`: whoever replays a log trusts the file.
    """

    def __init__(self, keys: Sequence[bytes] | None, *, remember: int = 4) -> None:
        self.prior = Models(CohortModels.prior(FEATURES, PRIOR))
        self._keys = keys
        self._remember = remember
        self._parsed: dict[tuple[str, str], CohortModels | RiskModel | TextModel] = {}

    def take(self, models: Models, published: ModelPublished) -> Models | None:
        """`models` with the published one in place; `None`, and the reason in the log, when it is not to be used."""
        if published.model not in MODELS:
            metrics.MODELS_REFUSED.inc()
            log.warning("model_unknown", model=published.model, version=published.version)
            return None
        key = published.model, published.version
        model = self._parsed.pop(key, None)
        if model is None:
            try:
                model = self._read(published)
            except (SignatureError, SnapshotError, RiskSnapshotError, TextModelError) as error:
                metrics.MODELS_REFUSED.inc()
                log.error("model_refused", model=published.model, version=published.version, error=str(error))
                return None
        self._parsed[key] = model
        while len(self._parsed) > self._remember * len(MODELS):
            self._parsed.pop(next(iter(self._parsed)))
        if isinstance(model, CohortModels):
            return replace(models, peers=model)
        if isinstance(model, TextModel):
            return replace(models, words=model)
        return replace(models, risk=model) if published.model == RISK else replace(models, challenger=model)

    def _read(self, published: ModelPublished) -> CohortModels | RiskModel | TextModel:
        snapshot = self._opened(published.snapshot)
        if published.model == WORDS:
            return words_model(snapshot, published.version)
        if published.model == COHORTS:
            return CohortModels.from_snapshot(snapshot, published.version, FEATURES)
        return RiskModel(snapshot, published.version, FEATURES)

    def line(self, published: ModelPublished) -> float | None:
        """The line that the budget asks for; `None`, with the reason logged, when it cannot be trusted or read."""
        try:
            return decode_line(self._opened(published.snapshot)).line
        except (SignatureError, msgspec.DecodeError) as error:
            metrics.MODELS_REFUSED.inc()
            log.error("line_refused", version=published.version, error=str(error))
            return None

    def _opened(self, signed: bytes) -> bytes:
        return unverified(signed) if self._keys is None else verify(self._keys, signed)
