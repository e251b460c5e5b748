"""`sellerwatch console users`: who is let in is in the audit trail, and the first one and the last need no Kafka."""

import io
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from console.auth.roles import Role
from console.auth.users import Users
from sellerwatch.console import add, change_password, remove
from streams import names
from streams.errors import SettingsError, UnavailableError
from streams.settings import Settings
from tests.console.brokers import embedded, read

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n" * 9))


def settings_in(folder: Path, *brokers: str) -> Settings:
    return Settings(kafka_brokers=list(brokers), kafka_api_version="0.11", console_users=folder / "users.json")


def test_every_change_is_recorded(tmp_path: Path) -> None:
    with embedded(names.ACTS) as broker:
        settings = settings_in(tmp_path, broker.bootstrap)
        add(settings, "anna", "lead")
        change_password(settings, "anna")
        remove(settings, "anna")
        acts: list[dict[str, Any]] = [json.loads(each) for each in read(settings, names.ACTS)]
    assert [act["act"] for act in acts] == ["user.added", "user.password_changed", "user.removed"]
    assert {(act["subject"], act["subject_kind"], act["role"]) for act in acts} == {("anna", "analyst", "operator")}
    assert acts[0]["details"] == {"role": "lead"}


def test_without_kafka_nobody_but_the_first_is_let_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = settings_in(tmp_path, "127.0.0.1:1")
    add(settings, "anna", "admin")
    assert "user.added stands in no audit trail" in capsys.readouterr().err
    before = (tmp_path / "users.json").read_bytes()
    for refused in (partial(add, settings, "bo", "lead"), partial(change_password, settings, "anna")):
        with pytest.raises(UnavailableError, match="so nothing was done"):
            refused()
    assert (tmp_path / "users.json").read_bytes() == before


def test_without_kafka_somebody_can_still_be_shut_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    users = Users(tmp_path / "users.json")
    users.add("anna", Role.ADMIN, PASSWORD)
    remove(settings_in(tmp_path, "127.0.0.1:1"), "anna")
    assert "user.removed stands in no audit trail" in capsys.readouterr().err
    assert users.all() == {}


def test_what_cannot_be_done_is_said_before_anything_is_recorded(tmp_path: Path) -> None:
    Users(tmp_path / "users.json").add("anna", Role.LEAD, PASSWORD)
    settings = settings_in(tmp_path, "127.0.0.1:1")
    wrong = ((partial(add, settings, "anna", "lead"), "there already"), (partial(remove, settings, "bo"), "no user"))
    for refused, said in wrong:
        with pytest.raises(SettingsError, match=said):
            refused()
