"""What processes say of themselves, and that it never ends one of them."""

import asyncio
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from streams import presence
from streams.presence import Announcer, Place, Told, presence_key, present
from tests.services.redis import RealRedis


async def test_a_process_that_cannot_say_how_it_is_goes_on_and_says_it_later(
    redis_server: RealRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: Iterator[Told | Exception] = iter(
        (RuntimeError("its thread has not begun"), Told({}, [Place("t", 0, 7, 0.0)]))
    )

    def look() -> Told:
        answer = next(answers, Told({}))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(presence, "TELL_SECONDS", 0.01)
    redis = Redis.from_url(f"redis://127.0.0.1:{redis_server.port}/0")
    key = presence_key("unwell")
    task = asyncio.create_task(Announcer(redis, "unwell", "intake", 0, look).run())
    async with asyncio.timeout(10):
        while not await present(redis, key):
            assert not task.done()
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
    assert await present(redis, key) == [], "it takes its word back when it ends"
    await redis.aclose()
