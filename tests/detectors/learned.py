"""A risk model that has learned something of the monitor's own features, for tests of what scores with it."""

import random
from dataclasses import replace
from functools import lru_cache

from detectors.models.in_force import Models
from detectors.models.learners import PAIRS
from detectors.models.risk_learner import RiskLearner
from detectors.models.risk_model import RiskModel
from detectors.patterns.features import FEATURES
from tests.builders import PRIOR_MODELS
from tests.detectors.orders_with_labels import labelled, order


def learned_models(risk: str = "risk-test", challenger: str = "risk-test") -> Models:
    """Where large amounts at young sellers turn out bad, and a challenger that says the same, in these versions."""
    models = [RiskModel(_publication(), version, FEATURES) for version in (risk, challenger)]
    return replace(PRIOR_MODELS, risk=models[0], challenger=models[1])


@lru_cache(maxsize=1)
def _publication() -> bytes:
    draw, learner = random.Random(4), RiskLearner("risk", FEATURES, pairs=PAIRS)
    amount, age = FEATURES.index("order_amount"), FEATURES.index("account_new")
    for number in range(4_000):
        features = [round(draw.random(), 3) for _ in FEATURES]
        row = order(number, tuple(features))
        learner.learn_one(row)
        if features[amount] > 0.3 and features[age] > 0.4 and draw.random() < 0.8:
            learner.learn_one(labelled(row, "bad"))
    return learner.publication()
