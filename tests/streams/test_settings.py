"""Settings come from the environment or a file, and wrong ones are named."""

from datetime import timedelta
from pathlib import Path
from traceback import format_exception

import pytest

from streams.errors import SettingsError
from streams.settings import load_settings


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("SELLERWATCH_"):
            monkeypatch.delenv(name)


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "sellerwatch.toml"
    file.write_text('namespace = "file"\nkafka_brokers = ["a:1", "b:2"]\nquiet_period = "PT1H"\n')
    monkeypatch.setenv("SELLERWATCH_NAMESPACE", "env")

    settings = load_settings(file)

    assert settings.namespace == "env"
    assert settings.kafka_brokers == ["a:1", "b:2"]
    assert settings.quiet_period == timedelta(hours=1)


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELLERWATCH_KAFKA_BROKERS", "a:1, b:2")
    monkeypatch.setenv("SELLERWATCH_HASH_KEYS", "k2:0123456789abcdef,k1:fedcba9876543210")

    settings = load_settings()

    assert settings.kafka_brokers == ["a:1", "b:2"]
    assert [key.kid for key in settings.hashing()] == ["k2", "k1"]


def test_a_secret_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("a secret of models\n")
    monkeypatch.setenv("SELLERWATCH_MODEL_KEYS_FILE", str(tmp_path / "key"))

    assert load_settings().signing() == [b"a secret of models"]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ALERT_THRESHOLD", "high", "SELLERWATCH_ALERT_THRESHOLD"),
        ("ALERT_THRESHOLD", "1.5", "SELLERWATCH_ALERT_THRESHOLD"),
        ("HASH_KEYS", "nokid", "id:secret"),
        ("MODEL_KEYS", "short", "16 characters"),
        ("WEBHOOK_URL", "https://example.org", "webhook_secrets"),
        ("KAFKA_SECURITY", "SASL_SSL", "kafka_username"),
        ("QUIET_PERIOD", "90x", "seconds, or ISO 8601"),
        ("WAIT_FOR_ORDER", "P2D", "SELLERWATCH_WAIT_FOR_ORDER"),
        ("WAIT_FOR_ORDER", "-PT1S", "SELLERWATCH_WAIT_FOR_ORDER"),
        ("QUIET_PERIOD", "-PT1H", "SELLERWATCH_QUIET_PERIOD"),
        ("ENTITY_LIFETIME", "0", "SELLERWATCH_ENTITY_LIFETIME"),
        ("PUBLISH_INTERVAL", "0", "SELLERWATCH_PUBLISH_INTERVAL"),
        ("KAFKA_BROKERS", ",", "host:port"),
        ("KAFKA_BROKERS", "kafka-1:9092 kafka-2:9092", "host:port"),
        ("KAFKA_BROKERS", "http://kafka:9092", "host:port"),
        ("KAFKA_API_VERSION", "latest", "SELLERWATCH_KAFKA_API_VERSION"),
        ("HASH_KEYS", "k1:0123456789abcdef,k1:fedcba9876543210", "id of its own"),
        ("HASH_KEYS", "k1:" + "ä" * 40, "id:secret"),
        ("CONFIG_FILE", __file__, "did you mean SELLERWATCH_CONFIG"),
        ("DATABASE_URL", "x", "no such setting"),
        ("ALERT_TRESHOLD", "0.9", "did you mean SELLERWATCH_ALERT_THRESHOLD"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str) -> None:
    monkeypatch.setenv(f"SELLERWATCH_{name}", value)

    with pytest.raises(SettingsError, match=says) as caught:
        load_settings()

    assert "nokid" not in str(caught.value)
    assert "short" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://user:swordfish/swordfish@redis.example:6379/0",
        "redis://user:#swordfish@redis.example/0",
        "redis://user:swordfish?@redis.example/0",
        "redis://user:swordfish@redis.example:swordfish/0",
        "user:swordfish@redis.example",
        "http://user:swordfish@redis.example",
        "http+cluster://user:swordfish@redis.example",
        "redis+cluster://user:swordfish@redis.example:6379/1",
        "redis://",
    ],
)
def test_a_wrong_redis_url_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("SELLERWATCH_REDIS_URL", url)

    with pytest.raises(SettingsError, match=r"SELLERWATCH_REDIS_URL.*%2F") as caught:
        load_settings()

    assert "swordfish" not in "".join(format_exception(caught.value))


def test_no_secret_is_shown_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "REDIS_URL": "rediss://user:swordfish@redis.example:6380/0",
        "HASH_KEYS": "k1:swordfish-swordfish",
        "MODEL_KEYS": "swordfish-swordfish",
        "KAFKA_PASSWORD": "swordfish",
        "WEBHOOK_SECRETS": "whsec_swordfish",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(f"SELLERWATCH_{name}", value)
    settings = load_settings()

    assert settings.redis_place == "redis.example:6380"
    assert "swordfish" not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"


def test_an_unknown_setting_in_the_file_is_named_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "sellerwatch.toml"
    file.write_text("alert_treshold = 0.7\n")

    with pytest.raises(SettingsError, match=r"sellerwatch\.toml: alert_treshold.*no such setting"):
        load_settings(file)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match=r"missing\.toml does not exist"):
        load_settings(Path("missing.toml"))


def test_a_duration_may_be_given_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELLERWATCH_QUIET_PERIOD", "3600")

    monkeypatch.setenv("SELLERWATCH_SESSION_TIMEOUT", "20")

    assert load_settings().quiet_period == timedelta(hours=1)
    assert load_settings().session_timeout == timedelta(seconds=20)


@pytest.mark.parametrize("brokers", ["kafka:9092", "10.0.0.1:9092,[::1]:9092", "kafka_1.prod.example.org:19092"])
def test_brokers_have_a_host_and_a_port(monkeypatch: pytest.MonkeyPatch, brokers: str) -> None:
    monkeypatch.setenv("SELLERWATCH_KAFKA_BROKERS", brokers)

    assert load_settings().kafka_brokers == brokers.split(",")


def test_a_file_that_is_no_text_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings"
    file.write_bytes(b"alert_threshold = 0.6\n\xff")

    with pytest.raises(SettingsError, match="not UTF-8"):
        load_settings(file)
    monkeypatch.setenv("SELLERWATCH_MODEL_KEYS_FILE", str(file))
    with pytest.raises(SettingsError, match=r"SELLERWATCH_MODEL_KEYS_FILE: .* not UTF-8"):
        load_settings()
