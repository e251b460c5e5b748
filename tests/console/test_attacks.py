"""What somebody with bad intent tries on the console, and what must come of it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sellerwatch.embedded.kafka import EmbeddedKafka
from tests.console.pages import PASSWORD, made_app, settings_of, users_in, visiting, with_kafka
from tests.console.test_api import basic


@pytest.fixture
def app(tmp_path: Path, mock_kafka: EmbeddedKafka) -> Iterator[Any]:
    users_in(tmp_path)
    made = made_app(settings_of(tmp_path, **with_kafka(mock_kafka)))
    yield made
    asyncio.run(made.state.console.close())


def at_once(app: Any, calls: int, path: str, **options: Any) -> list[int]:
    """Statuses of as many calls at the same moment, from one address."""

    async def run() -> list[int]:
        transport = httpx.ASGITransport(app, client=("192.0.2.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            client.cookies.update(options.get("cookies", {}))
            method = "POST" if "data" in options else "GET"
            asked = [
                client.request(method, path, data=options.get("data"), headers=options.get("headers"))
                for _ in range(calls)
            ]
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    return asyncio.run(run())


def test_many_wrong_passwords_at_the_same_moment_are_no_more_tries_than_one_by_one(app: Any) -> None:
    tried: list[str] = []
    app.state.console.access.users.knows = lambda name, _: tried.append(name)
    visitor = visiting(app)
    form = {"name": "admin", "password": "wrong password!", "token": visitor.token("/login")}
    at_once(app, 40, "/login", data=form, cookies=dict(visitor.client.cookies))
    assert len(tried) <= 6
    at_once(app, 40, "/api/alerts", headers=basic("lead", "wrong password!"))
    assert len(tried) <= 12
