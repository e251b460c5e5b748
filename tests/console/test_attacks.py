"""What somebody with bad intent tries on the console, and what must come of it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from starlette.requests import Request

from console.app import create_app
from console.auth.limiter import Limiter
from console.auth.roles import Person, Role
from console.auth.sessions import Session
from console.live import Live
from console.pages.queue import stream_live
from console.store.queries.paging import cursor
from console.store.schema import ended_sessions
from sellerwatch.embedded.kafka import EmbeddedKafka
from tests.console.pages import made_app, settings_of, users_in, visiting, with_kafka
from tests.console.test_api import basic


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("console")
    users_in(made)
    return made


@pytest.fixture(scope="module")
def running(folder: Path, mock_kafka: EmbeddedKafka) -> Iterator[Any]:
    made = made_app(settings_of(folder, **with_kafka(mock_kafka)))
    yield made
    asyncio.run(made.state.console.close())


@pytest.fixture
def app(running: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Failures of one test do not count in the next."""
    monkeypatch.setattr(running.state.console, "limiter", Limiter())
    return running


def at_once(app: Any, calls: int, path: str, **options: Any) -> list[int]:
    """Statuses of as many calls at the same moment, from one address."""

    async def run() -> list[int]:
        transport = httpx2.ASGITransport(app, client=("192.0.2.9", 1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            client.cookies.update(options.get("cookies", {}))
            method = "POST" if "data" in options else "GET"
            asked = [
                client.request(method, path, data=options.get("data"), headers=options.get("headers"))
                for _ in range(calls)
            ]
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    return asyncio.run(run())


def test_many_wrong_passwords_at_the_same_moment_are_no_more_tries_than_one_by_one(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    monkeypatch.setattr(app.state.console.access.users, "knows", lambda name, _: tried.append(name))
    visitor = visiting(app)
    form = {"name": "admin", "password": "wrong password!", "token": visitor.token("/login")}
    at_once(app, 40, "/login", data=form, cookies=dict(visitor.client.cookies))
    assert len(tried) <= 6
    at_once(app, 40, "/api/alerts", headers=basic("lead", "wrong password!"))
    assert len(tried) <= 12


def test_an_address_that_a_visitor_made_up_is_not_taken_for_that_of_the_proxy(folder: Path) -> None:
    app = create_app(settings_of(folder, console_proxies=["10.0.0.9"]))
    visitor = visiting(app, address="10.0.0.9")
    form = {"name": "lead", "password": "wrong password!", "token": visitor.token("/login")}
    answers = [
        visitor.client.post(
            "/login",
            content=str(httpx2.QueryParams(form)),
            headers=[
                ("Content-Type", "application/x-www-form-urlencoded"),
                ("X-Forwarded-For", f"198.51.100.{number}"),
                ("X-Forwarded-For", "192.0.2.1"),
            ],
        ).status_code
        for number in range(6)
    ]
    assert answers == [403] * 5 + [429]


def test_logging_out_without_having_logged_in_costs_no_memory(app: Any) -> None:
    visitor = visiting(app)
    assert visitor.post("/logout").status_code == 303
    with app.state.console.database.reading() as connection:
        assert connection.execute(select(ended_sessions)).all() == []


def test_a_search_for_a_personal_value_is_recorded_also_when_a_program_asks(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts: list[tuple[str, str]] = []

    async def record(act: str, *, actor: str, **_: Any) -> None:
        acts.append((act, actor))

    monkeypatch.setattr(app.state.console.acting, "record", record)
    asked = visiting(app).client.post(
        "/api/search/personal", json={"value": "ann@example.org", "kind": "email"}, headers=basic("auditor")
    )
    assert asked.status_code == 503, "it has no hash keys"
    assert ("value.searched", "auditor") in acts


def test_a_link_on_another_site_logs_nobody_out(app: Any) -> None:
    """A browser keeps the strict cookie back there; a new session in the answer would take its place."""
    stranger = visiting(app)
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    for path in ("/alerts/alr_000001", "/login"):
        answer = stranger.get(path, headers=elsewhere)
        assert "set-cookie" not in answer.headers
        assert 'http-equiv="refresh"' in answer.text
    picture = stranger.get("/", headers=elsewhere | {"Sec-Fetch-Mode": "no-cors"})
    assert (picture.status_code, "set-cookie" in picture.headers) == (303, False)
    assert stranger.get("/login", headers={"Sec-Fetch-Site": "same-origin"}).headers["set-cookie"]


@pytest.mark.parametrize("how", ["logged out", "demoted"])
def test_an_open_page_hears_nothing_more_after_its_owner_has_lost_the_right(
    app: Any, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    console = app.state.console
    monkeypatch.setattr(console, "live", Live(console.database))
    monkeypatch.setattr("console.live.BEAT_SECONDS", 0.1)
    session = Session.new("analyst", console.access.users.all()["analyst"].stamp)
    request = Request({"type": "http", "app": app, "headers": [], "query_string": b"", "client": ("127.0.0.1", 1)})
    request.state.session, request.state.person = session, Person("analyst", Role.ANALYST)

    async def heard() -> list[Any]:
        events = aiter((await stream_live(request)).body_iterator)  # type: ignore[attr-defined]
        first = await anext(events)
        if how == "logged out":
            await console.end_session(session)
        else:
            monkeypatch.setattr(console.access.users, "all", dict)
        found = [first, *[event async for event in events if event.startswith(b"event:")]]
        await console.live.close()
        return found

    assert len(asyncio.run(asyncio.wait_for(heard(), 30))) == 1


@pytest.mark.parametrize("name", ["n" * 30_000, "alr_of_nobody", ""])
def test_nobody_is_said_to_look_at_what_is_no_alert(app: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """PostgreSQL refuses keys as long as an address may be, and with them what everybody else looks at."""
    console = app.state.console
    monkeypatch.setattr(console, "live", Live(console.database))
    request = Request({"type": "http", "app": app, "headers": [], "query_string": f"alert={name}".encode()})
    request.state.session, request.state.person = Session.new(), Person("analyst", Role.ANALYST)

    async def heard() -> Any:
        events = (await stream_live(request)).body_iterator  # type: ignore[attr-defined]
        first = await anext(aiter(events))
        await console.live.close()
        return first

    monkeypatch.setattr(console.access, "person", lambda *_: request.state.person)
    assert asyncio.run(asyncio.wait_for(heard(), 30)) == b"event: lookers\ndata: {}\n\n"


@pytest.mark.parametrize(
    "path", ["/alerts/%00", "/sellers/a%00b/orders", "/?seller=%00", "/api/sellers/%00", "/live?alert=%00"]
)
def test_an_address_that_no_database_can_look_for_is_refused(app: Any, path: str) -> None:
    visitor = visiting(app)
    visitor.log_in("analyst")
    assert visitor.get(path).status_code == 400


@pytest.mark.parametrize("unfit", ["\0", "\ud800"], ids=["a NUL", "half a letter"])
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/alerts/alr_000001/verdict", "note"),
        ("/verdicts", "chosen"),
        ("/search", "value"),
        ("/system/words", "term"),
        ("/system/models", "version"),
        ("/theme", "next"),
        ("/login", "name"),
    ],
)
def test_a_field_that_no_database_can_keep_is_refused_and_what_was_typed_is_shown(
    app: Any, path: str, field: str, unfit: str
) -> None:
    """As in UTF-7, which a form may say that it is written in, and which has halves of letters."""
    visitor = visiting(app)
    visitor.log_in("admin")
    parts = {"token": visitor.token("/"), field: f"typed{unfit}here"}
    body = "".join(
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        + value.encode("utf-7", "surrogatepass").decode()
        + "\r\n"
        for name, value in parts.items()
    )
    kind = {"Content-Type": "multipart/form-data; boundary=edge; charset=utf-7"}
    answer = visitor.client.post(path, content=body + "--edge--\r\n", headers=kind)
    assert answer.status_code == 400
    assert "A field cannot be used" in answer.text
    assert ("typed\ufffdhere" in answer.text) == (path != "/login" and field != "next")


def test_an_open_console_lets_nobody_in_whom_a_proxy_passes_on(tmp_path: Path) -> None:
    opened = visiting(create_app(settings_of(tmp_path, console_open=True)))
    assert opened.get("/").status_code == 200
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        assert opened.get("/", headers={name: "198.51.100.7"}).status_code == 403


def test_numbers_that_are_none_or_that_no_database_holds_break_nothing(app: Any) -> None:
    visitor = visiting(app)
    visitor.log_in("lead")
    cursors = {order: cursor(order, values) for order, values in (("newest", [2**63, "a"]), ("score", [1.0, "a"]))}
    unfit = cursor("score", [1.0, "a\0"])
    for path, status in (
        ("/links?seller=a&steps=\u00b2", 200),
        ("/news?newest=\u00b2", 200),
        ("/news?newest=" + "9" * 30, 200),
        (f"/?order=newest&after={cursors['newest']}", 400),
        (f"/?order=score&after={cursors['score']}", 200),
        (f"/?order=score&after={unfit}", 400),
        (f"/api/alerts?order=newest&after={cursors['newest']}", 400),
        (f"/api/alerts?since={2**63}", 400),
    ):
        assert visitor.get(path).status_code == status, path
    for version, days in (("\u00b2", ""), ("9" * 30, ""), ("1", "\u00b2"), ("1", "9" * 5_000)):
        form = {"verdict": "snoozed" if days else "confirmed", "version": version, "days": days, "reason": "later"}
        assert visitor.post("/alerts/alr_000001/verdict", seen="/", **form).status_code == 400
    verdict = {"version": 2**63, "verdict": "confirmed"}
    address = "/api/alerts/alr_000001/verdict"
    assert visitor.client.post(address, json=verdict, headers=basic("lead")).status_code == 400


def test_an_old_password_is_worth_nothing_to_a_program_from_the_moment_that_it_is_changed(app: Any) -> None:
    users, client = app.state.console.access.users, visiting(app).client
    users.add("robot", Role.AUDITOR, "the first password")
    old = basic("robot", "the first password")
    assert [client.get("/api/alerts", headers=old).status_code for _ in range(2)] == [200, 200]
    users.set_password("robot", "the second password")
    assert client.get("/api/alerts", headers=old).status_code == 401
    users.remove("robot")
    assert client.get("/api/alerts", headers=basic("robot", "the second password")).status_code == 401
