"""Every alert reaches the receiver, in order where it can, and one that fails waits aside."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from streams import dispatch
from streams.delivery.dead_alerts import DeadAlerts
from streams.delivery.outbox import Outbox
from streams.delivery.retries import Retries
from streams.delivery.webhook import Webhook
from streams.delivery.webhook_health import DOWN_AFTER
from streams.dispatch import Dispatcher
from tests.streams.delivery import (
    SECRET,
    Attempt,
    Clock,
    Endpoint,
    answering,
    emptied,
    hanging,
    put_aside,
    raise_alert,
    running,
    undelivered,
)
from tests.waiting import eventually

IDLE = timedelta(milliseconds=5)
QUICK = Retries(delays=(timedelta(milliseconds=20), timedelta(milliseconds=40)))


@pytest.fixture(autouse=True)
def _time_to_give_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine too: what is not given back waits for the end of its lease."""
    monkeypatch.setattr(dispatch, "LAST_CALL", timedelta(seconds=5))


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def outbox(redis: Redis) -> Outbox:
    return Outbox(redis, "test", 3)


def dispatcher(
    outbox: Outbox, endpoint: Endpoint, *, timeout: timedelta = timedelta(seconds=10), **settings: Any
) -> Dispatcher:
    clock = {"clock": settings["clock"]} if "clock" in settings else {}
    webhook = Webhook(endpoint.url, [SECRET], allow_private=True, timeout=timeout, **clock)
    return Dispatcher(outbox, webhook, **{"retries": QUICK, "idle": IDLE, **settings})


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"sellerwatch_{name}", labels) or 0.0


async def test_every_alert_is_delivered_once_and_leaves_the_outbox(outbox: Outbox) -> None:
    before = metric("webhook_attempts_total", code="2xx"), metric("webhook_delivery_seconds_count")
    async with Endpoint() as endpoint:
        raised = [await raise_alert(outbox, f"seller-{n % 7}", partition=n % 3) for n in range(100)]
        async with running(dispatcher(outbox, endpoint)):
            await emptied(outbox)

    assert sorted(endpoint.ids()) == sorted(endpoint.received) == raised
    assert metric("webhook_attempts_total", code="2xx") == before[0] + 100
    assert metric("webhook_delivery_seconds_count") == before[1] + 100


async def test_first_tries_of_one_seller_come_in_order_and_sellers_beside_each_other(outbox: Outbox) -> None:
    at_once = most = 0

    async def dawdle(request: web.Request, attempt: Attempt) -> web.Response | None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(random.uniform(0, 0.01))
        at_once -= 1
        return web.Response(status=500) if random.random() < 0.2 else None

    async with Endpoint(dawdle) as endpoint:
        sellers = {f"seller-{n}": [await raise_alert(outbox, f"seller-{n}", partition=n % 3)] for n in range(9)}
        for _ in range(15):
            for n, (seller, raised) in enumerate(sellers.items()):
                raised.append(await raise_alert(outbox, seller, partition=n % 3))
        async with running(dispatcher(outbox, endpoint, concurrency=4)):
            await emptied(outbox)

    first_tries = list(dict.fromkeys((attempt.alert["seller_id"], attempt.alert_id) for attempt in endpoint.attempts))
    for seller, raised in sellers.items():
        assert [alert_id for of, alert_id in first_tries if of == seller] == raised
    assert most == 4


@pytest.mark.parametrize("kind", ["500", "timeout", "reset", "429", "redirect"])
async def test_a_receiver_that_fails_at_first_gets_each_alert_exactly_once_in_the_end(
    kind: str, outbox: Outbox
) -> None:
    """T21, one kind of failure at a time: the first two tries of each alert go wrong."""
    seen: dict[str, int] = {}

    async def fails_twice(request: web.Request, attempt: Attempt) -> web.StreamResponse | None:
        seen[attempt.alert_id] = seen.get(attempt.alert_id, 0) + 1
        if seen[attempt.alert_id] > 2:
            return None
        if kind == "timeout":
            return await hanging(request, attempt)
        if kind == "reset":
            assert request.transport is not None
            request.transport.abort()
            return None  # taken in, but the sender cannot know
        status = {"500": 500, "429": 429, "redirect": 307}[kind]
        return web.Response(status=status, headers={"Retry-After": "0", "Location": "http://127.0.0.1:1/"})

    codes = {"500": "5xx", "timeout": "timeout", "reset": "connection", "429": "429", "redirect": "3xx"}
    before = metric("webhook_attempts_total", code=codes[kind])
    async with Endpoint(fails_twice) as endpoint:
        raised = [await raise_alert(outbox, f"seller-{n % 5}", partition=n % 3) for n in range(20)]
        timeout = timedelta(milliseconds=300 if kind == "timeout" else 10_000)
        async with running(dispatcher(outbox, endpoint, timeout=timeout)):
            await emptied(outbox)

    assert sorted(endpoint.received) == raised
    failures = metric("webhook_attempts_total", code=codes[kind]) - before
    if kind == "timeout":  # on a slow machine an honest answer comes too late as well
        assert failures >= 40
    else:
        assert (failures, len(endpoint.attempts)) == (40, 60)
    assert await DeadAlerts(outbox).list() == []


