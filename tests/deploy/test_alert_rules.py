"""Each alert fires for the fault it is named after, alone; in a system that is well none does."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.conftest import CHECKOUT
from tests.services.prometheus import binary
from tests.services.skipping import skipped_unless_required

RULES = CHECKOUT / "deploy" / "prometheus" / "alerts.yml"
RECORDING = RULES.with_name("recording.yml")
RUNBOOKS = CHECKOUT / "docs" / "runbooks"
WELL = {
    'up{job="intake"}': "1x120",
    'up{job="watch"}': "1x120",
    'up{job="learn"}': "1x120",
    'up{job="dispatch"}': "1x120",
    'sellerwatch_redis_up{job="watch"}': "1x120",
    'sellerwatch_redis_rollbacks_total{stage="watch"}': "0x120",
    'sellerwatch_coordinator_errors_total{stage="watch"}': "0x120",
    'sellerwatch_partition_stopped{stage="intake",topic="orders",partition="3"}': "0x120",
    'sellerwatch_watermark_age_seconds{stage="intake",topic="orders",partition="3"}': "0x120",
    'sellerwatch_partition_lag{stage="intake",topic="orders",partition="3"}': "50000x120",
    'sellerwatch_events_total{stage="intake",result="accepted"}': "0+6000x120",
    'sellerwatch_events_total{stage="intake",result="rejected"}': "0+6x120",
    'sellerwatch_rejected_total{reason="not_json"}': "0+6x120",
    'sellerwatch_rejected_total{reason="processing_failed"}': "0x120",
    'sellerwatch_training_rows_total{label="none"}': "0+60x120",
    'sellerwatch_models_published_total{model="cohorts"}': "0+0.1x120",
    'sellerwatch_models_refused_total{job="watch"}': "0x120",
    'sellerwatch_model_age_seconds{model="cohorts"}': "600x120",
    'sellerwatch_apply_total{stage="watch",result="full"}': "0x120",
    'sellerwatch_outbox_depth{partition="0"}': "5x120",
    'sellerwatch_outbox_dead{partition="0"}': "0x120",
    "sellerwatch_outbox_oldest_seconds": "30x120",
    'sellerwatch_logged_to_applied_seconds_bucket{le="5.0"}': "0+600x120",
    "sellerwatch_logged_to_applied_seconds_count": "0+601x120",
    'sellerwatch_webhook_attempts_total{code="2xx"}': "0+6x120",
    'sellerwatch_webhook_attempts_total{code="5xx"}': "0+1x120",
    "sellerwatch_webhook_endpoint_disabled": "0x120",
}
"""Two hours, a sample a minute."""

HEADINGS = ["## What it means", "## How to see it", "## What to do", "## Whom to wake"]

FAULTS = {
    "StageMissing": {'up{job="watch"}': "0x120"},
    "RedisDown": {'sellerwatch_redis_up{job="watch"}': "0x120"},
    "RedisRolledBack": {'sellerwatch_redis_rollbacks_total{stage="watch"}': "0x116 3 3 3 3"},
    "CoordinatorErrors": {'sellerwatch_coordinator_errors_total{stage="watch"}': "0+6x120"},
    "PartitionStopped": {
        'sellerwatch_partition_stopped{stage="watch",topic="log",partition="3"}': "1x120",
        'sellerwatch_watermark_age_seconds{stage="watch",topic="log",partition="3"}': "0+60x120",
    },
    "PartitionStale": {'sellerwatch_watermark_age_seconds{stage="watch",topic="log",partition="3"}': "0+60x120"},
    "LagGrowing": {'sellerwatch_partition_lag{stage="intake",topic="orders",partition="3"}': "0+300x120"},
    "EventsRefused": {'sellerwatch_events_total{stage="intake",result="rejected"}': "0+600x120"},
    "RecordsFailed": {'sellerwatch_rejected_total{reason="processing_failed"}': "0x116 1 1 1 1"},
    "NoModel": {'sellerwatch_models_published_total{model="cohorts"}': "0x120"},
    "ModelStale": {'sellerwatch_model_age_seconds{model="cohorts"}': "90000x120"},
    "ModelRefused": {'sellerwatch_models_refused_total{job="watch"}': "0x116 1 1 1 1"},
    "OutboxBacklog": {'sellerwatch_outbox_depth{partition="0"}': "5000x120"},
    "OutboxFull": {'sellerwatch_apply_total{stage="watch",result="full"}': "0+3x120"},
    "WebhookFailing": {'sellerwatch_webhook_attempts_total{code="5xx"}': "0+30x120"},
    "WebhookDead": {'sellerwatch_outbox_dead{partition="0"}': "2x120"},
    "WebhookDisabled": {"sellerwatch_webhook_endpoint_disabled": "1x120"},
    "DecisionDelayBurnsFast": {'sellerwatch_logged_to_applied_seconds_bucket{le="5.0"}': "0+400x120"},
    "DecisionDelayBurnsSlowly": {'sellerwatch_logged_to_applied_seconds_bucket{le="5.0"}': "0+590x120"},
    "IntakeBurnsFast": {
        'sellerwatch_watermark_age_seconds{stage="intake",topic="orders",partition="3"}': "0x90 100x29",
    },
    "IntakeBurnsSlowly": {  # four minutes, a while ago
        'sellerwatch_watermark_age_seconds{stage="intake",topic="orders",partition="3"}': "0x20 100x3 0x95",
    },
    "DeliveryBurnsFast": {"sellerwatch_outbox_oldest_seconds": "30x80 600x39"},
    "DeliveryBurnsSlowly": {"sellerwatch_outbox_oldest_seconds": "30x20 600x4 30x95"},
}


def firing(series: dict[str, str], expected: str | None) -> dict[str, object]:
    """A test of promtool: after two hours, just the expected alert fires."""
    samples = [{"labels": f'{{alertname="{expected}"}}', "value": 1}] if expected else []
    query = 'group by (alertname) (ALERTS{alertstate="firing"})'
    return {
        "interval": "1m",
        "name": expected or "well",
        "input_series": [{"series": name, "values": values} for name, values in (WELL | series).items()],
        "promql_expr_test": [{"expr": query, "eval_time": "2h", "exp_samples": samples}],
    }


@pytest.fixture(scope="module")
def promtool() -> str:
    with skipped_unless_required():
        return binary("promtool")
    raise AssertionError("unreachable")


def test_rules_and_configuration_are_in_order(promtool: str) -> None:
    done = subprocess.run([promtool, "check", "config", str(RULES.parent / "prometheus.yml")], capture_output=True)

    assert done.returncode == 0, done.stderr


def test_each_alert_fires_for_its_fault_alone(promtool: str, tmp_path: Path) -> None:
    tests = [firing({}, None), *(firing(series, name) for name, series in FAULTS.items())]
    file = tmp_path / "tests.yml"
    file.write_text(
        yaml.safe_dump({"rule_files": [str(RECORDING), str(RULES)], "evaluation_interval": "4m", "tests": tests})
    )

    done = subprocess.run([promtool, "test", "rules", str(file)], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_fault_a_severity_and_what_to_do() -> None:
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]

    assert {rule["alert"] for rule in rules} == FAULTS.keys()
    assert {rule["labels"]["severity"] for rule in rules} == {"critical", "warning"}
    assert all({"summary", "mend", "runbook_url"} == rule["annotations"].keys() for rule in rules)


def test_each_alert_has_its_page_and_each_page_its_alert() -> None:
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]

    assert {rule["annotations"]["runbook_url"] for rule in rules} == {f"docs/runbooks/{name}.md" for name in FAULTS}
    assert {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"} == FAULTS.keys()


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_page_says_what_it_means_how_to_see_it_what_to_do_and_whom_to_wake(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    (rule,) = [r for r in yaml.safe_load(RULES.read_text())["groups"][0]["rules"] if r["alert"] == name]

    assert [line for line in text.splitlines() if line.startswith("#")] == [f"# {name}", *HEADINGS]
    assert f"**{rule['labels']['severity']}**" in text
    assert f"[{name}]({name}.md)" in (RUNBOOKS / "README.md").read_text()


def test_every_rule_that_an_alert_uses_is_recorded() -> None:
    recorded = {rule["record"] for group in yaml.safe_load(RECORDING.read_text())["groups"] for rule in group["rules"]}

    used = set(re.findall(r"sellerwatch:[\w:]+", RULES.read_text() + RECORDING.read_text()))
    assert used == recorded


WINDOWS = {"5m": 5, "30m": 30, "1h": 60, "2h": 120, "6h": 360, "1d": 1_440, "3d": 4_320}


@pytest.mark.parametrize(("window", "minutes"), WINDOWS.items())
def test_each_indicator_is_recorded_over_each_window(promtool: str, tmp_path: Path, window: str, minutes: int) -> None:
    """Twenty samples over twice the window: at first all well, then a tenth of decisions late, a partition of four
    stuck, alerts waiting."""
    step = max(minutes // 10, 1)
    partition = 'sellerwatch_watermark_age_seconds{stage="intake",topic="orders",partition="%d"}'
    series = {partition % number: "0x20" for number in range(3)} | {
        partition % 3: "0x8 90x11",
        "sellerwatch_outbox_oldest_seconds": "30x8 301x11",
        'sellerwatch_logged_to_applied_seconds_bucket{le="5.0"}': "0+10x8 89+9x11",
        "sellerwatch_logged_to_applied_seconds_count": "0+10x20",
    }
    expected = {"intake": 0.25, "delivery": 1.0, "decision_delay": 0.1}
    queries = [
        {
            "expr": f"round(sellerwatch:{name}:error_ratio_{window}, 0.001)",
            "eval_time": f"{20 * step}m",
            "exp_samples": [{"labels": "{}", "value": value}],
        }
        for name, value in expected.items()
    ]
    test = {
        "interval": f"{step}m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": queries,
    }
    file = tmp_path / "tests.yml"
    file.write_text(
        yaml.safe_dump({"rule_files": [str(RECORDING)], "evaluation_interval": f"{step}m", "tests": [test]})
    )

    done = subprocess.run([promtool, "test", "rules", str(file)], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
