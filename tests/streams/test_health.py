"""The listener answers its three pages, and nothing else, to whoever asks however badly."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from streams import health, metrics
from streams.health import Health, HealthServer

Ask = Callable[[bytes], Awaitable[bytes]]


class Stage:
    """A stage whose state a test sets."""

    def __init__(self) -> None:
        self.health = Health(alive={"running": True}, ready={"redis": True, "assigned": True})


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
async def ask(stage: Stage) -> AsyncIterator[Ask]:
    """Sends bytes to a listening server; all that it answers until it closes."""
    server = HealthServer("127.0.0.1", 0, lambda: stage.health)
    port = await server.start()

    async def send(request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(request)
            await writer.drain()
            return await asyncio.wait_for(reader.read(), 5)
        except ConnectionError:
            return b""
        finally:
            writer.close()

    yield send
    await server.stop()


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


async def test_a_stage_that_works_is_alive_and_ready(ask: Ask) -> None:
    assert status(await ask(get("/healthz"))) == 200
    answer = await ask(get("/readyz"))

    assert status(answer) == 200
    assert answer.endswith(b'\r\n\r\n{"redis": true, "assigned": true}')


async def test_a_stage_without_redis_is_alive_but_not_ready_and_says_why(ask: Ask, stage: Stage) -> None:
    stage.health = Health(alive={"running": True}, ready={"redis": False, "assigned": True})

    assert status(await ask(get("/healthz"))) == 200
    answer = await ask(get("/readyz"))

    assert status(answer) == 503
    assert b'"redis": false' in answer


async def test_metrics_are_in_the_text_format_and_each_is_exposed_once(ask: Ask) -> None:
    metrics.HOLES.labels("watch").inc()

    answer = await ask(get("/metrics?name=ignored"))

    assert b"Content-Type: text/plain; version=" in answer
    assert b'\nsellerwatch_holes_total{stage="watch"} ' in answer
    assert b"_created" not in answer


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (get("/"), 404),
        (get("/healthz/"), 404),
        (get("/../metrics"), 404),
        (b"POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 405),
        (b"POST /other HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 404),
        (b"GET /metrics\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
        (b"GET http://elsewhere/metrics HTTP/1.1\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nX: " + b"x" * health.LONGEST_REQUEST + b"\r\n\r\n", 431),
        (get("/" + "x" * health.LONGEST_REQUEST), 431),
    ],
)
async def test_anything_else_is_refused(ask: Ask, request_: bytes, expected: int) -> None:
    assert status(await ask(request_)) == expected


@pytest.mark.parametrize("path", ["/metrics", "/nothing", "bad"])
async def test_no_answer_names_the_software(ask: Ask, path: str) -> None:
    head, _, _ = (await ask(get(path))).lower().partition(b"\r\n\r\n")

    assert b"server:" not in head
    assert b"python" not in head


async def test_head_answers_like_get_without_the_body(ask: Ask) -> None:
    head, _, body = (await ask(get("/healthz").replace(b"GET", b"HEAD"))).partition(b"\r\n\r\n")

    assert b"Content-Length: 17" in head
    assert body == b""


async def test_a_client_that_never_ends_its_request_is_cut_off(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.2)

    assert await ask(b"GET /metrics HTTP/1.1\r\n") == b""


async def test_beyond_the_bound_new_clients_are_turned_away_until_others_are_done(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.5)
    slow = [asyncio.ensure_future(ask(b"GET")) for _ in range(2)]
    await asyncio.sleep(0.1)

    assert await ask(get("/healthz")) == b""
    await asyncio.gather(*slow)
    assert status(await ask(get("/healthz"))) == 200
