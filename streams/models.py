"""Snapshots as they travel: signed by learn, checked by watch, each parsed once."""

from collections.abc import Sequence

import structlog

from detectors.cohorts import CohortModels, SnapshotError
from detectors.events import ModelPublished
from detectors.features import FEATURES
from detectors.learners import COHORTS, WORDS
from detectors.peer_features import PRIOR
from detectors.text_model import TextModel, TextModelError
from detectors.words_learner import words_model
from streams import metrics
from streams.signing import SignatureError, unverified, verify

log = structlog.get_logger()

Model = CohortModels | TextModel


class ModelShelf:
    """Turns `model.published` into models; the same version in many partitions is parsed once.

    Args:
        keys: That a snapshot may be signed with; `None`: whoever replays a log trusts the file.
    """

    def __init__(self, keys: Sequence[bytes] | None, *, remember: int = 6) -> None:
        self.prior = CohortModels.prior(FEATURES, PRIOR)
        self._keys = keys
        self._remember = remember
        self._parsed: dict[str, Model] = {}

    def take(self, published: ModelPublished) -> Model | None:
        """The published models; `None`, with the reason logged, when they cannot be trusted or read."""
        if published.model not in (COHORTS, WORDS):
            metrics.MODELS_REFUSED.inc()
            log.warning("model_unknown", model=published.model, version=published.version)
            return None
        models = self._parsed.pop(published.version, None)
        if models is None:
            try:
                models = self._read(published)
            except (SignatureError, SnapshotError, TextModelError) as error:
                metrics.MODELS_REFUSED.inc()
                log.error("model_refused", version=published.version, error=str(error))
                return None
        self._parsed[published.version] = models
        while len(self._parsed) > self._remember:
            self._parsed.pop(next(iter(self._parsed)))
        return models

    def _read(self, published: ModelPublished) -> Model:
        snapshot = self._opened(published.snapshot)
        if published.model == WORDS:
            return words_model(snapshot, published.version)
        return CohortModels.from_snapshot(snapshot, published.version, FEATURES)

    def _opened(self, signed: bytes) -> bytes:
        return unverified(signed) if self._keys is None else verify(self._keys, signed)
