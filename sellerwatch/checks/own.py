"""The settings themselves: what is set, and what should be set otherwise."""

from collections.abc import Iterator
from datetime import timedelta

from pydantic import SecretStr

from sellerwatch.checks.finding import Finding, ok, problem, warning
from streams.settings import Settings

LEAST_LIFETIME, LEAST_INTERVAL = timedelta(days=30), timedelta(minutes=1)
LEAST_DIFFERENT = 8
"""A random secret of 16 characters has more different ones than this."""


def check_settings(settings: Settings) -> list[Finding]:
    """Looks at the keys and at who may read the metrics."""
    found = [
        _keys("hash keys", "SELLERWATCH_HASH_KEYS", settings.hash_keys, "personal values are hashed with it"),
        _keys("model keys", "SELLERWATCH_MODEL_KEYS", settings.model_keys, "model snapshots are signed with it"),
    ]
    if settings.metrics_host not in ("127.0.0.1", "::1", "localhost"):
        text = f"/metrics and health listen on {settings.metrics_host}: let only Prometheus and the supervisor in"
        found.append(ok("metrics", text))
    found += _others(settings)
    return found


def _others(settings: Settings) -> Iterator[Finding]:
    """Settings that are allowed and seldom meant."""
    if settings.log_level == "DEBUG":
        yield warning("settings", "SELLERWATCH_LOG_LEVEL=DEBUG writes a great deal", "INFO, when you have seen enough")
    if settings.entity_lifetime < LEAST_LIFETIME:
        text = f"values are forgotten after {settings.entity_lifetime}: links between sellers are missed"
        yield warning("settings", text, "SELLERWATCH_ENTITY_LIFETIME of 30 days or more")
    if settings.publish_interval < LEAST_INTERVAL:
        text = f"models are published every {settings.publish_interval}: each is written into every log partition"
        yield warning("settings", text, "SELLERWATCH_PUBLISH_INTERVAL of 10 minutes or more, but for trials")


def _keys(subject: str, variable: str, keys: list[SecretStr], use: str) -> Finding:
    if not keys:
        return problem(subject, f"{variable} is not set: no stage starts", f"set at least one; {use}")
    secrets = [key.get_secret_value().rpartition(":")[2] for key in keys]
    if any(len(set(secret)) < LEAST_DIFFERENT for secret in secrets):
        return warning(subject, f"a secret in {variable} is easy to guess", "make them by `openssl rand -hex 24`")
    if len(set(secrets)) < len(secrets):
        return warning(subject, f"a secret stands twice in {variable}", "give each key a secret of its own")
    former = len(keys) - 1
    return ok(subject, "one in force" + (f", {former} former still accepted" if former else ""))
