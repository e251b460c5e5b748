"""What people do on the system's pages: to refused events, deliveries, models and words, and what is left of it."""

import asyncio
import base64
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
import redis
from anyio.from_thread import start_blocking_portal
from sqlalchemy import select

from console.kafka_side import STILL, KafkaSide
from console.store.choices import choices
from console.store.database import DatabaseUnavailableError
from console.store.raising import take_alerts
from console.store.schema import given, labels
from console.store.writing import put
from console.words import now
from detectors.assessment import Reason
from detectors.models.risk_learner import RISK
from sellerwatch.embedded.kafka import EmbeddedKafka
from streams import names
from streams.delivery.queued_alert import Tries
from streams.models.commands import Announcement, encode_announcement, slots_of, unpack_command
from streams.reading import read_topic
from streams.refused.rejected import Rejected, encode_rejected
from streams.settings import Settings
from streams.signing import sign
from tests.builders import MONDAY
from tests.console.made import raised
from tests.console.pages import Visitor, made_app, settings_of, users_in, visiting, with_kafka
from tests.services.clients import producer

KEY = "m" * 32
BROKEN = b'{"event_id": "e-1", "type": "order.placed"}'
MENDED = (
    '{"event_id": "e-1", "type": "order.placed", "event_time": "2026-03-02T08:00:00Z", "seller_id": "s-1", '
    '"order_id": "o-1", "buyer_id": "b-1", "amount_minor": 100, "currency": "EUR"}'
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, redis_server: Any, own_kafka: EmbeddedKafka) -> Settings:
    folder = tmp_path_factory.mktemp("system")
    users_in(folder)
    for topic in (names.REJECTED, names.TRAINING):
        own_kafka.create_topic(topic, 1)
    own_kafka.create_topic("orders", 1)
    url = f"redis://127.0.0.1:{redis_server.port}/{redis_server.databases - 2}"
    return settings_of(folder, **with_kafka(own_kafka), redis_url=url, model_keys=[KEY])


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[Any]:
    with producer(settings) as sending:
        for offset in range(2):
            told = Rejected(
                "orders", 0, offset, "wrong_type", "event_time is missing", base64.b64encode(BROKEN).decode()
            )
            sending.send(names.REJECTED, value=encode_rejected(told), partition=0)
    made = made_app(settings)
    with start_blocking_portal() as portal:
        made.state.portal = portal
        yield made
        portal.call(made.state.console.close)


@pytest.fixture(scope="module")
def store(settings: Settings) -> Iterator[Any]:
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        yield client


@pytest.fixture(scope="module")
def lead(app: Any) -> Visitor:
    return logged_in(app, "lead")


def logged_in(app: Any, name: str) -> Visitor:
    visitor = visiting(app)
    assert visitor.log_in(name).status_code == 303
    return visitor


def last_act(settings: Settings) -> dict[str, Any]:
    """The newest act, whatever partition it went to; log-ins are recorded when nobody waits for it any more."""
    acts: list[dict[str, Any]] = [msgspec.json.decode(held.value) for held in read_topic(settings, names.ACTS)]
    return max((act for act in acts if act["act"] != "login"), key=lambda act: str(act["event_time"]))


def test_a_refused_event_is_mended_and_sent_back_once(app: Any, lead: Visitor, settings: Settings) -> None:
    assert "wrong_type" in lead.get("/system/refused").text
    here = "/system/refused/0/0"
    refused_again = lead.post(f"{here}/replay", seen=here, text='{"type": "order.placed", "mine": 1}')
    assert refused_again.status_code == 400
    assert "&#34;mine&#34;: 1" in refused_again.text, "what was typed is lost"

    assert lead.post(f"{here}/replay", seen=here, text=MENDED).status_code == 303

    assert [held.value for held in read_topic(settings, "orders")] == [MENDED.encode()]
    act = last_act(settings)
    assert (act["act"], act["actor"], act["role"], act["subject"]) == ("rejected.replayed", "lead", "lead", "0/0")
    second = lead.post(f"{here}/replay", seen="/", text=MENDED)
    assert second.status_code == 409
    assert "lead has replayed it" in second.text


