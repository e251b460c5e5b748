"""Snapshots as they travel: signed by learn, checked by watch, each parsed once."""

from collections.abc import Sequence

import msgspec
import structlog

from detectors.budget import decode_line
from detectors.cohorts import CohortModels, SnapshotError
from detectors.events import ModelPublished
from detectors.features import FEATURES
from detectors.peer_features import PRIOR
from streams import metrics
from streams.signing import SignatureError, unverified, verify

log = structlog.get_logger()

COHORTS = "cohorts"
"""Name of the model that learn publishes: cohort norms and half-space trees."""


class ModelShelf:
    """Turns `model.published` into models; the same version in many partitions is parsed once.

    Args:
        keys: That a snapshot may be signed with; `None`: whoever replays a log trusts the file.
    """

    def __init__(self, keys: Sequence[bytes] | None, *, remember: int = 4) -> None:
        self.prior = CohortModels.prior(FEATURES, PRIOR)
        self._keys = keys
        self._remember = remember
        self._parsed: dict[str, CohortModels] = {}

    def take(self, published: ModelPublished) -> CohortModels | None:
        """The published models; `None`, with the reason logged, when they cannot be trusted or read."""
        if published.model != COHORTS:
            metrics.MODELS_REFUSED.inc()
            log.warning("model_unknown", model=published.model, version=published.version)
            return None
        models = self._parsed.pop(published.version, None)
        if models is None:
            try:
                models = CohortModels.from_snapshot(self._opened(published.snapshot), published.version, FEATURES)
            except (SignatureError, SnapshotError) as error:
                metrics.MODELS_REFUSED.inc()
                log.error("model_refused", version=published.version, error=str(error))
                return None
        self._parsed[published.version] = models
        while len(self._parsed) > self._remember:
            self._parsed.pop(next(iter(self._parsed)))
        return models

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
