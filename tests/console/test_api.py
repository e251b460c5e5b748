"""The JSON API: answers as its document says, for those who may, with problems that say what to do."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from console.api.endpoints import ENDPOINTS
from console.api.openapi import FILE, REFERENCE, document, encoded
from console.auth.roles import Right
from console.kafka_side import KafkaSide
from console.store.database import Database
from console.store.feed.applying import TOPICS
from console.store.system import system
from console.words import now
from detectors.events import DAY
from sellerwatch.embedded.kafka import EmbeddedKafka
from streams import names
from streams.status.state import Service, SystemState
from streams.store.connection import connect
from tests.console.brokers import embedded, read, send
from tests.console.pages import PASSWORD, Visitor, made_app, settings_of, users_in
from tests.console.test_feed import history
from tests.waiting import wait_until

VERDICT = {"version": 1, "verdict": "confirmed"}
SCHEMA: dict[str, Any] = msgspec.json.decode(FILE.read_bytes())


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedKafka]:
    own = (*TOPICS, names.REJECTED, names.ACTS, names.POLICIES)
    with embedded(*own, *names.UPSTREAM) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def calls(broker: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory, redis_server: Any) -> Iterator[TestClient]:
    """A console that runs, with its feed."""
    folder: Path = tmp_path_factory.mktemp("api")
    users_in(folder)
    given: dict[str, Any] = {
        "kafka_brokers": [broker.bootstrap],
        "kafka_api_version": "0.11",
        "redis_url": f"redis://127.0.0.1:{redis_server.port}/0",
        "hash_keys": [SecretStr("k1:a key for hashes of tests")],
        "model_keys": [SecretStr("a key for models of tests")],
        "console_keep": timedelta(days=9_999),
    }
    made = made_app(settings_of(folder, **given))
    send(made.state.console.settings, history())
    with TestClient(made, base_url="http://localhost", client=("127.0.0.1", 50_000), follow_redirects=False) as client:
        made.state.console.feed.start()
        wait_until(
            lambda: client.get("/api/sellers/seller-1/trade", headers=basic("lead")).json()["fates"]["disputed"] == 1
        )
        yield client


def basic(role: str, password: str = PASSWORD) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{role}:{password}".encode()).decode()}


@pytest.fixture
def client(calls: TestClient) -> Iterator[TestClient]:
    """Calls as an analyst."""
    calls.headers.update(basic("analyst"))
    yield calls
    del calls.headers["authorization"]
    calls.cookies.clear()


def fits(answer: Any, schema: dict[str, Any]) -> None:
    """Fails where an answer is not what the document says; every part of it is named there."""
    closed = msgspec.json.decode(
        msgspec.json.encode({"components": SCHEMA["components"], **schema}).replace(
            b'"type":"object","properties"', b'"type":"object","additionalProperties":false,"properties"'
        )
    )
    jsonschema.validate(answer, closed, cls=jsonschema.Draft202012Validator)


def test_the_file_is_what_the_code_says() -> None:
    assert FILE.read_bytes() == encoded(), "run `python -m console.api.openapi`"


def test_the_document_holds_every_schema_that_it_names() -> None:
    found = document()
    for schema in found["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    named = {part.split('"')[0] for part in encoded().decode().split(REFERENCE.format(name=""))[1:]}
    assert named <= found["components"]["schemas"].keys()
    ids = [operation["operationId"] for path in found["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids)) == len(ENDPOINTS)


PARAMETERS = {"search": {"text": "seller-1"}}
BODIES: dict[str, Any] = {
    "give_verdict": VERDICT,
    "search_personal_value": {"value": "ann@example.org"},
}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_every_answer_is_as_the_document_says(calls: TestClient, endpoint: Any) -> None:
    path = endpoint.path.format(alert_id="alr_000010", seller_id="seller-1")
    given: Any = {"params": PARAMETERS.get(endpoint.name), "json": BODIES.get(endpoint.name)}
    answer = calls.request(endpoint.method, path, headers=basic("lead"), **given)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    operation = SCHEMA["paths"][endpoint.path][endpoint.method.lower()]
    fits(answer.json(), operation["responses"]["200"]["content"]["application/json"]["schema"])


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_nobody_unknown_and_no_auditor_who_changes_something(calls: TestClient, endpoint: Any) -> None:
    path = endpoint.path.format(alert_id="alr_000001", seller_id="seller-1")
    stranger = calls.request(endpoint.method, path, json={})
    assert (stranger.status_code, stranger.headers["content-type"]) == (401, "application/problem+json")
    fits(stranger.json(), SCHEMA["components"]["schemas"]["ApiProblem"])
    if endpoint.right is not Right.READ:
        refused = calls.request(endpoint.method, path, headers=basic("auditor"), json=BODIES[endpoint.name])
        assert refused.status_code == 403
        assert "You are auditor" in refused.json()["detail"]


def test_pages_hold_every_alert_once(client: TestClient) -> None:
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = client.get("/api/alerts", params={"limit": 5, "order": "score", "state": ["open", "confirmed"], **after})
        found += [item["alert_id"] for item in page.json()["items"]]
        if page.json()["next"] is None:
            break
        after = {"after": page.json()["next"]}
    assert sorted(found) == [f"alr_{number:06d}" for number in range(12)]


def test_of_two_who_judge_the_same_version_one_is_told_how_it_is_now(client: TestClient) -> None:
    alert = client.get("/api/alerts/alr_000003").json()["item"]
    said = {"version": alert["version"], "verdict": "dismissed", "note": "known shop"}
    first = client.post("/api/alerts/alr_000003/verdict", json=said)
    assert (first.json()["item"]["state"], first.json()["sent"]) == ("dismissed", True)
    second = client.post("/api/alerts/alr_000003/verdict", json=said | {"verdict": "confirmed"})
    assert second.status_code == 409
    assert second.json()["alert"]["changed_by"] == "analyst"
    again = client.post("/api/alerts/alr_000003/verdict", json=said)
    assert again.json()["item"] == first.json()["item"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/api/alerts?limit=0", 400, "limit"),
        ("/api/alerts?limit=x", 400, "limit"),
        ("/api/alerts?state=closed", 400, "state"),
        ("/api/alerts?sort=score", 400, "sort"),
        ("/api/alerts?after=nonsense", 400, "begin again"),
        ("/api/alerts/alr_none", 404, "console_keep"),
        ("/api/sellers/nobody", 404, "console_keep"),
        ("/api/search", 400, "text"),
        ("/api/nothing", 404, "openapi.json"),
        ("/api/", 404, "openapi.json"),
    ],
)
def test_what_cannot_be_answered_says_why(client: TestClient, path: str, status: int, said: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said in answer.json()["detail"]
    assert answer.json()["status"] == status


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400),
        ({"json": {"version": "1", "verdict": "confirmed"}}, 400),
        ({"json": VERDICT | {"analyst": "somebody else"}}, 400),
        ({"json": VERDICT | {"verdict": "snoozed"}}, 422),
        ({"json": VERDICT | {"verdict": "snoozed", "until": 7, "reason": "later"}}, 422),
        ({"json": VERDICT | {"note": "x" * 62_000}}, 413),
        ({"data": {"version": "1"}}, 415),
    ],
)
def test_a_body_that_cannot_be_used_changes_nothing(client: TestClient, options: dict[str, Any], status: int) -> None:
    before = client.get("/api/alerts/alr_000005").json()
    answer = client.post("/api/alerts/alr_000005/verdict", **options)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert client.get("/api/alerts/alr_000005").json() == before


def test_a_session_reads_by_its_cookie_and_changes_by_its_token(calls: TestClient) -> None:
    visitor = Visitor(calls)
    visitor.log_in("analyst")
    assert visitor.get("/api/alerts").status_code == 200
    path, said = "/api/alerts/alr_000007/verdict", {"version": 1, "verdict": "confirmed"}
    assert calls.post(path, json=said).status_code == 403
    token = visitor.token("/alerts/alr_000007")
    assert calls.post(path, json=said, headers={"x-csrf-token": token}).status_code == 200
    calls.cookies.clear()


def test_wrong_passwords_are_counted_as_on_the_log_in_page(calls: TestClient) -> None:
    answers = [calls.get("/api/alerts", headers=basic("nobody", "wrong")).status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]
    for sent in ("Basic x", "Basic /w==/w==", "Basic"):
        assert calls.get("/api/alerts", headers={"authorization": sent}).status_code == 401


def test_a_search_for_a_personal_value_is_recorded_without_the_value(calls: TestClient) -> None:
    settings = calls.app.state.console.settings  # type: ignore[attr-defined]
    answer = calls.post(
        "/api/search/personal", headers=basic("lead"), json={"value": "who@example.org", "kind": "email"}
    )
    assert answer.json() == {"holders": [], "redis": True}
    acts = read(settings, names.ACTS)
    assert any(b"value.searched" in act and b'"kind":"email"' in act for act in acts)
    assert not any(b"who@" in act for act in acts)


def test_a_snooze_says_until_when_and_comes_back(client: TestClient) -> None:
    said = {"version": 1, "verdict": "snoozed", "until": now() + DAY, "reason": "asked the seller"}
    item = client.post("/api/alerts/alr_000009/verdict", json=said).json()["item"]
    assert (item["state"], item["snoozed_until"]) == ("snoozed", said["until"])
    listed = client.get("/api/alerts", params={"state": "snoozed"}).json()["items"]
    assert [each["alert_id"] for each in listed] == ["alr_000009"]


async def test_what_is_away_is_named_and_the_rest_is_shown(tmp_path: Path) -> None:
    away = Service(up=False, text="away")
    state = SystemState(0.0, "sw", away, away, [], [], {}, None, {}, {}, None, [])
    settings = settings_of(tmp_path, kafka_api_version="0.11")
    database = Database.open(settings.console_database.get_secret_value())
    redis = connect(settings.redis_url.get_secret_value())
    found = await system(settings, database, KafkaSide(settings), redis, state)
    assert (found.state, found.feed, found.models) == (state, None, None)
    assert found.unseen.keys() == {"feed", "dead", "models", "words"}
    assert "Kafka cannot be reached at 127.0.0.1:1" in found.unseen["feed"]
    database.close()
