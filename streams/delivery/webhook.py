"""One POST to the receiver of alerts: signed after Standard Webhooks, and kept out of private networks."""

import base64
import binascii
import contextlib
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Self

import aiohttp
import msgspec
import standardwebhooks
from aiohttp import ClientResponse
from msgspec import Struct

from streams.delivery.addresses import RefusedAddressError, checked_url, public_socket
from streams.errors import SettingsError

LONGEST_ANSWER = 64 * 1024
"""Bytes of an answer that are read; nobody looks at them."""
KEEP_ALIVE = timedelta(seconds=4)
"""Shorter than the 5 seconds of common servers: a connection closed under a POST costs a failed try."""


class Outcome(Enum):
    """What an answer means for the alert."""

    DELIVERED = auto()
    REFUSED = auto()
    """The receiver is up and does not want this alert: 4xx."""
    GONE = auto()
    """The receiver wants no alerts any more: 410."""
    FAILED = auto()
    """Anything else: it may go better later."""


class Answer(Struct, frozen=True):
    """How one try ended."""

    outcome: Outcome
    code: str
    """`2xx`, `3xx`, `4xx`, `429`, `5xx`, `timeout`, `connection` or `refused_address`."""
    retry_after: float | None = None
    """Seconds that the receiver asked to wait."""


class _Body(Struct):
    type: str
    timestamp: datetime
    data: msgspec.Raw


class Webhook:
    """The receiver of alerts; a context manager that holds the connections to it.

    Args:
        url: https only, unless `allow_private`.
        secrets: One or two of the form `whsec_<base64>`; each signs, so that a receiver knowing either
            accepts while they are rotated.
        allow_private: Also reach loopback and private networks, and plain http: for demos and tests.
        allow_hosts: If not empty, the only hosts that `url` may name.
        connect_timeout, timeout: Of the connection, and of the whole try.
        clock: The time, in seconds since the epoch.

    Raises:
        SettingsError: The URL or a secret is not fit for use.
    """

    def __init__(
        self,
        url: str,
        secrets: Sequence[str],
        *,
        allow_private: bool = False,
        allow_hosts: Collection[str] = (),
        connect_timeout: timedelta = timedelta(seconds=5),
        timeout: timedelta = timedelta(seconds=10),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = checked_url(url, allow_private, allow_hosts)
        self._signers = _signers(secrets)
        self._allow_private = allow_private
        self._timeout = aiohttp.ClientTimeout(
            total=timeout.total_seconds(), sock_connect=connect_timeout.total_seconds()
        )
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    @property
    def host(self) -> str:
        """The receiver's host, for logs: the rest of the URL may be secret."""
        return self._url.host or ""

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=0,  # the dispatcher bounds them
            keepalive_timeout=KEEP_ALIVE.total_seconds(),
            socket_factory=None if self._allow_private else public_socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            trust_env=False,  # a proxy would connect where we would not
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": "Sellerwatch", "Content-Type": "application/json"},
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def deliver(self, alert_id: str, kind: str, alert: bytes) -> Answer:
        """Tries once; `alert` is sent as it stands, so all tries differ in their time only."""
        if self._session is None:
            raise RuntimeError("the webhook is used outside of its `async with`")
        now = datetime.fromtimestamp(self._clock(), UTC)
        body = msgspec.json.encode(_Body(kind, now, msgspec.Raw(alert)))
        try:
            async with self._session.post(
                self._url, data=body, headers=self._headers(alert_id, now, body), allow_redirects=False
            ) as response:
                answer = self._judge(response)
                await _read_off(response)
                return answer
        except RefusedAddressError:
            return Answer(Outcome.FAILED, "refused_address")
        except TimeoutError:
            return Answer(Outcome.FAILED, "timeout")
        except (aiohttp.ClientError, OSError):
            return Answer(Outcome.FAILED, "connection")

    def _headers(self, alert_id: str, now: datetime, body: bytes) -> dict[str, str]:
        signatures = [signer.sign(alert_id, now, body.decode()) for signer in self._signers]
        return {
            "webhook-id": alert_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }

    def _judge(self, response: ClientResponse) -> Answer:
        status = response.status
        code = "429" if status == 429 else f"{status // 100}xx"
        if code == "2xx":
            return Answer(Outcome.DELIVERED, code)
        if status == 410:
            return Answer(Outcome.GONE, code)
        if status in (429, 503):
            return Answer(Outcome.FAILED, code, self._retry_after(response.headers.get("Retry-After", "")))
        return Answer(Outcome.REFUSED if code == "4xx" else Outcome.FAILED, code)

    def _retry_after(self, value: str) -> float | None:
        if value.isascii() and value.isdigit():
            return float(value[:12])
        with contextlib.suppress(ValueError, OverflowError):
            when = parsedate_to_datetime(value)
            return max(0.0, when.replace(tzinfo=when.tzinfo or UTC).timestamp() - self._clock())
        return None


async def _read_off(response: ClientResponse) -> None:
    """Reads the rest of a short answer, so that the connection can be used again; ends a long one."""
    read = 0
    with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):  # the status has decided
        async for chunk in response.content.iter_any():
            read += len(chunk)
            if read > LONGEST_ANSWER:
                break
        else:
            return
    response.close()


def _signers(secrets: Sequence[str]) -> list[standardwebhooks.Webhook]:
    if not 1 <= len(secrets) <= 2:
        raise SettingsError(f"the webhook needs one or two secrets, not {len(secrets)}")
    return [standardwebhooks.Webhook(_key(secret, place)) for place, secret in enumerate(secrets, start=1)]


def _key(secret: str, place: int) -> bytes:
    """The bytes of a secret; an error names its place, never itself."""
    prefix, _, text = secret.partition("_")
    if prefix != "whsec":
        raise SettingsError(f"webhook secret {place} must begin with whsec_")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise SettingsError(f"webhook secret {place} is not base64 after whsec_") from None
    if not 24 <= len(key) <= 64:
        raise SettingsError(f"webhook secret {place} has {len(key)} bytes; it needs 24 to 64")
    return key
