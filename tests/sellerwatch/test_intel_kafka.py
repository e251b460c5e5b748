"""`intel load` against a broker: every event is there when it says so."""

import json
from pathlib import Path

import pytest

from sellerwatch.intel import run
from streams import names
from streams.errors import UnavailableError
from streams.settings import Settings
from tests.console.brokers import embedded, read, settings_for


def test_every_event_of_a_load_is_on_the_topic_and_the_act_before_them(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("kind,value\n" + "".join(f"email,mule-{number}@example.com\n" for number in range(1_500)))
    with embedded(names.ACTS, "intel") as broker:
        settings = settings_for(broker)
        run([path], [], None, settings, at="2026-03-01T00:00:00Z", withdraw=False)
        found = {json.loads(value)["value"] for value in read(settings, "intel")}
        (act,) = [json.loads(value) for value in read(settings, names.ACTS)]
    assert len(found) == 1_500
    assert (act["act"], act["role"]) == ("intel.loaded", "operator")
    assert act["details"] == {"listed": 1_500, "withdrawn": 0}


def test_a_broker_that_is_away_is_said_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("kind,value\nemail,a@example.com\n")
    settings = Settings(kafka_brokers=["127.0.0.1:1"], kafka_api_version="0.11")

    with pytest.raises(UnavailableError, match=r"cannot be reached at 127.0.0.1:1, so nothing was done"):
        run([tmp_path / "own.csv"], [], None, settings, at="", withdraw=False)
