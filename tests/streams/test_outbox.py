"""The outbox holds an alert until it is delivered or given up, whoever crashes in between."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from streams.delivery.dead_alerts import DeadAlerts
from streams.delivery.outbox import Outbox
from streams.delivery.queued_alert import QueuedAlert, Tries
from tests.streams.delivery import Clock, alert_json, raise_alert, undelivered
from tests.waiting import eventually

ROOM = 32


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def outbox(redis: Redis, clock: Clock) -> Outbox:
    return Outbox(redis, "test", 3, clock=clock)


async def take_one(outbox: Outbox) -> QueuedAlert:
    (queued,) = await outbox.take(ROOM)
    return queued


async def ids(outbox: Outbox, room: int = ROOM) -> list[str]:
    return [queued.alert_id for queued in await outbox.take(room)]


async def test_an_alert_is_taken_as_it_was_raised(outbox: Outbox) -> None:
    alert = alert_json("alr_a", "seller-9", raised_at=1_700_000_000.25)
    await outbox.redis.xadd("{test.2}out", {"type": "alert.escalated", "alert": alert})

    queued = await take_one(outbox)

    assert (queued.partition, queued.type, queued.alert) == (2, "alert.escalated", alert)
    assert (queued.alert_id, queued.seller_id, queued.raised_at) == ("alr_a", "seller-9", 1_700_000_000.25)
    assert queued.tries == Tries()


async def test_no_alert_is_taken_twice(outbox: Outbox, redis: Redis, clock: Clock) -> None:
    raised = [await raise_alert(outbox, partition=n % 3) for n in range(60)]
    takers = [outbox, Outbox(redis, "test", 3, clock=clock)]

    taken = []
    for _ in range(10):
        for batch in await asyncio.gather(*(taker.take(10) for taker in takers)):
            taken += [queued.alert_id for queued in batch]

    assert sorted(taken) == sorted(raised)


async def test_a_taker_gets_about_as_many_as_it_has_room_for(outbox: Outbox) -> None:
    for n in range(90):
        await raise_alert(outbox, partition=n % 3)

    assert 8 <= len(await outbox.take(16)) <= 16
    assert len(await outbox.take(1)) == 1


async def test_with_room_for_one_every_partition_gets_its_turn(outbox: Outbox) -> None:
    raised = [await raise_alert(outbox, partition=partition) for partition in range(3)]

    assert sorted([alert_id for _ in range(3) for alert_id in await ids(outbox, room=1)]) == sorted(raised)


async def test_a_delivered_alert_is_gone_without_a_trace(outbox: Outbox) -> None:
    await raise_alert(outbox)
    queued = await take_one(outbox)
    await outbox.try_again(queued, Tries(1, 0, 0.0), due=0.0)
    queued = await take_one(outbox)

    assert await outbox.delivered(queued)
    assert not await outbox.delivered(queued)

    assert await outbox.redis.xlen("{test.0}out") == 0
    assert await outbox.redis.exists("{test.0}retry", "{test.0}tries", "{test.0}dead") == 0
    assert (await outbox.redis.xpending("{test.0}out", "dispatch"))["pending"] == 0


async def test_what_waits_for_another_try_comes_when_it_is_due_with_its_tries(outbox: Outbox, clock: Clock) -> None:
    await raise_alert(outbox)
    tries = Tries(made=2, refused=1, first=clock.now)
    assert await outbox.try_again(await take_one(outbox), tries, due=clock.now + 30)

    assert (await outbox.redis.xpending("{test.0}out", "dispatch"))["pending"] == 0  # nor does a lease end
    clock.now += 29.9
    assert await ids(outbox) == []
    assert await undelivered(outbox) == 1  # it still counts against the limit of the outbox
    clock.now += 0.2
    assert (await take_one(outbox)).tries == tries


async def test_a_waiting_alert_lets_others_pass(outbox: Outbox, clock: Clock) -> None:
    await raise_alert(outbox)
    await outbox.try_again(await take_one(outbox), Tries(1), due=clock.now + 30)
    later = await raise_alert(outbox)

    assert await ids(outbox) == [later]


async def test_a_first_try_of_a_crashed_taker_is_taken_over_after_its_lease(redis: Redis, clock: Clock) -> None:
    outbox = Outbox(redis, "test", 1, lease=timedelta(milliseconds=150), clock=clock)
    raised = await raise_alert(outbox)
    assert await ids(outbox) == [raised]
    assert await ids(outbox) == []

    async def taken_over() -> bool:
        return await ids(outbox) == [raised]

    await eventually(taken_over)


async def test_a_later_try_of_a_crashed_taker_is_taken_over_after_its_lease(outbox: Outbox, clock: Clock) -> None:
    raised = await raise_alert(outbox)
    await outbox.try_again(await take_one(outbox), Tries(1), due=clock.now)
    assert await ids(outbox) == [raised]

    clock.now += 59
    assert await ids(outbox) == []
    clock.now += 2
    assert await ids(outbox) == [raised]


async def test_who_renews_keeps_what_it_has_taken(redis: Redis, clock: Clock) -> None:
    outbox = Outbox(redis, "test", 1, lease=timedelta(milliseconds=300), clock=clock)
    await raise_alert(outbox)
    await outbox.try_again(await take_one(outbox), Tries(1), due=clock.now)
    await raise_alert(outbox)
    held = await outbox.take(ROOM)
    assert len(held) == 2

    for _ in range(5):
        await asyncio.sleep(0.1)
        clock.now += 0.1
        await outbox.renew(held)
        assert await ids(outbox) == []


async def test_what_is_given_back_can_be_taken_at_once(outbox: Outbox, clock: Clock) -> None:
    await raise_alert(outbox)
    await outbox.try_again(await take_one(outbox), Tries(1), due=clock.now)
    await raise_alert(outbox, partition=1)
    held = await outbox.take(ROOM)

    await outbox.give_back(held)

    assert {queued.alert_id for queued in await outbox.take(ROOM)} == {queued.alert_id for queued in held}
    assert len(held) == 2


async def test_a_slow_taker_changes_nothing_for_an_alert_that_another_delivered(outbox: Outbox) -> None:
    await raise_alert(outbox)
    queued = await take_one(outbox)
    await outbox.delivered(queued)

    assert not await outbox.try_again(queued, Tries(1), due=0.0)
    assert not await outbox.bury(queued, Tries(1), "4xx")
    await outbox.renew([queued])
    await outbox.give_back([queued])

    assert await ids(outbox) == []
    assert await DeadAlerts(outbox).list() == []
    assert await outbox.redis.exists("{test.0}retry", "{test.0}tries") == 0


async def test_after_an_outage_what_waits_is_hurried_but_not_what_is_in_hand(
    outbox: Outbox, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.delivery.outbox.HURRY_AT_ONCE", 5)
    waiting = [await raise_alert(outbox, partition=n % 2) for n in range(21)]
    while taken := await outbox.take(ROOM):
        for queued in taken:
            await outbox.try_again(queued, Tries(1), due=clock.now + 3600)
    in_hand = await raise_alert(outbox)
    await outbox.try_again(await take_one(outbox), Tries(1), due=clock.now)
    assert await ids(outbox) == [in_hand]

    assert await outbox.hurry() == len(waiting)

    hurried = []
    while taken := await outbox.take(ROOM):
        hurried += [queued.alert_id for queued in taken]
    assert sorted(hurried) == waiting


async def test_a_dead_alert_stays_until_it_is_sent_again_or_discarded(outbox: Outbox, clock: Clock) -> None:
    dead = DeadAlerts(outbox)
    raised = [await raise_alert(outbox, partition=partition) for partition in (0, 1)]
    tries = Tries(3, 3, clock.now)
    for queued in await outbox.take(ROOM):
        assert await outbox.bury(queued, tries, "4xx")
    assert await undelivered(outbox) == 0

    first, second = await dead.list()
    assert (first.reason, first.tries, first.died_at) == ("4xx", tries, clock.now)
    assert await dead.list(at_most=1) == [first]
    assert await dead.send_again(first)
    assert not await dead.send_again(first)
    assert await dead.discard(second)
    assert not await dead.discard(second)

    assert await dead.list() == []
    again = await take_one(outbox)
    assert (again.alert_id, again.tries, again.type) == (raised[0], Tries(), "alert.raised")
    assert again.alert == first.alert


@pytest.mark.parametrize(
    "fields",
    [
        {"alert": alert_json("alr_a")},
        {"type": "alert.raised"},
        {"type": "alert.raised", "alert": b"{"},
        {"type": "alert.raised", "alert": b"[]"},
        {"type": "alert.raised", "alert": b'{"alert_id":7,"seller_id":"s","raised_at":0}'},
        {"type": "alert.raised", "alert": alert_json("a\r\nInjected: header")},
        {"type": b"\xff", "alert": alert_json("alr_a")},
    ],
)
async def test_an_unreadable_alert_is_buried_and_holds_up_nobody(
    fields: dict[str, bytes | str], outbox: Outbox
) -> None:
    await outbox.redis.xadd("{test.0}out", fields)  # type: ignore[arg-type]
    good = await raise_alert(outbox)

    assert await ids(outbox) == [good]
    (dead,) = await DeadAlerts(outbox).list()
    assert dead.reason == "unreadable"


async def test_one_broken_partition_does_not_hold_up_the_others(outbox: Outbox) -> None:
    await outbox.redis.set("{test.0}out", "not a stream")
    good = await raise_alert(outbox, partition=1)

    assert await ids(outbox) == [good]


async def test_where_no_partition_answers_the_error_is_the_callers(redis: Redis) -> None:
    await redis.set("{test.0}out", "not a stream")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await Outbox(redis, "test", 1).take(ROOM)


async def test_a_lost_group_is_made_again_and_nothing_is_lost_with_it(outbox: Outbox, clock: Clock) -> None:
    raised = [await raise_alert(outbox) for _ in range(2)]
    first, _ = await outbox.take(ROOM)
    await outbox.try_again(first, Tries(4), due=clock.now + 3600)
    await outbox.redis.xgroup_destroy("{test.0}out", "dispatch")

    again = await outbox.take(ROOM)

    assert [queued.alert_id for queued in again] == raised
    assert again[0].tries == Tries(4)


async def test_an_alert_that_was_deleted_by_hand_is_forgotten(outbox: Outbox, clock: Clock) -> None:
    await raise_alert(outbox)
    queued = await take_one(outbox)
    await outbox.try_again(queued, Tries(1), due=clock.now)
    await outbox.redis.xdel("{test.0}out", queued.entry)

    assert await ids(outbox) == []
    assert await outbox.redis.zcard("{test.0}retry") == 0


async def test_depth_and_age(outbox: Outbox, clock: Clock) -> None:
    await raise_alert(outbox, partition=1)
    queued = await take_one(outbox)
    clock.now = int(queued.entry.split(b"-")[0]) / 1000 + 40
    await outbox.try_again(queued, Tries(1), due=clock.now + 5)
    await raise_alert(outbox, partition=1)

    empty, full, _ = await outbox.depths()

    assert (full.partition, full.undelivered, full.waiting, full.dead) == (1, 2, 1, 0)
    assert full.oldest_seconds == pytest.approx(40)
    assert (empty.undelivered, empty.oldest_seconds) == (0, 0.0)


async def test_a_full_redis_can_still_be_emptied(outbox: Outbox, clock: Clock) -> None:
    for _ in range(3):
        await raise_alert(outbox)
    waiting, *_ = await outbox.take(ROOM)
    await outbox.try_again(waiting, Tries(1), due=clock.now)
    new = [await raise_alert(outbox) for _ in range(3)]

    await outbox.redis.config_set("maxmemory", 1)
    try:
        taken = await outbox.take(ROOM)
        assert [queued.alert_id for queued in taken] == [*new, waiting.alert_id]
        assert all([await outbox.delivered(queued) for queued in taken])
    finally:
        await outbox.redis.config_set("maxmemory", 0)