def test_a_refused_event_is_put_away_and_an_analyst_may_not(app: Any, lead: Visitor, settings: Settings) -> None:
    here = "/system/refused/0/1"
    analyst = logged_in(app, "analyst")
    assert "e-1" in lead.get(here).text
    assert "e-1" not in analyst.get(here).text, "it stands there as it was sent, with whatever names persons"
    for visitor, original in ((analyst, ""), (lead, base64.b64encode(BROKEN).decode())):
        told = visitor.get("/api/refused").json()[0]["event"]
        assert (told["told"]["reason"], told["told"]["original"]) == ("wrong_type", original)
    assert analyst.post(f"{here}/discard", seen="/").status_code == 403
    assert lead.post(f"{here}/discard", seen=here).status_code == 303
    act = last_act(settings)
    assert act["act"] == "rejected.discarded"
    assert lead.post(f"{here}/discard", seen="/").status_code == 409
    assert last_act(settings) == act, "what was not done is recorded"
    assert "discarded by lead" in lead.get("/system/refused").text
    assert lead.get("/system/refused/0/99").status_code == 404


def test_a_dead_delivery_goes_back_into_the_outbox(lead: Visitor, store: Any, settings: Settings) -> None:
    store.set("{sw.layout}partitions", 1)
    alert = {"alert_id": "alr_000003", "seller_id": "seller-3", "pattern": "velocity"}
    fields = {"type": "alert.raised", "alert": msgspec.json.encode(alert), "reason": "http_400"}
    tries = msgspec.json.encode(Tries(3, 3, 1.0))
    entry = store.xadd("{sw.watch.0}dead", {**fields, "tries": tries, "died_at": "1790000000.0"}).decode()
    assert "http_400" in lead.get("/system/deliveries").text
    form = {"what": "retry", "place": f"0/{entry}"}
    assert lead.post("/system/deliveries", seen="/system/deliveries", **form).status_code == 303
    assert (store.xlen("{sw.watch.0}dead"), store.xlen("{sw.watch.0}out")) == (0, 1)
    assert last_act(settings)["act"] == "delivery.retried"
    assert lead.post("/system/deliveries", seen="/system/deliveries", **form).status_code == 409


