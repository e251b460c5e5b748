"""Reasons of alerts over a made-up market: enough of them, each said once, in sentences with numbers; no ties."""

import re
from collections import Counter

import pytest

from detectors.alert_policy import Policy
from detectors.decision import Alert
from sellerwatch.replay import REPLAY_KEY, event_replay
from simulator import simulate
from streams.policy.published import PolicyShelf
from streams.settings import Settings


@pytest.fixture(scope="module")
def alerts() -> list[Alert]:
    """Of all that a small market brings."""
    replay = event_replay(PolicyShelf([REPLAY_KEY], Policy()), Settings())
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
