"""A new key is made with what to do with it; which are still needed is counted; no old secret is shown."""

from pathlib import Path

import pytest

from streams.delivery.webhook import Webhook
from streams.settings import Settings
from tests.sellerwatch.operate.conftest import Ground

OLD = "a key for hashes of tests"


def test_a_new_hash_key_fits_the_settings_in_front_of_the_old_one(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ground.told("keys", "rotate")

    monkeypatch.setenv("SELLERWATCH_HASH_KEYS", f"{made['key']},k1:{OLD}")
    current, former = ground.settings.hashing()
    assert current.kid == made["name"] != former.kid
    assert len(current.secret) == 48
    assert (ground.acts()[0]["act"], ground.acts()[0]["subject"]) == ("key.rotated", made["name"])
    again = ground.told("keys", "rotate")
    assert again["name"] not in (current.kid, former.kid)
    assert len(again["name"]) <= 8


def test_old_secrets_are_not_shown_and_new_ones_not_recorded(ground: Ground) -> None:
    result = ground.run("keys", "rotate", "hash")

    secret = result.stdout.split()[0].partition(":")[2]
    assert OLD not in result.output + str(ground.acts())
    assert secret not in str(ground.acts())
    assert "shredded" in result.stdout
    assert OLD not in ground.run("keys", "list").output


def test_the_new_value_is_written_for_its_owner_alone(ground: Ground, tmp_path: Path) -> None:
    file = tmp_path / "hash_keys"

    result = ground.run("keys", "rotate", "hash", "-o", str(file))

    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().endswith(f",k1:{OLD}\n")
    assert file.read_text().split(",")[0] not in result.output
    before = file.read_text()
    assert ground.run("keys", "rotate", "hash", "-o", str(file)).exit_code == 2  # nobody says that it may be replaced
    assert file.read_text() == before


def test_keys_of_models_and_of_the_webhook_are_made_as_they_are_needed(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ground.run("keys", "rotate", "webhook").exit_code == 2  # none is set
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    monkeypatch.setenv("SELLERWATCH_WEBHOOK_SECRETS", secret)

    new = ground.told("keys", "rotate", "webhook")["key"]
    Webhook("https://example.com/", [new, secret], allow_private=False, allow_hosts=[])
    model = ground.told("keys", "rotate", "model")
    Settings.model_validate({"model_keys": [model["key"]]})
    assert "behind" in model["steps"][0]


def test_what_is_under_each_key_is_counted(ground: Ground) -> None:
    for key in ("v:buyer:k1:a", "v:buyer:k1:b", "v:email:k0:c", "v:image:00ff", "o:o-1"):
        ground.redis.set(f"{{sw.intake.3}}{key}", b"x")

    counted = {key["name"]: key["records"] for key in ground.told("keys", "list", "--count") if key["kind"] == "hash"}

    assert counted == {"k1": 2, "k0 (not set)": 1}


def test_a_mistyped_kind_does_nothing(ground: Ground) -> None:
    result = ground.run("keys", "rotate", "hsah")

    assert (result.exit_code, "did you mean hash" in result.output) == (2, True)
    assert ground.acts() == []
