"""Dispatchers, Redis and their machines fail; every alert still arrives, under the same id."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from redis.asyncio import Redis

from streams import dispatch
from streams.delivery.outbox import Outbox
from streams.delivery.retries import Retries
from streams.delivery.webhook import Webhook
from streams.dispatch import Dispatcher
from streams.store.connection import connect
from tests.services.redis import RealRedis
from tests.streams.delivery import (
    SECRET,
    Attempt,
    Endpoint,
    crashing,
    emptied,
    hanging,
    put_aside,
    raise_alert,
    running,
    undelivered,
)
from tests.waiting import eventually

IDLE = timedelta(milliseconds=5)
LEASE = timedelta(seconds=3)
"""A third of it may pass without a turn of the event loop."""
QUICK = Retries(delays=(timedelta(milliseconds=20),))


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with connect(redis_url) as client:
        yield client


def dispatcher(redis: Redis, endpoint: Endpoint, lease: timedelta = LEASE) -> Dispatcher:
    webhook = Webhook(endpoint.url, [SECRET], allow_private=True)
    return Dispatcher(Outbox(redis, "test", 3, lease=lease), webhook, retries=QUICK, idle=IDLE)


@pytest.fixture
def outbox(redis: Redis) -> Outbox:
    return Outbox(redis, "test", 3)


async def test_two_dispatchers_share_the_work_and_double_none(redis: Redis, outbox: Outbox) -> None:
    async with Endpoint() as endpoint:
        raised = [await raise_alert(outbox, f"seller-{n % 20}", partition=n % 3) for n in range(200)]
        minute = timedelta(minutes=1)
        async with running(dispatcher(redis, endpoint, minute), dispatcher(redis, endpoint, minute)):
            await emptied(outbox)

    assert sorted(endpoint.ids()) == raised


async def test_a_delivery_longer_than_the_lease_is_not_doubled(redis: Redis, outbox: Outbox) -> None:
    async def slow(request: web.Request, attempt: Attempt) -> None:
        await asyncio.sleep(1.5 * LEASE.total_seconds())

    async with Endpoint(slow) as endpoint:
        raised = await raise_alert(outbox)
        async with running(dispatcher(redis, endpoint), dispatcher(redis, endpoint)):
            await emptied(outbox)

    assert endpoint.ids() == [raised]


async def test_another_takes_over_what_a_crashed_dispatcher_had_in_hand(redis: Redis, outbox: Outbox) -> None:
    async with Endpoint(hanging) as endpoint:
        raised = [await raise_alert(outbox, f"seller-{n % 4}", partition=n % 3) for n in range(24)]
        async with crashing(dispatcher(redis, endpoint)):
            await eventually(lambda: len(endpoint.attempts) == 4)

        endpoint.manner = None
        async with running(dispatcher(redis, endpoint)):
            await emptied(outbox)

    assert sorted(endpoint.received) == raised
    assert len(endpoint.attempts) == 28  # the four under way are tried again, the others once


DISPATCH_ALONE = """
import asyncio, sys
from datetime import timedelta
from streams.dispatch import Dispatcher
from streams.delivery.outbox import Outbox
from streams.store.connection import connect
from streams.delivery.webhook import Webhook

async def main(redis_url, webhook_url, secret):
    outbox = Outbox(connect(redis_url), "test", 3)
    await Dispatcher(outbox, Webhook(webhook_url, [secret], allow_private=True)).run(asyncio.Event())

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_dispatcher_killed_between_delivery_and_note_loses_nothing(
    redis: Redis, outbox: Outbox, redis_url: str
) -> None:
    """kill -9 while answers are on their way: some alerts arrive twice, each under its one id."""
    killed = asyncio.Event()

    async def kill(request: web.Request, attempt: Attempt) -> None:
        if len(endpoint.attempts) == 20 and not killed.is_set():
            process.send_signal(signal.SIGKILL)
            await process.wait()
            killed.set()

    async with Endpoint(kill) as endpoint:
        raised = [await raise_alert(outbox, f"seller-{n}", partition=n % 3) for n in range(60)]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            DISPATCH_ALONE,
            redis_url,
            endpoint.url,
            SECRET,
            cwd=Path(__file__).parents[2],
        )
        await asyncio.wait_for(killed.wait(), 60)
        assert await undelivered(outbox) > 0
        async with running(dispatcher(redis, endpoint)):
            await emptied(outbox)

    assert process.returncode == -signal.SIGKILL
    assert sorted(endpoint.received) == raised
    assert len(endpoint.attempts) > 60


