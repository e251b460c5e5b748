"""A decision is computed again from the log, and a difference is named."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from detectors.decision import Decision, encode_decision
from detectors.events import OrderPlaced, decode_record, encode_record
from detectors.patterns.features import FEATURES
from sellerwatch.evidence.explain import run
from sellerwatch.evidence.explaining import explain, features_in_words
from sellerwatch.evidence.holdings import Files
from streams.errors import SettingsError
from tests.audit.conftest import SETTINGS
from tests.audit.made import Made


@pytest.fixture(scope="module")
def alerting(made: Made) -> Decision:
    """The last decision that an alert came of: models, verdicts and the policy stand before it."""
    return [decision for decision in made.decisions if decision.outcome in ("first", "escalated")][-1]


def test_the_log_gives_the_decision_again_byte_for_byte(made: Made, alerting: Decision, tmp_path: Path) -> None:
    files = made.write(tmp_path)

    found = explain(alerting.event_id, Files([files["log"]], [files["decisions"]]), SETTINGS)

    assert found.equal is True
    assert found.differences == []
    assert found.recomputed == alerting
    assert found.published > 0
    of_seller = sum(decode_record(line).seller_id == alerting.seller_id for line in made.log)
    assert 0 < found.records <= of_seller < len(made.log)


def test_each_of_a_sellers_decisions_is_found_again_from_its_records_alone(made: Made, tmp_path: Path) -> None:
    files = made.write(tmp_path)
    holdings = Files([files["log"]], [files["decisions"]])
    sellers = {decision.seller_id: decision for decision in made.decisions}

    for decision in list(sellers.values())[:3]:
        assert explain(decision.event_id, holdings, SETTINGS).equal is True


def test_a_decision_that_was_changed_is_not_equal_and_the_difference_is_named(
    made: Made, alerting: Decision, tmp_path: Path
) -> None:
    level = bytes([alerting.features[0] ^ 1]) + alerting.features[1:]
    forged = msgspec.structs.replace(alerting, score=0.1, features=level, reasons=alerting.reasons[1:])
    kept = [forged if decision is alerting else decision for decision in made.decisions]
    files = replace(made, decisions=kept).write(tmp_path)

    found = explain(alerting.event_id, Files([files["log"]], [files["decisions"]]), SETTINGS)

    assert found.equal is False
    named = {difference.what for difference in found.differences}
    assert {"score", f"feature {FEATURES[0]}", f"reason {alerting.reasons[0].code}"} <= named
    assert run(alerting.event_id, [files["log"]], [files["decisions"]], SETTINGS, as_json=False) == 1


def test_a_record_that_was_changed_gives_another_decision(made: Made, alerting: Decision, tmp_path: Path) -> None:
    log = list(made.log)
    at = next(n for n, line in enumerate(log) if f'"event_id":"{alerting.event_id}"'.encode() in line)
    while not isinstance((record := decode_record(log[at])).body, OrderPlaced) or (
        record.seller_id != alerting.seller_id
    ):
        at -= 1
    body = msgspec.structs.replace(record.body, amount_minor=record.body.amount_minor * 90)
    log[at] = encode_record(msgspec.structs.replace(record, body=body))
    files = replace(made, log=log).write(tmp_path)

    assert explain(alerting.event_id, Files([files["log"]], [files["decisions"]]), SETTINGS).equal is False


def test_without_the_decision_it_is_shown_and_not_called_equal(made: Made, alerting: Decision, tmp_path: Path) -> None:
    files = made.write(tmp_path)

    found = explain(alerting.event_id, Files([files["log"]]), SETTINGS)

    assert (found.equal, found.recorded) == (None, None)
    assert encode_decision(found.recomputed) == encode_decision(alerting)


def test_what_is_no_decision_is_said(made: Made, tmp_path: Path) -> None:
    files = made.write(tmp_path)

    for wrong, says in (("evt-nowhere", "no event"), ("verdict-1", "teach")):
        with pytest.raises(SettingsError, match=says):
            explain(wrong, Files([files["log"]]), SETTINGS)


def test_the_command_says_it_in_words_and_in_json(
    made: Made, alerting: Decision, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = made.write(tmp_path)

    assert run(alerting.event_id, [files["log"]], [files["decisions"]], SETTINGS, as_json=False) == 0
    told = capfd.readouterr().out
    assert "byte for byte" in told
    assert alerting.reasons[0].text in told
    assert all(name in told for name, _, _ in features_in_words(alerting)[:5])

    assert run(alerting.event_id, [files["log"]], [files["decisions"]], SETTINGS, as_json=True) == 0
    assert json.loads(capfd.readouterr().out)["equal"] is True
