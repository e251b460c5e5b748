"""Reasons of alerts over a made-up market: enough of them, each said once, in sentences with numbers; no ties."""

import re
from collections import Counter

import pytest

from detectors.alert_policy import Policy
from detectors.decision import Alert
from detectors.peer_features import new_learner
from simulator import simulate
from streams.models import ModelShelf
from streams.policy.published import PolicyShelf
from streams.privacy import HashKey, Pseudonyms
from streams.replay import EventReplay

KEY = b"a key of a replay for tests"


@pytest.fixture(scope="module")
def alerts() -> list[Alert]:
    """Of all that a small market brings."""
    shelf, policies = ModelShelf([KEY]), PolicyShelf([KEY], Policy())
    replay = EventReplay(shelf, policies, Pseudonyms([HashKey("t", KEY)]), new_learner(), KEY, wait=600_000_000)
    found = []
    for step in replay.run(simulate(seed=21, sellers=120, days=12).events()):
        found += [alert for effects in step.effects for alert in effects.alerts]
    return found


def test_nearly_every_alert_has_three_reasons_and_none_is_told_twice(alerts: list[Alert]) -> None:
    enough = [alert for alert in alerts if len(alert.reasons) >= 3]

    assert len(alerts) >= 10
    assert len(enough) >= 0.95 * len(alerts)
    for alert in alerts:
        texts = [reason.text for reason in alert.reasons]
        assert len(set(texts)) == len(texts)
        assert len({reason.code for reason in alert.reasons}) == len(texts)
        assert round(sum(reason.contribution for reason in alert.reasons), 6) == alert.score


def test_every_reason_is_a_sentence_with_a_number(alerts: list[Alert]) -> None:
    for text in {reason.text for alert in alerts for reason in alert.reasons}:
        assert re.search(r"\d", text), text
        assert " " in text
        assert "_" not in text.partition(" as seller_")[0], text


def test_no_two_alerts_tie(alerts: list[Alert]) -> None:
    scores = Counter(alert.score for alert in alerts)

    assert max(scores.values()) == 1
    assert max(scores) < 1.0
