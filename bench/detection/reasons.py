"""Whether reasons are reasons: how many an alert has, and whether the score falls without the first."""

import numpy as np

from bench.detection.trial import Tipped, Trial
from detectors.assessment import Assessment
from detectors.batch import Batch
from detectors.patterns.catalogue import Catalogue
from detectors.patterns.features import FEATURES
from detectors.profiles.order_rows import restored

ENOUGH = 3


def enough(trial: Trial) -> float:
    """Share of alerts with at least three reasons."""
    alerts = [alert for course in trial.courses.values() for _, alert in course.alerts]
    return sum(len(alert.reasons) >= ENOUGH for alert in alerts) / len(alerts) if alerts else float("nan")


def falls(trial: Trial) -> float:
    """Share of alerts whose seller would score lower with what the first reason observed gone."""
    catalogue = Catalogue()
    features_of = {term.code: term.feature for pattern in catalogue.seller for term in pattern.terms}
    lower = []
    for tipped in trial.tipped:
        feature = features_of[tipped.alert.reasons[0].code]
        with_it, without = _scores(catalogue, tipped, feature)
        lower.append(without < with_it)
    return sum(lower) / len(lower) if lower else float("nan")


def _scores(catalogue: Catalogue, tipped: Tipped, gone: str) -> tuple[float, float]:
    """Seller scores of the features as they were, and with one of them at nothing."""
    features = np.array([restored(tipped.decision.features)] * 2).T
    if gone in FEATURES:
        features[FEATURES.index(gone), 1] = 0.0
    opinions = np.array([tipped.opinion, np.nan if gone == "anomaly" else tipped.opinion])
    peers = np.repeat(np.array(tipped.peers).reshape(-1, 1), 2, axis=1)
    judged = Assessment(catalogue, Batch(FEATURES, features, peers, opinions), np.zeros((2, 4)))
    return judged.seller_scores[0], judged.seller_scores[1]
