"""What the README says of settings, events, alerts, patterns and numbers is what the code does."""

import json
import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from detectors.alert_policy import SEVERITIES
from detectors.decision import Alert
from detectors.events import UpstreamBody
from detectors.patterns.catalogue import Catalogue
from detectors.profiles.order_rows import HORIZON
from detectors.profiles.profile import REMEMBERED_EVENTS
from streams import names
from streams.delivery.retries import Retries
from streams.names import STAGES
from streams.refused.rejected import MAX_CONSECUTIVE
from streams.topics import CONFIGS
from streams.upstream import MAX_BYTES, parse
from streams.worker import PORTS
from tests.docs.pages import page
from tests.docs.settings_table import README, settings_table, table_in

README_TEXT = README.read_text()
SAID = " ".join(README_TEXT.split())
"""Without its line breaks."""


@pytest.fixture
def examples() -> list[dict[str, Any]]:
    """The JSON objects that the README shows."""
    return [json.loads(text) for text in re.findall(r"```json\n(.*?)```", README_TEXT, re.S)]


def test_the_table_of_settings_is_what_the_settings_say() -> None:
    assert table_in(README_TEXT) == settings_table(), "renew it: python -m tests.docs.settings_table"


def test_the_example_event_is_accepted(examples: list[dict[str, Any]]) -> None:
    (event,) = [example for example in examples if "event_id" in example]

    parsed = parse(json.dumps(event).encode())

    assert parsed.seller_id == event["seller_id"]
    assert set(event) - {"event_id", "event_time", "type", "seller_id"} <= set(parsed.body.__struct_fields__)


def test_the_example_alert_is_an_alert_whose_contributions_add_up(examples: list[dict[str, Any]]) -> None:
    (delivered,) = [example for example in examples if "data" in example]
    strict = msgspec.defstruct("Strict", [(f.name, f.type) for f in msgspec.structs.fields(Alert) if f.required])

    alert = msgspec.convert(delivered["data"], Alert)

    assert set(strict.__struct_fields__) <= set(delivered["data"]) <= set(Alert.__struct_fields__)
    assert delivered["type"] == alert.type
    assert sum(reason.contribution for reason in alert.reasons) == pytest.approx(alert.score, abs=1e-9)
    assert alert.pattern in {pattern.name for pattern in Catalogue().seller}
    assert alert.severity in SEVERITIES


def test_every_pattern_has_its_row() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \| looks for", README_TEXT, re.M))

    assert rows == {pattern.name for pattern in Catalogue().seller}


def test_every_event_type_and_every_own_topic_is_named() -> None:
    types = {str(body.__struct_config__.tag) for body in UpstreamBody.__args__}

    assert [kind for kind in sorted(types) if f"`{kind}`" not in README_TEXT] == []
    assert [topic for topic in (*names.UPSTREAM, *CONFIGS) if f"`{topic}`" not in README_TEXT] == []


def test_the_schedule_of_tries_is_the_one_in_force() -> None:
    schedule = ", ".join(map(_say, Retries().delays))

    assert f"after {schedule}, then every {_say(Retries().delays[-1])}" in SAID
    assert f"until {_say(Retries().give_up_after)} after the first" in SAID


def _say(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    size, unit = next((s, u) for s, u in ((3600, "h"), (60, "min"), (1, "s")) if seconds % s == 0)
    return f"{seconds // size} {unit}"


@pytest.mark.parametrize(
    "said",
    [
        f"the last {REMEMBERED_EVENTS} event ids",
        f"{MAX_BYTES // 1024} KiB",
        f"more than {MAX_CONSECUTIVE} in a row",
        f"{HORIZON // 86_400_000_000} days",
        *(f"{PORTS[stage]} {stage}" for stage in STAGES),
    ],
)
def test_the_numbers_that_users_plan_with_are_those_of_the_code(said: str) -> None:
    assert said in SAID


def test_every_decision_is_in_the_index() -> None:
    decisions = page("docs/decisions/README.md")
    files = {file.name for file in (README.parent / decisions.path).parent.glob("*.md")} - {"README.md"}

    assert set(decisions.links) == files
