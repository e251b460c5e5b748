"""The webhook: whether its URL may be used, and whether somebody listens there. Sends no alert."""

import asyncio
import socket
import ssl
from typing import Any

from yarl import URL

from sellerwatch.checks.certificates import judged_certificate
from sellerwatch.checks.finding import PATIENCE_SECONDS, Finding, ok, problem, warning
from streams.delivery.addresses import checked_url, is_public
from streams.delivery.webhook import Webhook
from streams.errors import SettingsError
from streams.settings import Settings

SUBJECT = "webhook"


async def check_webhook(settings: Settings) -> list[Finding]:
    """Connects to the webhook's host as dispatch would, up to the TLS handshake."""
    if settings.webhook_url is None:
        mend = "set SELLERWATCH_WEBHOOK_URL and SELLERWATCH_WEBHOOK_SECRETS"
        return [warning(SUBJECT, "not set: alerts stay in the outbox", mend)]
    secrets = [secret.get_secret_value() for secret in settings.webhook_secrets]
    allowed = settings.webhook_allow_private, settings.webhook_allow_hosts
    try:
        Webhook(settings.webhook_url, secrets, allow_private=allowed[0], allow_hosts=allowed[1])
        url = checked_url(settings.webhook_url, *allowed)
    except SettingsError as error:
        return [problem(SUBJECT, str(error), "correct SELLERWATCH_WEBHOOK_... (README)")]
    found = [warning(SUBJECT, "plain http: alerts can be read on the way", "use https")] if url.scheme == "http" else []
    try:
        async with asyncio.timeout(2 * PATIENCE_SECONDS):
            return [*found, await _reach(url, allow_private=settings.webhook_allow_private)]
    except ssl.SSLCertVerificationError as error:
        return [problem(SUBJECT, f"{url.host}: its certificate is not valid: {error.verify_message}", "renew it")]
    except (TimeoutError, OSError) as error:
        text = f"{url.host}:{url.port} cannot be reached: {error or 'no answer in time'}"
        return [*found, problem(SUBJECT, text, "start the receiver, or open the way to it; alerts wait meanwhile")]


async def _reach(url: URL, *, allow_private: bool) -> Finding:
    host, port = url.host or "", url.port or 443
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    refused = [address for address in addresses if not (allow_private or is_public(address))]
    if refused:
        mend = "only public addresses are delivered to; SELLERWATCH_WEBHOOK_ALLOW_PRIVATE=true allows others"
        return problem(SUBJECT, f"{host} is {refused[0]}, which is not public", mend)
    tls = ssl.create_default_context() if url.scheme == "https" else None
    _, writer = await asyncio.open_connection(addresses[0], port, ssl=tls, server_hostname=host if tls else None)
    try:
        return _judged(f"{host}:{port}", writer.get_extra_info("peercert"))
    finally:
        writer.close()


def _judged(where: str, certificate: dict[str, Any] | None) -> Finding:
    if not certificate:
        return ok(SUBJECT, f"{where} accepts connections")
    return judged_certificate(SUBJECT, f"{where} accepts connections", certificate)