def test_an_alert_that_may_be_among_too_many_to_look_through_is_not_said_to_be_delivered(
    lead: Visitor, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.set("{sw.layout}partitions", 1)
    store.delete("{sw.watch.0}out")
    place = "/alerts/alr_000003"
    assert "it was taken, or discarded" in lead.get(place).text
    for alert_id in (b"alr_000002", b"alr_000003"):
        store.xadd("{sw.watch.0}out", {"alert": msgspec.json.encode({"alert_id": alert_id.decode()})})
    assert "Waits for its first try" in lead.get(place).text
    monkeypatch.setattr("console.deliveries.LOOKED_THROUGH", 1)
    assert "Too many alerts wait" in lead.get(place).text
    store.delete("{sw.watch.0}out")


def test_only_an_admin_puts_an_older_model_in_force(app: Any, lead: Visitor, store: Any, settings: Settings) -> None:
    for number, version in enumerate(("risk-1", "risk-2")):
        at = MONDAY + number * 600_000_000
        kept = Announcement(RISK, version, at, sign(KEY.encode(), b"a model"), 120, 0.61 + number / 10, 0.7, 0.02)
        store.set(f"{{sw.learn.0}}{slots_of(RISK, at)[0]}", encode_announcement(kept))
    page = logged_in(app, "admin").get("/system/models").text
    assert "risk-1" in page
    assert "0.710" in page
    form = {"action": "rollback", "version": "risk-1"}
    assert lead.post("/system/models", seen="/system/models", **form).status_code == 403

    admin = logged_in(app, "admin")
    assert admin.post("/system/models", seen="/system/models", **form).status_code == 303

    *_, sent = read_topic(settings, names.TRAINING)
    command = unpack_command(sent.value, [KEY.encode()])
    assert (command.action, command.version, command.author) == ("rollback", "risk-1", "admin")
    assert command.figures == (120, 0.61, 0.7, 0.02)
    assert last_act(settings)["subject"] == RISK
    unknown = admin.post("/system/models", seen="/system/models", action="rollback", version="risk-9")
    assert unknown.status_code == 404


def test_a_model_that_was_signed_by_another_key_is_not_put_in_force(app: Any, store: Any, settings: Settings) -> None:
    kept = Announcement(RISK, "risk-0", MONDAY, sign(b"a key that is not ours", b"a model"), 120, 0.61, 0.7, 0.02)
    store.set(f"{{sw.learn.0}}{slots_of(RISK, MONDAY)[0]}", encode_announcement(kept))
    sent, admin = read_topic(settings, names.TRAINING), logged_in(app, "admin")
    answer = admin.post("/system/models", seen="/system/models", action="rollback", version="risk-0")
    assert answer.status_code == 409
    assert "signed by another key" in answer.text
    assert len(list(read_topic(settings, names.TRAINING))) == len(list(sent))


def test_of_many_that_are_judged_at_once_those_that_changed_meanwhile_are_left_and_named(lead: Visitor) -> None:
    form = {"verdict": "dismissed", "note": "one wholesaler", "next": "/"}
    answer = lead.post("/verdicts", seen="/", chosen=["alr_000004 1", "alr_000005 7"], **form)
    assert answer.status_code == 409
    assert "1 alert had changed meanwhile" in answer.text
    assert "1 of 2 were dismissed" in answer.text
    assert "alr_000005" in answer.text
    assert "one wholesaler" in answer.text, "what was typed is lost"
    states = [lead.get(f"/api/alerts/alr_00000{n}").json()["item"]["state"] for n in (4, 5)]
    assert states == ["dismissed", "open"]
    assert lead.post("/verdicts", seen="/", **form).status_code == 400
    assert lead.post("/verdicts", seen="/", chosen=["alr_000005 1", "alr_000006 1"], **form).status_code == 303


def test_a_word_is_accepted_by_a_lead_and_not_by_an_analyst(app: Any, lead: Visitor, settings: Settings) -> None:
    form = {"term": "snow tea", "what": "accepted"}
    assert logged_in(app, "analyst").post("/system/words", seen="/", **form).status_code == 403
    assert lead.post("/system/words", seen="/", **form).status_code == 303
    with app.state.console.database.reading() as connection:
        assert choices(connection)["snow tea"].chosen_by == "lead"
    assert last_act(settings)["act"] == "word.accepted"
    assert "snow tea,0.5,,," in lead.get("/system/words").text


def test_with_redis_and_kafka_away_alerts_are_shown_and_the_rest_says_what_is_missing(tmp_path: Path) -> None:
    app = made_app(settings_of(tmp_path, console_open=True))
    visitor = visiting(app)
    alert = visitor.get("/alerts/alr_000003")
    assert alert.status_code == 200
    assert "Redis does not answer" in alert.text
    models = visitor.get("/system/models")
    assert models.status_code == 503
    assert "Redis at 127.0.0.1:1 does not answer" in models.text
    asyncio.run(app.state.console.close())


def test_of_a_model_that_may_have_learned_before_the_console_read_of_models_nothing_is_said(tmp_path: Path) -> None:
    app = made_app(settings_of(tmp_path, console_open=True))
    visitor, place = visiting(app), "/alerts/alr_000003"
    visitor.post(f"{place}/verdict", seen=place, version=1, verdict="confirmed")
    with app.state.console.database.writing() as connection:
        event_id = connection.execute(select(given.c.event_id)).scalar_one()
        put(connection, labels, [{"event_id": event_id, "orders": 2, "reached": 7, "logged_at": now()}])
    text = visitor.get(place).text
    assert "2 orders of the seller became labels: versions of the risk model that are published after that" in text
    asyncio.run(app.state.console.close())


@pytest.fixture
def silent() -> Iterator[str]:
    """A Kafka that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_a_kafka_that_is_not_there_is_named_with_what_still_works(tmp_path: Path) -> None:
    app = made_app(settings_of(tmp_path, console_open=True))
    visitor = visiting(app)
    for path in ("/system/refused", "/system/refused/0/0", "/api/refused"):
        answer = visitor.get(path)
        assert answer.status_code == 503
        assert f"Kafka cannot be reached at 127.0.0.1:1; {STILL}" in answer.text
    verdict = visitor.post("/alerts/alr_000003/verdict", seen="/alerts/alr_000003", version=1, verdict="confirmed")
    assert verdict.status_code == 303
    assert "on its way to the log" in visitor.get("/alerts/alr_000003").text
    asyncio.run(app.state.console.close())


def test_a_kafka_that_takes_connections_and_says_nothing_is_found_out_before_anything_is_asked_of_it(
    tmp_path: Path, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Settings] = []
    monkeypatch.setattr("console.pages.refused._latest", asked.append)
    app = made_app(settings_of(tmp_path, console_open=True, kafka_brokers=[silent]))
    monkeypatch.setattr("console.acting.ActRecorder", asked.append)
    visitor, place = visiting(app), "/alerts/alr_000003"
    assert visitor.post(f"{place}/verdict", seen=place, version=1, verdict="confirmed").status_code == 303
    assert "on its way to the log" in visitor.get(place).text
    answer = visitor.get("/system/refused")
    assert answer.status_code == 503
    assert f"Kafka takes connections at {silent}, but says nothing; {STILL}" in answer.text
    assert not asked
    asyncio.run(app.state.console.close())


def test_a_database_that_does_not_answer_is_not_told_as_a_kafka_that_does_not(mock_kafka: EmbeddedKafka) -> None:
    def ask() -> None:
        raise DatabaseUnavailableError("the console's database does not answer")

    side = KafkaSide(Settings(kafka_brokers=mock_kafka.bootstrap.split(",")))
    with pytest.raises(DatabaseUnavailableError, match=r"answer$"):
        asyncio.run(side.ask(ask))
    side.close()


def test_a_kafka_that_says_nothing_holds_up_no_other_page(
    tmp_path: Path, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More people wait for it than there are threads."""
    monkeypatch.setattr("console.kafka_side.TROUBLE_SECONDS", 0.5)
    app = made_app(settings_of(tmp_path, console_open=True, kafka_brokers=[silent]))
    console = app.state.console
    console.feed.kafka_away = True
    waits = threading.Event()

    def ask(_: Settings) -> None:
        waits.wait(60)

    monkeypatch.setattr("console.pages.refused._latest", ask)
    monkeypatch.setattr("console.pages.policy.policy_history", ask)

    async def visit() -> list[Any]:
        transport = httpx2.ASGITransport(app, client=("127.0.0.1", 1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            stuck = [asyncio.create_task(client.get(f"/system/{n}")) for n in ("refused", "policy") for _ in range(9)]
            pages = [await client.get(path) for path in ("/", "/alerts/alr_000003", "/sellers")]
            return [[page.status_code for page in pages], *await asyncio.gather(*stuck)]

    try:
        others, *stuck = asyncio.run(visit())
    finally:
        waits.set()
    assert others == [200, 200, 200]
    assert {answer.status_code for answer in stuck} == {503}
    assert all(f"Kafka did not answer within 0.5 s; {STILL}" in answer.text for answer in stuck)
    asyncio.run(console.close())


def test_a_redis_that_says_nothing_is_named_and_holds_nobody_up(
    tmp_path: Path, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.state.REDIS_SECONDS", 0.2)
    monkeypatch.setattr("console.deliveries.PATIENCE_SECONDS", 0.2)
    app = made_app(settings_of(tmp_path, console_open=True, redis_url=f"redis://{silent}/0"))
    pages = {
        "/": (200, "Queue"),
        "/alerts/alr_000003": (200, "Redis does not answer, so it cannot be said where it is"),
        "/links?seller=seller-3&steps=4": (200, "Redis does not answer: links are those"),
        "/system": (200, "looked at"),
        "/system/models": (503, STILL),
        "/system/deliveries": (503, STILL),
        "/system/words": (503, STILL),
    }

    async def visit() -> dict[str, Any]:
        transport = httpx2.ASGITransport(app, client=("127.0.0.1", 1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            found = {path: await client.get(path) for path in pages}
        await app.state.console.close()
        return found

    found = asyncio.run(asyncio.wait_for(visit(), 60))
    for path, (status, said) in pages.items():
        assert (found[path].status_code, said in found[path].text) == (status, True), path


def test_what_a_seller_writes_stays_text(tmp_path: Path) -> None:
    app = made_app(settings_of(tmp_path, console_open=True), alerts=0)
    evil = '"><script>alert(1)</script>'
    reason = Reason("x", evil, 1.0, None, None, 0.9)
    with app.state.console.database.writing() as connection:
        take_alerts(connection, [raised(1, at=now(), seller_id=evil, pattern=evil, reasons=[reason])], now())
    visitor = visiting(app)
    for path in ("/", "/alerts/alr_000001", "/search?text=" + "%22%3E%3Cscript%3E"):
        page = visitor.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;" in page.text
    asyncio.run(app.state.console.close())
