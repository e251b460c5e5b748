"""TLS certificates of the brokers and of Redis: how long they are valid yet."""

import asyncio
import ssl
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sellerwatch.checks.finding import PATIENCE_SECONDS, Finding, ok, problem, warning
from streams.settings import Settings

SOON_DAYS = 21


async def check_certificates(settings: Settings) -> list[Finding]:
    """Looks at the certificate of every broker that is named, and of Redis, where TLS is spoken; else says nothing."""
    asked: list[tuple[str, str, int, Path | None]] = []
    if settings.kafka_security.endswith("SSL"):
        for broker in settings.kafka_brokers:
            host, _, port = broker.rpartition(":")
            asked.append(("kafka tls", host.strip("[]"), int(port), settings.kafka_ca_file))
    redis = urlsplit(settings.redis_url.get_secret_value())
    if redis.scheme in ("rediss", "rediss+cluster") and redis.hostname:
        asked.append(("redis tls", redis.hostname, redis.port or 6379, None))
    return list(await asyncio.gather(*(_look(*each) for each in asked)))


async def _look(subject: str, host: str, port: int, authorities: Path | None) -> Finding:
    where = f"{host}:{port}"
    try:
        context = ssl.create_default_context(cafile=str(authorities) if authorities else None)
        async with asyncio.timeout(2 * PATIENCE_SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
        certificate = writer.get_extra_info("peercert")
        writer.close()
    except ssl.SSLCertVerificationError as error:
        return problem(subject, f"{where}: its certificate is not valid: {error.verify_message}", "renew it")
    except (TimeoutError, OSError) as error:
        return problem(subject, f"{where}: no TLS connection: {error or 'no answer in time'}", "look at its listener")
    return judged_certificate(subject, where, certificate)


def judged_certificate(subject: str, where: str, certificate: dict[str, Any]) -> Finding:
    """A finding on how long a certificate is valid yet."""
    days = (ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) / 86_400
    text = f"{where}: its certificate is valid for {days:.0f} days"
    return ok(subject, text) if days > SOON_DAYS else warning(subject, text, "renew it")
