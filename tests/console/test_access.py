"""Who gets in, who may do what, and what other sites cannot make a browser do."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.routing import Route

from console.app import create_app, routes
from console.auth.limiter import Limiter
from console.auth.roles import Role
from console.auth.sessions import COOKIE, Session, Sessions
from console.auth.users import Users
from console.routing import own_path
from console.serving import bind
from console.store.database import Database
from console.store.feed.rebuilding import empty
from console.store.feed.running import clock
from console.store.sessions import end_session, has_ended
from detectors.events import HOUR
from sellerwatch.embedded.kafka import EmbeddedKafka
from streams.errors import SettingsError, UnavailableError
from tests.console.pages import PASSWORD, made_app, settings_of, users_in, visiting, with_kafka

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("console")
    users_in(made)
    return made


@pytest.fixture(scope="module")
def kafka_options(own_kafka: EmbeddedKafka) -> dict[str, Any]:
    return with_kafka(own_kafka)


@pytest.fixture(scope="module")
def app(folder: Path, kafka_options: dict[str, Any]) -> Iterator[Any]:
    made = made_app(settings_of(folder, **kafka_options))
    yield made
    asyncio.run(made.state.console.close())


@pytest.fixture(autouse=True)
def _forgive(request: pytest.FixtureRequest) -> None:
    """Failures of one test do not count in the next."""
    if "app" in request.fixturenames:
        request.getfixturevalue("app").state.console.limiter = Limiter()


def test_nobody_sees_a_page_before_logging_in(app: Any) -> None:
    stranger = visiting(app)
    for path in ("/", "/alerts/alr_000001", "/live", "/news"):
        answer = stranger.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login?next=/")


def test_every_route_but_those_for_strangers_asks_for_a_right() -> None:
    for_strangers = {"/healthz", "/login", "/logout", "/theme"}
    asked = [route for route in routes() if isinstance(route, Route) and route.path not in for_strangers]
    pages = [route for route in asked if not route.path.startswith("/api/")]  # test_api.py looks at these
    assert len(pages) > 25
    for route in pages:
        assert getattr(route.app, "right", None) is not None, f"{route.path} is open to strangers"


def test_name_and_password_open_the_door_and_a_new_session_begins(app: Any) -> None:
    visitor = visiting(app)
    visitor.get("/login")
    before = visitor.client.cookies[COOKIE]
    answer = visitor.log_in("analyst")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert visitor.client.cookies[COOKIE] != before
    flags = answer.headers["set-cookie"]
    assert "HttpOnly" in flags
    assert "SameSite=Strict" in flags
    assert visitor.get("/").status_code == 200


@pytest.mark.parametrize(("name", "password"), [("analyst", "wrong password!"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_and_a_wrong_password_are_refused_in_the_same_words(app: Any, name: str, password: str) -> None:
    answer = visiting(app).log_in(name, password)
    assert answer.status_code == 403
    assert "Name or password is wrong." in answer.text


def test_after_five_failures_even_the_right_password_has_to_wait(app: Any) -> None:
    visitor = visiting(app, address="192.0.2.1")
    for _ in range(5):
        assert visitor.log_in("lead", "wrong password!").status_code == 403
    answer = visitor.log_in("lead")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 800
    assert visiting(app, address="192.0.2.2").log_in("lead").status_code == 303, "its owner elsewhere is kept out"


@pytest.mark.parametrize(
    ("tries", "waits", "goes_on"),
    [
        ([("lead", f"192.0.2.{n}") for n in range(100)], ("lead", "198.51.100.1"), ("admin", "192.0.2.1")),
        ([(f"name-{n}", "192.0.2.1") for n in range(20)], ("lead", "192.0.2.1"), ("lead", "198.51.100.1")),
    ],
    ids=["one name from everywhere", "many names from one address"],
)
def test_who_guesses_on_a_broad_front_has_to_wait_and_nobody_else(
    tries: list[tuple[str, str]], waits: tuple[str, str], goes_on: tuple[str, str]
) -> None:
    limiter = Limiter(clock=lambda: 0.0)
    for each in tries[1:]:
        limiter.failed(*each)
    assert limiter.wait(*waits) == 0.0
    limiter.failed(*tries[0])
    assert limiter.wait(*waits) > 800.0
    assert limiter.wait(*goes_on) == 0.0


def test_who_logs_out_is_out_also_with_a_copy_of_the_cookie(app: Any) -> None:
    visitor = visiting(app)
    visitor.log_in("analyst")
    copy = visitor.client.cookies[COOKIE]
    assert visitor.post("/logout", seen="/").status_code == 303
    visitor.client.cookies.set(COOKIE, copy, domain="localhost.local")
    assert visitor.get("/").status_code == 303


def test_a_log_out_holds_in_another_process_after_a_restart_and_after_a_rebuild(
    tmp_path: Path, kafka_options: dict[str, Any]
) -> None:
    users_in(tmp_path)
    shared = settings_of(tmp_path, **kafka_options, console_secret="s" * 32)
    one, other = create_app(shared), create_app(shared)
    visitor, stays = visiting(one), visiting(one)
    for each in (visitor, stays):
        each.log_in("analyst")
    copies = [each.client.cookies[COOKIE] for each in (visitor, stays)]
    visitor.post("/logout", seen="/")
    with one.state.console.database.writing() as connection:
        empty(connection)
    for process in (other, create_app(shared)):
        answers = []
        for copy in copies:
            elsewhere = visiting(process)
            elsewhere.client.cookies.set(COOKIE, copy, domain="localhost.local")
            answers.append(elsewhere.get("/").status_code)
        assert answers == [303, 200], "the one is out, the other is not"
        asyncio.run(process.state.console.close())
    asyncio.run(one.state.console.close())


def test_a_longer_session_lets_nobody_in_again_who_has_logged_out(
    folder: Path, kafka_options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(settings_of(folder, console_session="PT1H", **kafka_options))
    console = app.state.console
    ended, later = Session.new("analyst"), Session.new("lead")

    async def log_out_one_after_the_other() -> bool:
        await console.end_session(ended)
        passed = clock() + 2 * HOUR
        monkeypatch.setattr("console.state.clock", lambda: passed)
        await console.end_session(later)
        found: bool = await console.has_ended(ended)
        await console.close()
        return found

    assert asyncio.run(log_out_one_after_the_other()), "under PT12H its cookie still counts"


def test_ended_sessions_are_forgotten_when_their_cookies_are_too_old(database: Database) -> None:
    with database.writing() as connection:
        end_session(connection, "old", until=10, now=1)
        end_session(connection, "twice", until=30, now=1)
        end_session(connection, "twice", until=40, now=10)
        assert [has_ended(connection, sid) for sid in ("old", "twice", "never")] == [False, True, False]


def test_without_the_database_nobody_is_taken_for_logged_in_and_the_page_says_why(
    folder: Path, kafka_options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(settings_of(folder, **kafka_options))
    visitor = visiting(app)
    visitor.log_in("analyst")

    async def away(*_: Any) -> bool:
        raise UnavailableError("the console's database does not answer")

    monkeypatch.setattr(app.state.console, "read", away)
    for path in ("/system/deliveries", "/api/alerts"):
        answer = visitor.get(path)
        assert (answer.status_code, "database does not answer" in answer.text) == (503, True)
    monkeypatch.undo()
    assert visitor.get("/").status_code == 200, "the session is lost"
    asyncio.run(app.state.console.close())


def test_a_changed_password_ends_the_sessions_under_the_old_one(tmp_path: Path, kafka_options: dict[str, Any]) -> None:
    users = users_in(tmp_path)
    app = create_app(settings_of(tmp_path, **kafka_options))
    visitor = visiting(app)
    visitor.log_in("analyst")
    assert visitor.get("/").status_code == 200
    users.set_password("analyst", "another long password")
    assert visitor.get("/").status_code == 303
    asyncio.run(app.state.console.close())


@pytest.mark.parametrize("token", ["", "0" * 64, "\u00e9"])
def test_a_form_of_another_site_does_nothing(app: Any, token: str) -> None:
    visitor = visiting(app)
    visitor.log_in("analyst")
    answer = visitor.client.post(
        "/alerts/alr_000001/verdict", data={"verdict": "confirmed", "version": 1, "token": token}
    )
    assert answer.status_code == 403
    assert "another session" in answer.text
    assert "open" in visitor.get("/alerts/alr_000001").text


def test_the_token_of_one_session_is_worth_nothing_in_another(app: Any) -> None:
    one, other = visiting(app), visiting(app)
    one.log_in("analyst")
    other.log_in("lead")
    stolen = one.token("/")
    assert other.client.post("/logout", data={"token": stolen}).status_code == 403


@pytest.mark.parametrize(("role", "status"), [("auditor", 403), ("analyst", 303), ("lead", 303), ("admin", 303)])
def test_an_auditor_reads_and_judges_nothing(app: Any, role: str, status: int) -> None:
    visitor = visiting(app)
    visitor.log_in(role)
    assert visitor.get("/").status_code == 200
    number = list(Role).index(Role(role))
    form = {"verdict": "dismissed", "version": "1", "note": "seen"}
    assert visitor.post(f"/alerts/alr_00000{number}/verdict", seen="/", **form).status_code == status


def test_a_log_in_leads_to_no_other_site() -> None:
    assert own_path("/alerts/a?b=c") == "/alerts/a?b=c"
    for elsewhere in (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "/\t/evil",
    ):
        assert own_path(elsewhere) == "/"


def test_pages_say_what_browsers_must_not_do(app: Any) -> None:
    headers = visiting(app).get("/login").headers
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_the_pages_of_another_name_a_large_body_and_a_wrong_method_are_refused(app: Any) -> None:
    assert visiting(app, host="http://evil.example").get("/login").status_code == 421
    visitor = visiting(app)
    assert visitor.client.post("/login", content=b"x" * 70_000).status_code == 413
    assert visitor.client.post("/login", content=iter([b"x" * 40_000] * 2), headers=FORM).status_code == 413
    assert visitor.client.put("/login").status_code == 405


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::"])
def test_an_address_that_others_reach_needs_a_log_in(tmp_path: Path, host: str) -> None:
    with pytest.raises(SettingsError, match="sellerwatch console users add"):
        create_app(settings_of(tmp_path, console_host=host))
    with pytest.raises(SettingsError, match="not loopback"):
        create_app(settings_of(tmp_path, console_host=host, console_open=True))


def test_on_this_machine_nobody_is_let_in_unless_asked_for(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SELLERWATCH_CONSOLE_OPEN"):
        create_app(settings_of(tmp_path))
    opened = visiting(create_app(settings_of(tmp_path, console_open=True)))
    assert "admin" in opened.get("/").text


def test_an_open_console_asks_for_a_log_in_as_soon_as_there_are_users(tmp_path: Path) -> None:
    users_in(tmp_path)
    assert visiting(create_app(settings_of(tmp_path, console_open=True))).get("/").status_code == 303


def test_a_proxy_is_believed_and_nobody_else_who_sends_its_header(tmp_path: Path) -> None:
    proxied = settings_of(tmp_path, console_proxy_user="X-Auth-User", console_proxies=["10.0.0.0/24"])
    app = create_app(proxied)
    vouched = {"X-Auth-User": "anna@example.org", "X-Auth-Request-Groups": "staff,lead,analyst"}
    page = visiting(app, address="10.0.0.9").get("/", headers=vouched)
    assert page.status_code == 200
    assert "anna@example.org" in page.text
    assert "lead" in page.text
    assert visiting(app, address="10.0.1.9").get("/", headers=vouched).status_code == 403
    without_role = vouched | {"X-Auth-Request-Groups": "staff"}
    assert visiting(app, address="10.0.0.9").get("/", headers=without_role).status_code == 403


def test_a_name_that_a_visitor_has_put_beside_that_of_the_proxy_counts_for_neither(tmp_path: Path) -> None:
    app = create_app(settings_of(tmp_path, console_proxy_user="X-Auth-User", console_proxies=["10.0.0.9"]))
    named = [("X-Auth-User", "admin@example.org"), ("X-Auth-User", "eve@example.org")]
    visitor, role = visiting(app, address="10.0.0.9"), ("X-Auth-Request-Groups", "lead")
    assert visitor.get("/", headers=httpx2.Headers([*named, role])).status_code == 403
    assert visitor.get("/", headers=httpx2.Headers([named[1], role])).status_code == 200


def test_a_planted_cookie_makes_its_owners_token_worth_nothing_more_behind_a_proxy(tmp_path: Path) -> None:
    app = create_app(settings_of(tmp_path, console_proxy_user="X-Auth-User", console_proxies=["10.0.0.9"]))
    eve, ann = visiting(app, address="10.0.0.9"), visiting(app, address="10.0.0.9")
    for visitor, name in ((eve, "eve"), (ann, "ann")):
        visitor.client.headers.update({"X-Auth-User": name, "X-Auth-Request-Groups": "lead"})
    token = eve.token("/")
    ann.client.cookies.update(eve.client.cookies)
    assert eve.client.post("/theme", data={"token": token, "theme": "dark"}).status_code == 303
    assert ann.client.post("/theme", data={"token": token, "theme": "dark"}).status_code == 403
    assert ann.post("/theme", seen="/", theme="dark").status_code == 303


def test_behind_tls_the_cookie_is_secure(tmp_path: Path) -> None:
    users_in(tmp_path)
    app = create_app(settings_of(tmp_path, console_proxies=["10.0.0.9"]))
    behind = visiting(app, address="10.0.0.9").get("/login", headers={"X-Forwarded-Proto": "https"})
    assert "; Secure" in behind.headers["set-cookie"]
    assert "strict-transport-security" in behind.headers
    assert "; Secure" not in visiting(app).get("/login", headers={"X-Forwarded-Proto": "https"}).headers["set-cookie"]


def test_a_users_file_holds_hashes_for_its_owner_alone(tmp_path: Path) -> None:
    users = Users(tmp_path / "users.json")
    users.add("anna", Role.LEAD, PASSWORD)
    assert (tmp_path / "users.json").stat().st_mode & 0o777 == 0o600
    (kept,) = json.loads((tmp_path / "users.json").read_text())
    assert kept["password"].startswith("$argon2id$")
    assert users.knows("anna", PASSWORD) is not None
    users.remove("anna")
    assert users.knows("anna", PASSWORD) is None


@pytest.mark.parametrize(
    ("name", "password", "said"),
    [("anna", PASSWORD, "there already"), ("b", "short", "12 to 256"), ("a b", PASSWORD, "letters, digits")],
)
def test_a_user_that_cannot_be_added_is_refused_with_a_reason(
    tmp_path: Path, name: str, password: str, said: str
) -> None:
    users = Users(tmp_path / "users.json")
    users.add("anna", Role.LEAD, PASSWORD)
    with pytest.raises(SettingsError, match=said):
        users.add(name, Role.LEAD, password)
    assert set(users.all()) == {"anna"}


def test_a_broken_users_file_lets_nobody_in_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text("[{]")
    with pytest.raises(SettingsError, match=r"users\.json"):
        create_app(settings_of(tmp_path))


def test_a_session_of_another_secret_or_of_yesterday_is_none(folder: Path) -> None:
    ours, theirs = (Sessions(secret, timedelta(hours=1)) for secret in ("x" * 32, "y" * 32))
    cookie = ours.cookie(Session.new("anna"), secure=False).partition("=")[2].partition(";")[0]
    assert ours.read(cookie) is not None
    assert theirs.read(cookie) is None
    assert Sessions("x" * 32, timedelta(seconds=-1)).read(cookie) is None


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with bind(settings_of(tmp_path, console_port=0)) as taken:
        taken.listen()
        with pytest.raises(SettingsError, match="SELLERWATCH_CONSOLE_PORT"):
            bind(settings_of(tmp_path, console_port=taken.getsockname()[1]))