async def test_redis_killed_while_delivering_is_waited_for(
    redis: Redis, outbox: Outbox, redis_server: RealRedis
) -> None:
    async with Endpoint() as endpoint:
        raised = [await raise_alert(outbox, f"seller-{n % 20}", partition=n % 3) for n in range(300)]
        async with running(dispatcher(redis, endpoint), dispatcher(redis, endpoint)):
            for part in (50, 150):
                await eventually(lambda part=part: len(endpoint.received) >= part)  # type: ignore[misc]
                await asyncio.to_thread(redis_server.kill)
                await asyncio.sleep(0.1)
                await asyncio.to_thread(redis_server.start)
            await emptied(outbox, within=60)

    assert sorted(endpoint.received) == raised


async def test_a_redis_rolled_back_gives_the_same_alerts_under_the_same_ids(
    redis: Redis, outbox: Outbox, redis_url: str, redis_server: RealRedis
) -> None:
    """T19: the state is older, so the fold raises the same alerts again, and the receiver knows them."""
    async with Endpoint() as endpoint:
        before = await raise_alert(outbox, "seller-1")
        snapshot = redis_server.snapshot_aof()
        after = await raise_alert(outbox, "seller-1")
        async with running(dispatcher(redis, endpoint)):
            await emptied(outbox)
            await asyncio.to_thread(redis_server.restore_aof, snapshot)
            again = next(attempt.body for attempt in endpoint.attempts if attempt.alert_id == after)
            async with connect(redis_url) as fresh:  # in the pool are connections of before
                await fresh.xadd("{test.0}out", {"type": "alert.raised", "alert": data_of(again)})
            await eventually(lambda: len(endpoint.attempts) == 4)
            await emptied(outbox)

    assert endpoint.ids() == [before, after, before, after]
    assert list(endpoint.received) == [before, after]
    bodies = [without_time(attempt.body) for attempt in endpoint.attempts]
    assert bodies[:2] == bodies[2:]


def without_time(body: bytes) -> bytes:
    return re.sub(rb'^(\{"type":"[a-z.]+","timestamp":)"[^"]+"', rb"\1", body)


def data_of(body: bytes) -> bytes:
    return body[body.index(b'"data":') + len(b'"data":') : -1]


async def test_a_stop_is_quick_while_redis_is_frozen(
    redis: Redis, outbox: Outbox, redis_server: RealRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "GRACE", timedelta(milliseconds=200))
    loop, before = asyncio.get_running_loop(), asyncio.all_tasks()
    async with Endpoint() as endpoint:
        await raise_alert(outbox)
        try:
            async with running(dispatcher(redis, endpoint)):
                await emptied(outbox)
                redis_server.pause()
                await asyncio.sleep(0.05)
                stopped_at = loop.time()
            assert loop.time() - stopped_at < 3  # Redis is waited for for ten
            await eventually(lambda: asyncio.all_tasks() <= before, within=3)
        finally:
            redis_server.resume()


async def test_an_outbox_emptied_by_hand_is_filled_and_delivered_again(redis: Redis, outbox: Outbox) -> None:
    async with Endpoint() as endpoint, running(dispatcher(redis, endpoint)):
        await raise_alert(outbox)
        await emptied(outbox)
        await redis.flushdb()
        raised = await raise_alert(outbox)
        await eventually(lambda: raised in endpoint.received)


async def test_a_full_outbox_is_never_fuller_and_all_of_it_arrives(redis: Redis, outbox: Outbox) -> None:
    """T22: the writer stops at the limit of undelivered alerts, tried or not, while the receiver is down."""
    limit, raised = 40, []

    async def refuse(request: web.Request, attempt: Attempt) -> web.Response | None:
        return None if up else web.Response(status=503)

    up = False
    async with Endpoint(refuse) as endpoint:
        patient = Webhook(endpoint.url, [SECRET], allow_private=True)
        hours = Retries(delays=(timedelta(hours=1),))
        async with running(Dispatcher(outbox, patient, retries=hours, idle=IDLE)):
            for n in range(100):
                if await redis.xlen("{test.0}out") < limit:  # as the commit's script does
                    raised.append(await raise_alert(outbox, f"seller-{n}"))
                await asyncio.sleep(0.002)
            await put_aside(outbox, limit)
            assert len(raised) == limit

            up = True
            raised.append(await raise_alert(outbox))
            await emptied(outbox)

    assert sorted(endpoint.received) == raised
