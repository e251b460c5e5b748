import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sellerwatch import cli
from sellerwatch.intel import compared, events_of, indicators
from streams.errors import SettingsError
from streams.upstream import parse

AT = "2026-03-01T00:00:00Z"


def own_list(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(("name,kind,value,wallet,reason", *lines)) + "\n")
    return path


def loaded(*words: str | Path) -> list[dict[str, str]]:
    out = Path(str(words[0]))
    done = CliRunner().invoke(cli.app, ["intel", "load", "-o", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_wallets_and_contacts_of_a_list_become_events_that_intake_takes(tmp_path: Path) -> None:
    path = own_list(tmp_path / "own.csv", "Ivan Example,person,,bc1a;bc1b,fraud", ",email,a@example.com,,")
    events = loaded(tmp_path / "intel.jsonl", "--list", path, "--at", AT)

    listed = [(event["kind"], event["value"]) for event in events]
    assert listed == [("wallet", "bc1a"), ("wallet", "bc1b"), ("email", "a@example.com")]
    assert events[0]["reason"] == "fraud"
    assert {parse(json.dumps(event).encode()).type for event in events} == {"intel.listed"}
    assert "Ivan" not in json.dumps(events)


def test_what_is_gone_since_the_last_load_is_withdrawn_and_what_stayed_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    old = own_list(tmp_path / "old" / "own.csv", ",email,a@x.org,,", ",email,b@x.org,,")
    new = own_list(tmp_path / "own.csv", ",email,b@x.org,,", ",email,c@x.org,,")
    events = loaded(tmp_path / "intel.jsonl", "--list", new, "--before", old, "--at", AT)

    assert [(e["type"], e["value"]) for e in events] == [("intel.listed", "c@x.org"), ("intel.withdrawn", "a@x.org")]


def test_all_of_a_list_can_be_taken_back(tmp_path: Path) -> None:
    path = own_list(tmp_path / "own.csv", ",email,a@x.org,,")

    events = loaded(tmp_path / "i.jsonl", "--list", path, "--withdraw")

    assert [event["type"] for event in events] == ["intel.withdrawn"]


def test_equal_lists_at_an_equal_time_give_equal_bytes(tmp_path: Path) -> None:
    found = indicators([own_list(tmp_path / "own.csv", ",email,a@x.org,,", ",phone,+49 30 1,,")])
    load = compared(found, {}, withdraw=False)
    once, again, later = (list(events_of(load, at)) for at in (AT, AT, "2026-03-02T00:00:00Z"))

    assert once == again
    assert not {json.loads(event)["event_id"] for event in once} & {json.loads(event)["event_id"] for event in later}


def test_a_time_without_an_offset_is_refused(tmp_path: Path) -> None:
    path = own_list(tmp_path / "own.csv", ",email,a@x.org,,")

    words = ["intel", "load", "--list", str(path), "-o", str(tmp_path / "i.jsonl"), "--at", "yesterday"]
    with pytest.raises(SettingsError, match="--at: 'yesterday' is no time"):
        CliRunner().invoke(cli.app, words, catch_exceptions=False)
