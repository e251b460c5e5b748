"""The settings themselves: what is set, and what should be set otherwise."""

from pydantic import SecretStr

from sellerwatch.checks.finding import Finding, ok, problem, warning
from streams.settings import Settings

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
    return found


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