async def test_an_alert_that_fails_does_not_hold_up_the_next_of_its_seller(outbox: Outbox) -> None:
    async def dislike(request: web.Request, attempt: Attempt) -> web.Response | None:
        return web.Response(status=500) if attempt.alert_id == bad else None

    async with Endpoint(dislike) as endpoint:
        bad = await raise_alert(outbox)
        good = [await raise_alert(outbox) for _ in range(5)]
        async with running(dispatcher(outbox, endpoint, retries=Retries())):
            await eventually(lambda: list(endpoint.received) == good)

    assert await undelivered(outbox) == 1


async def test_a_further_try_that_hangs_does_not_hold_up_first_tries_of_its_seller(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "GRACE", timedelta(milliseconds=50))

    async def dislike(request: web.Request, attempt: Attempt) -> web.Response | None:
        if attempt.alert_id != bad:
            return None
        return web.Response(status=500) if endpoint.ids().count(bad) == 1 else await hanging(request, attempt)

    async with Endpoint(dislike) as endpoint:
        bad = await raise_alert(outbox)
        async with running(dispatcher(outbox, endpoint)):
            await eventually(lambda: endpoint.ids().count(bad) == 2)
            good = await raise_alert(outbox)
            await eventually(lambda: good in endpoint.received, within=8)  # the webhook's patience is 10


HOURS_LATER = [5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600] + 12 * [6 * 3600]


async def test_tries_follow_the_schedule_for_three_days_and_then_the_alert_is_dead(redis: Redis) -> None:
    """The whole default schedule, on a clock that the test turns."""
    clock = Clock()
    outbox = Outbox(redis, "test", 1, clock=clock)
    dead = metric("webhook_dead_total")
    first, delays = clock.now, []
    async with Endpoint(answering(500)) as endpoint:
        raised = await raise_alert(outbox)
        async with running(dispatcher(outbox, endpoint, retries=Retries(), clock=clock)):
            for tries in range(1, 100):
                await eventually(lambda tries=tries: len(endpoint.attempts) == tries)  # type: ignore[misc]
                await eventually(lambda: settled(outbox))
                if not (due := await next_try(outbox)):
                    break
                delays.append(due - clock.now)
                clock.now = due - 0.001
                await asyncio.sleep(0.02)
                assert len(endpoint.attempts) == tries  # not before its time
                clock.now = due + 0.001

    assert delays == pytest.approx(HOURS_LATER[: len(delays)], rel=0.1001)
    assert any(abs(delay - usual) > 0.001 for delay, usual in zip(delays, HOURS_LATER, strict=False))
    assert 66 * 3600 < clock.now - first <= 72 * 3600
    (letter,) = await DeadAlerts(outbox).list()
    assert (letter.reason, letter.tries.made, letter.tries.first) == ("5xx", len(delays) + 1, first)
    assert await undelivered(outbox) == 0
    assert set(endpoint.ids()) == {raised}
    assert metric("webhook_dead_total") == dead + 1


async def settled(outbox: Outbox) -> bool:
    """Whether no try is under way that the outbox does not know the end of."""
    (depth,) = await outbox.depths()
    due = await next_try(outbox)
    now = outbox._clock()
    return depth.undelivered == 0 or (due is not None and due > now and due != now + 60)


async def next_try(outbox: Outbox) -> float | None:
    waiting: Any = await outbox.redis.zrange(outbox.keys(0, "retry")[0], 0, 0, withscores=True)
    return float(waiting[0][1]) if waiting else None


async def test_an_alert_refused_three_times_is_dead_and_the_others_arrive(outbox: Outbox) -> None:
    async def dislike(request: web.Request, attempt: Attempt) -> web.Response | None:
        return web.Response(status=422) if attempt.alert_id == bad else None

    async with Endpoint(dislike) as endpoint:
        bad, *good = [await raise_alert(outbox) for _ in range(4)]
        async with running(dispatcher(outbox, endpoint)):
            await emptied(outbox)

    assert endpoint.ids().count(bad) == 3
    assert sorted(endpoint.received) == good
    (letter,) = await DeadAlerts(outbox).list()
    assert letter.reason == "4xx"


