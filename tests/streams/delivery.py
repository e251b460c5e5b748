"""What tests of delivery share: alerts, a clock to turn, a receiver that misbehaves on demand."""

import asyncio
import base64
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web

from sellerwatch.receiver import Receiver
from streams.delivery.outbox import Depth, Outbox
from streams.dispatch import Dispatcher
from streams.store.connection import patiently
from tests.waiting import eventually

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()
OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret, as long as that.").decode()

_numbers = itertools.count()


class Clock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.now = float(int(time.time()))

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Attempt:
    """One request that reached the receiver."""

    alert_id: str
    body: bytes
    headers: dict[str, str]

    @property
    def alert(self) -> dict[str, Any]:
        data: dict[str, Any] = msgspec.json.decode(self.body)["data"]
        return data


Manner = Callable[[web.Request, Attempt], Awaitable[web.StreamResponse | None]]


class Endpoint(Receiver):
    """A receiver whose manner can be changed; `None` as its answer means the honest one."""

    def __init__(self, manner: Manner | None = None, secret: str = SECRET) -> None:
        super().__init__(secret)
        self.manner = manner
        self.attempts: list[Attempt] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        attempt = Attempt(headers["webhook-id"], await request.read(), headers)
        self.attempts.append(attempt)
        response = await self.manner(request, attempt) if self.manner else None
        return response or await super().answer(request)

    def ids(self) -> list[str]:
        """Ids of all attempts, in the order they came."""
        return [attempt.alert_id for attempt in self.attempts]


def answering(status: int, **headers: str) -> Manner:
    """Always this status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def manner(request: web.Request, attempt: Attempt) -> web.Response:
        return web.Response(status=status, headers=named)

    return manner


async def hanging(request: web.Request, attempt: Attempt) -> web.Response:
    """Takes the request and says nothing."""
    await asyncio.sleep(3600)
    raise AssertionError("nobody waits for an hour")


def alert_json(alert_id: str, seller_id: str = "seller-1", raised_at: float | None = None) -> bytes:
    """An alert as the contract has it."""
    raised = datetime.fromtimestamp(time.time() if raised_at is None else raised_at, UTC)
    alert = {
        "alert_id": alert_id,
        "seller_id": seller_id,
        "pattern": "small_repeat",
        "severity": "high",
        "score": 0.912345,
        "event_time": raised,
        "raised_at": raised,
        "reasons": [{"code": "same_price", "text": "9 of 10 orders within 2 % of one price", "observed": 0.9}],
        "evidence": {"events": ["e1"], "orders": ["o1"], "sellers": []},
        "versions": {"policy": "1"},
    }
    return msgspec.json.encode(alert)


async def raise_alert(outbox: Outbox, seller_id: str = "seller-1", *, partition: int = 0, alert_id: str = "") -> str:
    """Writes an alert as the watch stage's commit does."""
    alert_id = alert_id or f"alr_{next(_numbers):06}"
    fields: dict[Any, Any] = {"type": "alert.raised", "alert": alert_json(alert_id, seller_id)}
    await outbox.redis.xadd(outbox.keys(partition, "out")[0], fields)
    return alert_id


async def undelivered(outbox: Outbox) -> int:
    """How many alerts are in the outbox."""
    return sum(depth.undelivered for depth in await depths(outbox))


async def depths(outbox: Outbox) -> list[Depth]:
    """How full the outbox is, also after a restart of Redis, when connections of before are still in the pool."""
    return await patiently(outbox.redis, outbox.depths, stage="test")


async def emptied(outbox: Outbox, within: float = 90.0) -> None:
    """Waits until the outbox holds nothing."""

    async def empty() -> bool:
        return await undelivered(outbox) == 0

    await eventually(empty, within)


async def put_aside(outbox: Outbox, alerts: int) -> None:
    """Waits until so many alerts wait for a further try, and none is under way."""

    async def waiting() -> bool:
        return sum(depth.waiting for depth in await depths(outbox)) == alerts

    await eventually(waiting)


@asynccontextmanager
async def running(*dispatchers: Dispatcher) -> AsyncIterator[None]:
    """Runs dispatchers; at the end each must stop by itself, without an error."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(dispatcher.run(stop)) for dispatcher in dispatchers]
    try:
        yield
        assert not any(task.done() for task in tasks), "a dispatcher left its loop"
    finally:
        stop.set()
        async with asyncio.timeout(15):
            await asyncio.gather(*tasks)


@asynccontextmanager
async def crashing(dispatcher: Dispatcher) -> AsyncIterator[None]:
    """Runs a dispatcher that at the end is gone without having put anything in order."""
    task = asyncio.create_task(dispatcher.run(asyncio.Event()))
    yield
    for delivery in dispatcher._tasks:
        delivery.cancel()
    dispatcher._put_down = _nothing  # type: ignore[method-assign]
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _nothing() -> None:
    pass
