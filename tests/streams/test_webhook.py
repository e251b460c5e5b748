"""One try: what is sent, what an answer means, and where it never goes."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import msgspec
import pytest
from aiohttp import web

from streams.delivery.webhook import Answer, Outcome, Webhook
from streams.errors import SettingsError
from tests.streams.delivery import (
    OTHER_SECRET,
    SECRET,
    Attempt,
    Clock,
    Endpoint,
    alert_json,
    answering,
    hanging,
)

ALERT = alert_json("alr_1")
SHORT = timedelta(seconds=1)


async def deliver(url: str, secrets: list[str] | None = None, **settings: Any) -> Answer:
    async with Webhook(url, secrets or [SECRET], **{"allow_private": True, **settings}) as webhook:
        return await webhook.deliver("alr_1", "alert.raised", ALERT)


async def test_a_receiver_gets_the_alert_as_it_stands_under_its_id() -> None:
    async with Endpoint() as endpoint:
        answer = await deliver(endpoint.url)

    assert answer == Answer(Outcome.DELIVERED, "2xx")
    assert endpoint.received["alr_1"].type == "alert.raised"
    (attempt,) = endpoint.attempts
    assert attempt.body.endswith(b',"data":' + ALERT + b"}")
    assert attempt.headers["content-type"] == "application/json"
    assert "aiohttp" not in attempt.headers["user-agent"]


async def test_two_tries_differ_in_their_time_only() -> None:
    clock = Clock()
    async with (
        Endpoint() as endpoint,
        Webhook(endpoint.url, [SECRET], allow_private=True, clock=clock) as webhook,
    ):
        for _ in range(2):
            assert (await webhook.deliver("alr_1", "alert.raised", ALERT)).outcome is Outcome.DELIVERED
            clock.now += 60

    first, second = endpoint.attempts
    assert int(second.headers["webhook-timestamp"]) == int(first.headers["webhook-timestamp"]) + 60
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    time = re.compile(rb'^\{"type":"alert\.raised","timestamp":"[0-9T:-]{19}Z",')
    assert time.sub(b"", first.body, count=1) == time.sub(b"", second.body, count=1) == b'"data":' + ALERT + b"}"
    sent_at = datetime.fromisoformat(msgspec.json.decode(second.body)["timestamp"])
    assert sent_at.timestamp() == int(second.headers["webhook-timestamp"])


@pytest.mark.parametrize("known", [SECRET, OTHER_SECRET])
async def test_while_secrets_rotate_a_receiver_that_knows_either_accepts(known: str) -> None:
    async with Endpoint(secret=known) as endpoint:
        answer = await deliver(endpoint.url, [SECRET, OTHER_SECRET])

    assert answer.outcome is Outcome.DELIVERED
    assert len(endpoint.attempts[0].headers["webhook-signature"].split(" ")) == 2


async def test_a_receiver_that_knows_another_secret_refuses() -> None:
    async with Endpoint(secret=OTHER_SECRET) as endpoint:
        assert await deliver(endpoint.url, [SECRET]) == Answer(Outcome.REFUSED, "4xx")
    assert not endpoint.received


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        (200, Outcome.DELIVERED, "2xx"),
        (202, Outcome.DELIVERED, "2xx"),
        (304, Outcome.FAILED, "3xx"),
        (400, Outcome.REFUSED, "4xx"),
        (404, Outcome.REFUSED, "4xx"),
        (410, Outcome.GONE, "4xx"),
        (429, Outcome.FAILED, "429"),
        (500, Outcome.FAILED, "5xx"),
        (503, Outcome.FAILED, "5xx"),
    ],
)
async def test_what_a_status_means(status: int, outcome: Outcome, code: str) -> None:
    async with Endpoint(answering(status)) as endpoint:
        assert await deliver(endpoint.url) == Answer(outcome, code)


@pytest.mark.parametrize(
    ("status", "value", "seconds"),
    [
        (429, "5", 5.0),
        (503, "120", 120.0),
        (429, "9" * 5000, 999_999_999_999.0),
        (429, "-3", None),
        (429, "soon", None),
        (429, "", None),
        (429, "Fri, 99 Foo 99999 25:61:61 GMT", None),
        (500, "5", None),
    ],
)
async def test_only_429_and_503_say_when_to_come_back(status: int, value: str, seconds: float | None) -> None:
    async with Endpoint(answering(status, Retry_After=value)) as endpoint:
        assert (await deliver(endpoint.url)).retry_after == seconds


@pytest.mark.parametrize(("ahead", "seconds"), [(90, 90.0), (-90, 0.0)])
async def test_a_time_to_come_back_may_be_a_date(ahead: int, seconds: float) -> None:
    clock = Clock()
    when = format_datetime(datetime.fromtimestamp(clock.now + ahead, UTC), usegmt=True)
    async with Endpoint(answering(503, Retry_After=when)) as endpoint:
        assert (await deliver(endpoint.url, clock=clock)).retry_after == seconds


async def test_a_receiver_that_does_not_answer_is_left() -> None:
    async with Endpoint(hanging) as endpoint:
        assert await deliver(endpoint.url, timeout=SHORT) == Answer(Outcome.FAILED, "timeout")


async def test_a_connection_reset_after_sending_is_a_failure() -> None:
    async def reset(request: web.Request, attempt: Attempt) -> None:
        assert request.transport is not None
        request.transport.abort()

    async with Endpoint(reset) as endpoint:
        assert await deliver(endpoint.url) == Answer(Outcome.FAILED, "connection")
    assert list(endpoint.received) == ["alr_1"]


async def test_nobody_listening_is_a_failure() -> None:
    async with Endpoint() as endpoint:
        url = endpoint.url
    assert await deliver(url) == Answer(Outcome.FAILED, "connection")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with Endpoint() as inside, Endpoint(answering(status, Location=inside.url)) as endpoint:
        assert await deliver(endpoint.url) == Answer(Outcome.FAILED, "3xx")
    assert not inside.attempts


async def test_an_endless_answer_is_cut_off_and_its_status_counts() -> None:
    sent = 0

    async def endless(request: web.Request, attempt: Attempt) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 100 * 1024 * 1024:
            await response.write(b"x" * 65536)
            sent += 65536
        return response

    async with Endpoint(endless) as endpoint:
        assert (await deliver(endpoint.url)).outcome is Outcome.DELIVERED
    assert sent < 20 * 1024 * 1024  # what the sockets' buffers hold


async def test_an_answer_that_never_ends_does_not_undo_its_status() -> None:
    async def trickling(request: web.Request, attempt: Attempt) -> web.StreamResponse:
        response = web.StreamResponse(status=200)
        await response.prepare(request)
        await asyncio.sleep(3600)
        return response

    async with Endpoint(trickling) as endpoint:
        assert (await deliver(endpoint.url, timeout=SHORT)).outcome is Outcome.DELIVERED


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Endpoint() as proxy, Endpoint() as endpoint:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert (await deliver(endpoint.url)).outcome is Outcome.DELIVERED
    assert not proxy.attempts


class Door:
    """A listener on loopback that counts who comes in."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.visits = 0


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async def let_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.visits += 1
        writer.close()

    server = await asyncio.start_server(let_in, "127.0.0.1", 0)
    opened = Door(server.sockets[0].getsockname()[1])
    async with server:
        yield opened