async def test_failures_of_another_kind_do_not_use_up_the_three_refusals(outbox: Outbox) -> None:
    answers = iter([500, 500, 500, 422, 500, 422, 204])

    async def moody(request: web.Request, attempt: Attempt) -> web.Response | None:
        status = next(answers)
        return None if status == 204 else web.Response(status=status)

    async with Endpoint(moody) as endpoint:
        raised = await raise_alert(outbox)
        async with running(dispatcher(outbox, endpoint)):
            await emptied(outbox)

    assert list(endpoint.received) == [raised]


async def test_a_receiver_that_asks_to_wait_is_left_alone_that_long(redis: Redis) -> None:
    clock = Clock()
    outbox = Outbox(redis, "test", 1, clock=clock)
    async with Endpoint(answering(429, Retry_After="40")) as endpoint:
        first = await raise_alert(outbox)
        async with running(dispatcher(outbox, endpoint, retries=Retries(), clock=clock)):
            await eventually(lambda: len(endpoint.attempts) == 1)
            await eventually(lambda: settled(outbox))
            due = await next_try(outbox)
            assert due is not None
            assert 40 <= due - clock.now <= 44
            endpoint.manner = None
            second = await raise_alert(outbox)
            clock.now += 39.9
            await asyncio.sleep(0.05)
            assert endpoint.ids() == [first]  # the other alert waits as well
            clock.now += 0.2
            await eventually(lambda: list(endpoint.received) == [second])
            clock.now = due
            await emptied(outbox)


async def test_no_receiver_can_ask_to_wait_for_ever(redis: Redis) -> None:
    clock = Clock()
    outbox = Outbox(redis, "test", 1, clock=clock)
    async with Endpoint(answering(503, Retry_After="99999999")) as endpoint:
        await raise_alert(outbox)
        async with running(dispatcher(outbox, endpoint, retries=Retries(), clock=clock)):
            await eventually(lambda: len(endpoint.attempts) == 1)
            await eventually(lambda: settled(outbox))
            due = await next_try(outbox)
            assert due is not None
            assert due - clock.now <= 6.6 * 3600
            endpoint.manner = None
            second = await raise_alert(outbox)
            clock.now += 61  # other alerts wait a minute at most
            await eventually(lambda: list(endpoint.received) == [second])


async def test_gone_disables_the_receiver_until_the_next_start_and_keeps_every_alert(
    outbox: Outbox, redis: Redis
) -> None:
    async with Endpoint(answering(410)) as endpoint:
        raised = [await raise_alert(outbox, f"seller-{n}", partition=n % 3) for n in range(30)]
        async with running(dispatcher(outbox, endpoint, concurrency=2)):
            await eventually(lambda: metric("webhook_endpoint_disabled") == 1)
            await asyncio.sleep(0.05)
            later = await raise_alert(outbox)
            await asyncio.sleep(0.1)
        assert len(endpoint.attempts) <= 2
        assert await undelivered(outbox) == 31
        pending = [await redis.xpending(f"{{test.{n}}}out", "dispatch") for n in range(3)]
        assert sum(group["pending"] for group in pending) <= 12  # no more than was in hand
        assert await DeadAlerts(outbox).list() == []

        endpoint.manner = None
        async with running(dispatcher(outbox, endpoint)):
            assert metric("webhook_endpoint_disabled") == 0
            await emptied(outbox)

    assert sorted(endpoint.received) == [*raised, later]


async def test_without_a_webhook_alerts_stay_in_the_outbox(outbox: Outbox) -> None:
    for n in range(3):
        await raise_alert(outbox, partition=n)
    async with running(Dispatcher(outbox, None, idle=IDLE)):
        await eventually(lambda: metric("outbox_depth", partition="2") == 1)

    assert await undelivered(outbox) == 3


async def test_after_an_outage_nothing_waits_for_the_rest_of_its_delay(outbox: Outbox) -> None:
    """T22: a receiver down for long has put everything hours into the future."""
    async with Endpoint(answering(500)) as endpoint:
        raised = [await raise_alert(outbox, f"seller-{n}", partition=n % 3) for n in range(50)]
        hours = Retries(delays=(timedelta(hours=6),))
        async with running(dispatcher(outbox, endpoint, retries=hours)):
            await put_aside(outbox, 50)
            assert await undelivered(outbox) == 50  # what waits counts against the outbox's limit
            endpoint.manner = None
            raised.append(await raise_alert(outbox))
            await emptied(outbox)

    assert sorted(endpoint.received) == raised


