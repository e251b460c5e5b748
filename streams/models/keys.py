"""Under which keys of a partition the models in force stand."""

from typing import Final

from detectors.models.learners import COHORTS, MODELS


def model_key(name: str) -> str:
    """Where a partition keeps the model that is in force."""
    return "model" if name == COHORTS else f"model:{name}"


MODEL_KEYS: Final = [model_key(name) for name in MODELS]
