"""The receiver believes nobody but the holder of the secret, and counts each alert once."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from standardwebhooks import Webhook as Signer

from sellerwatch.embedded.processes import free_port
from sellerwatch.receiver import ReceivedAlert, Receiver
from streams.delivery.webhook import Outcome, Webhook
from tests.streams.delivery import OTHER_SECRET, SECRET, alert_json

BODY = b'{"type":"alert.raised","timestamp":"2026-11-21T08:00:00Z","data":' + alert_json("alr_1") + b"}"


def signed(body: bytes = BODY, *, secret: str = SECRET, age: timedelta = timedelta(0)) -> dict[str, str]:
    now = datetime.now(UTC) - age
    return {
        "webhook-id": "alr_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Signer(secret).sign("alr_1", now, body.decode()),
    }


async def post(receiver: Receiver, headers: dict[str, str], body: bytes = BODY) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(receiver.url, data=body, headers=headers) as got,
    ):
        return got.status


async def test_a_signed_alert_is_taken_once_however_often_it_comes() -> None:
    taken: list[ReceivedAlert] = []
    async with Receiver(SECRET, on_alert=taken.append) as receiver:
        assert [await post(receiver, signed()) for _ in range(3)] == [204, 204, 204]

    (alert,) = taken
    assert (alert.alert_id, alert.type, alert.alert["pattern"]) == ("alr_1", "alert.raised", "small_repeat")


FORGED = {
    "another secret": signed(secret=OTHER_SECRET),
    "another id": signed() | {"webhook-id": "alr_2"},
    "another time": signed() | {"webhook-timestamp": str(int(datetime.now(UTC).timestamp()) - 1)},
    "an old one sent again": signed(age=timedelta(minutes=6)),
    "one from the future": signed(age=timedelta(hours=-1)),
    "no headers": {},
    "no signature": {name: value for name, value in signed().items() if name != "webhook-signature"},
    "an empty signature": signed() | {"webhook-signature": ""},
    "a signature in no form": signed() | {"webhook-signature": "v1"},
    "a signature that is no base64": signed() | {"webhook-signature": "v1,_"},
    "another version": signed() | {"webhook-signature": "v2" + signed()["webhook-signature"][2:]},
    "a time that is none": signed() | {"webhook-timestamp": "now"},
}


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED.keys())
async def test_what_is_forged_is_refused(headers: dict[str, str]) -> None:
    async with Receiver(SECRET) as receiver:
        assert await post(receiver, headers) == 401
    assert not receiver.received


@pytest.mark.parametrize("body", [BODY.replace(b"0.912345", b"0.112345"), BODY + b" ", b"", b"\xff\xfe"])
async def test_a_changed_body_is_refused(body: bytes) -> None:
    async with Receiver(SECRET) as receiver:
        assert await post(receiver, signed(), body) == 401
    assert not receiver.received


async def test_a_huge_body_is_not_read() -> None:
    async with Receiver(SECRET) as receiver:
        assert await post(receiver, signed(), b"x" * (1024 * 1024 + 1)) == 413


async def test_it_remembers_a_bounded_number_of_alerts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sellerwatch.receiver.REMEMBERED", 3)
    async with Receiver(SECRET) as receiver, Webhook(receiver.url, [SECRET], allow_private=True) as webhook:
        for n in range(5):
            answer = await webhook.deliver(f"alr_{n}", "alert.raised", alert_json(f"alr_{n}"))
            assert answer.outcome is Outcome.DELIVERED

    assert list(receiver.received) == ["alr_2", "alr_3", "alr_4"]


async def receiver_process(**settings: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sellerwatch.receiver"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={"PATH": os.environ["PATH"]} | {f"SELLERWATCH_RECEIVER_{k}": v for k, v in settings.items()},
    )


async def test_as_a_process_it_prints_one_line_an_alert() -> None:
    port = free_port()
    process = await receiver_process(SECRET=SECRET, PORT=str(port))
    assert process.stdout is not None
    url = f"http://127.0.0.1:{port}/alerts"
    assert (await process.stdout.readline()).decode() == f"listening on {url}\n"

    async with Webhook(url, [SECRET], allow_private=True) as webhook:
        for alert_id in ("alr_1", "alr_1", "alr_2"):
            answer = await webhook.deliver(alert_id, "alert.raised", alert_json(alert_id))
            assert answer.outcome is Outcome.DELIVERED
    process.send_signal(signal.SIGTERM)
    printed, _ = await process.communicate()

    assert process.returncode == 0
    assert printed.decode().splitlines() == [
        "verified alr_1 alert.raised high small_repeat seller-1 0.912",
        "verified alr_2 alert.raised high small_repeat seller-1 0.912",
    ]


async def test_as_a_process_it_says_what_is_missing() -> None:
    process = await receiver_process()
    _, complaint = await process.communicate()

    assert process.returncode == 2
    assert b"SELLERWATCH_RECEIVER_SECRET is not set" in complaint