async def test_a_try_that_fails_while_the_receiver_comes_back_does_not_wait_for_hours(outbox: Outbox) -> None:
    back = asyncio.Event()

    async def slow_to_fail(request: web.Request, attempt: Attempt) -> web.Response | None:
        if attempt.alert_id == slow and endpoint.ids().count(slow) == 1:
            await back.wait()
        elif up:
            return None
        return web.Response(status=500)

    up = False
    async with Endpoint(slow_to_fail) as endpoint:
        slow, *others = [await raise_alert(outbox, f"seller-{n}") for n in range(DOWN_AFTER + 1)]
        hours = Retries(delays=(timedelta(hours=6),))
        async with running(dispatcher(outbox, endpoint, retries=hours)):
            await put_aside(outbox, DOWN_AFTER)
            up = True
            others.append(await raise_alert(outbox))
            await eventually(lambda: sorted(endpoint.received) == others)
            back.set()
            await emptied(outbox)

    assert endpoint.ids().count(slow) == 2


async def test_one_odd_alert_is_not_hurried_by_the_success_of_others(outbox: Outbox) -> None:
    async def dislike(request: web.Request, attempt: Attempt) -> web.Response | None:
        return web.Response(status=500) if attempt.alert_id == bad else None

    async with Endpoint(dislike) as endpoint:
        bad = await raise_alert(outbox)
        hours = Retries(delays=(timedelta(hours=6),))
        async with running(dispatcher(outbox, endpoint, retries=hours)):
            for n in range(3 * DOWN_AFTER):
                await raise_alert(outbox)
                await eventually(lambda n=n: len(endpoint.received) == n + 1)  # type: ignore[misc]

    assert endpoint.ids().count(bad) == 1


async def test_what_is_in_hand_is_bounded_whatever_waits(outbox: Outbox) -> None:
    most, retries = 0, metric("redis_retries_total", stage="dispatch")
    async with Endpoint(hanging) as endpoint:
        for n in range(150):
            await raise_alert(outbox, f"seller-{n % 50}", partition=n % 3)
        busy = dispatcher(outbox, endpoint, concurrency=4, timeout=timedelta(milliseconds=150))
        async with running(busy):
            await eventually(lambda: len(busy._in_hand()) >= 16)
            for _ in range(100):
                most = max(most, len(busy._in_hand()))
                await asyncio.sleep(0.003)
            endpoint.manner = None
            await emptied(outbox)

    assert 16 <= most <= 32
    assert metric("redis_retries_total", stage="dispatch") == retries  # nor is Redis asked for less than one
    assert not busy._in_hand()


async def test_a_stop_ends_what_hangs_and_gives_it_back(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "GRACE", timedelta(milliseconds=50))
    loop = asyncio.get_running_loop()
    async with Endpoint(hanging) as endpoint:
        raised = [await raise_alert(outbox, f"seller-{n}", partition=n % 3) for n in range(12)]
        async with running(dispatcher(outbox, endpoint, concurrency=2)):
            await eventually(lambda: len(endpoint.attempts) == 2)
            stopped_at = loop.time()
        assert loop.time() - stopped_at < 3  # it would hang for ten

        endpoint.manner = None  # nobody waits for the lease of a minute to end
        async with running(dispatcher(outbox, endpoint)):
            await emptied(outbox)

    assert sorted(endpoint.received) == raised


async def test_a_stop_lets_a_delivery_under_way_come_to_its_end(outbox: Outbox) -> None:
    async def slow(request: web.Request, attempt: Attempt) -> None:
        await asyncio.sleep(0.1)

    async with Endpoint(slow) as endpoint:
        raised = [await raise_alert(outbox) for _ in range(3)]
        async with running(dispatcher(outbox, endpoint)):
            await eventually(lambda: len(endpoint.attempts) == 1)

    assert list(endpoint.received) == raised[:1]  # and nothing new was begun
    assert await undelivered(outbox) == 2


async def test_logs_hold_neither_bodies_nor_secrets(outbox: Outbox, capsys: pytest.CaptureFixture[str]) -> None:
    async with Endpoint(answering(422)) as endpoint:
        bad = [await raise_alert(outbox, "seller-hidden") for _ in range(5)]
        async with running(dispatcher(outbox, endpoint)):
            await emptied(outbox)

    written = capsys.readouterr().out
    assert "alert_dead" in written
    assert "webhook_failing" in written
    assert bad[0] in written
    for secret in (SECRET, SECRET[6:], "same_price", "seller-hidden"):
        assert secret not in written