async def test_a_name_that_leads_to_loopback_is_refused_before_a_connection(door: Door) -> None:
    answer = await deliver(f"https://localhost:{door.port}/", allow_private=False)

    assert answer == Answer(Outcome.FAILED, "refused_address")
    assert door.visits == 0
    await deliver(f"https://localhost:{door.port}/", allow_private=True)
    assert door.visits == 1  # it was the guard, and nothing else, that kept it out


Lookup = Callable[..., Awaitable[list[Any]]]


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::1", "::ffff:127.0.0.1", "fe80::1"])
async def test_a_name_of_the_internet_that_leads_inside_is_refused(
    address: str, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lookup(host: str, port: int, **_: Any) -> list[Any]:
        family = 10 if ":" in address else 2
        return [(family, 1, 6, "", (address, port, 0, 0) if family == 10 else (address, port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)

    answer = await deliver(f"https://hooks.example.com:{door.port}/", allow_private=False)

    assert answer == Answer(Outcome.FAILED, "refused_address")
    assert door.visits == 0


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1", "127.0.0.1."])
async def test_loopback_written_in_another_way_is_not_reached(host: str, door: Door) -> None:
    url = f"https://{host}:{door.port}/"
    try:
        answer = await deliver(url, allow_private=False)
    except SettingsError:
        answer = Answer(Outcome.FAILED, "refused_address")
    assert answer.outcome is Outcome.FAILED
    assert door.visits == 0


@pytest.mark.parametrize(
    ("secrets", "complaint"),
    [
        ([], "one or two secrets, not 0"),
        ([SECRET, OTHER_SECRET, SECRET], "one or two secrets, not 3"),
        (["c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"], "secret 1 must begin with whsec_"),
        ([SECRET, "whsec_this is no base64!"], "secret 2 is not base64"),
        (["whsec_"], "secret 1 has 0 bytes"),
        (["whsec_" + base64.b64encode(b"short").decode()], "secret 1 has 5 bytes"),
    ],
)
def test_unfit_secrets_are_refused_and_not_repeated(secrets: list[str], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint) as refused:
        Webhook("https://hooks.example.com/", secrets)
    assert not any(secret[8:] in str(refused.value) for secret in secrets if len(secret) > 8)


async def test_a_secret_may_come_without_its_padding() -> None:
    async with Endpoint(secret=SECRET) as endpoint:
        assert (await deliver(endpoint.url, [SECRET.rstrip("=")])).outcome is Outcome.DELIVERED


def test_the_signature_is_that_of_the_standard() -> None:
    # the example of the specification's own libraries
    webhook = Webhook("https://hooks.example.com/", ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
    sent_at = datetime.fromtimestamp(1614265330, UTC)

    headers = webhook._headers("msg_p5jXN8AQM9LWM0D4loKWxJek", sent_at, b'{"test": 2432232314}')

    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
