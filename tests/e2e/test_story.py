"""One alert followed through, on the demo's Kafka and Redis: raised, judged, learned from, explained and packed."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess, run
from typing import Any

import httpx2
import pytest

from console.auth.roles import Role
from console.auth.users import Users
from detectors.decision import say_time
from detectors.events import SECOND, Record, VerdictGiven
from detectors.models.risk_learner import RISK
from detectors.models.training import TrainingRow
from sellerwatch.audit.verify import verify
from sellerwatch.embedded.processes import free_port, spawn
from sellerwatch.evidence import verify_evidence
from sellerwatch.evidence.explaining import explain
from sellerwatch.evidence.holdings import Topics
from sellerwatch.evidence.pack import run as pack_evidence
from simulator import staged
from simulator.kinds.small_repeat import SmallRepeat
from streams import names
from tests.builders import MONDAY
from tests.console.brokers import embedded
from tests.console.pages import PASSWORD, Visitor
from tests.e2e.system import SECRET, System, rows_of
from tests.services.redis import RealRedis
from tests.upstream import event
from tests.waiting import wait_until

JUDGED = f'sellerwatch_model_judged_opinions{{model="{RISK}"}}'
PUBLISHED = f'sellerwatch_models_published_total{{model="{RISK}"}}'
DUE = 50
"""Rows that the model has to have learned before its next version is due."""
NOTE = "the same four people, every third day"


@dataclass
class Story:
    """A marketplace whose risk model is in force, one alert of it, and an analyst with a browser."""

    system: System
    analyst: Visitor
    alert: dict[str, Any]
    """As it was raised first."""
    deliveries: Path

    @property
    def page(self) -> str:
        return f"/alerts/{self.alert['alert_id']}"

    def verdicts(self) -> list[Record]:
        """Those on the alert's seller that stand in the log."""
        return [r for r in self.system.log() if isinstance(r.body, VerdictGiven) and r.seller_id == self.seller]

    @property
    def seller(self) -> str:
        return str(self.alert["seller_id"])


@pytest.fixture(scope="module")
def raised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Ordinary trade with some disputes, of which a model of risk comes; then two shops that sell something else."""
    folder = tmp_path_factory.mktemp("story")
    Users(folder / "users.json").add("ann", Role.ANALYST, PASSWORD)
    port, deliveries = free_port(), folder / "deliveries.log"
    with ExitStack() as running, deliveries.open("wb") as output:
        told = {"SELLERWATCH_RECEIVER_SECRET": SECRET, "SELLERWATCH_RECEIVER_PORT": str(port)}
        receiver = spawn([sys.executable, "-m", "sellerwatch.receiver"], output=output, env=told)
        running.callback(receiver.wait)
        running.callback(receiver.kill)
        system = running.enter_context(
            System(
                running.enter_context(embedded()),
                running.enter_context(RealRedis()),
                folder,
                publish_interval="PT1S",
                webhook_url=f"http://127.0.0.1:{port}/alerts",
                webhook_secrets=SECRET,
                webhook_allow_private="true",
                console_database=str(folder / "console.db"),
                console_users=str(folder / "users.json"),
            )
        )
        system.start("intake", "watch", "learn", "dispatch", "console")
        trade(system, range(3_600))
        dispute(system, "early", 30)
        trade(system, range(3_600, 4_000))
        wait_until(lambda: system.metrics("learn")[PUBLISHED] > 0, 120, "a model of risk is in the log")
        system.settle()
        system.feed(staged(3, 12, {SmallRepeat: 2}).events())
        system.settle()
        alert = next(alert for alert in alerts(system) if alert["pattern"] == SmallRepeat.kind)
        browser = running.enter_context(httpx2.Client(base_url=f"http://127.0.0.1:{system.ports['console']}"))
        analyst = Visitor(browser)
        assert analyst.log_in("ann").status_code == 303
        yield Story(system, analyst, alert, deliveries)


def trade(system: System, orders: range) -> None:
    """Orders that look like any other: each by another buyer, a shop's hours apart."""
    system.feed(ordered(f"o{n}", f"shop-{n % 400}", n) for n in orders)
    system.settle()


def ordered(order: str, shop: str, number: int) -> dict[str, Any]:
    """The order of that number, three a minute."""
    told = {"buyer_id": f"buyer-of-{order}", "event_time": say_time(MONDAY + number * 20 * SECOND)}
    return event("order.placed", order_id=order, seller_id=shop, **told)


def dispute(system: System, of: str, orders: int) -> None:
    """Orders of some shops, and then disputes about them."""
    placed = {f"{of}-{n}": f"{of}-shop-{n % 5}" for n in range(orders)}
    system.feed(event("order.placed", order_id=order, seller_id=shop) for order, shop in placed.items())
    system.settle()
    system.feed(event("payment.disputed", order_id=order, seller_id=shop) for order, shop in placed.items())
    system.settle()


def alerts(system: System) -> Iterator[dict[str, Any]]:
    return (json.loads(value) for _, value in system.read(names.ALERTS))


def labels(story: Story) -> list[TrainingRow]:
    """Orders that became labels because of the verdict on the alert."""
    verdicts = {record.event_id for record in story.verdicts()}
    return [row for row in rows_of(story.system) if row.event_id in verdicts and row.order_id]


@pytest.fixture(scope="module")
def confirmed(raised: Story) -> Story:
    """The analyst finds the alert in the queue, opens it, and confirms it."""
    queue, alert = raised.analyst, raised.alert["alert_id"]
    wait_until(lambda: raised.page in queue.get("/").text, 60, "the alert is in the queue")
    assert raised.system.metrics("learn")[JUDGED] == 0.0, "nothing was judged that the model had an opinion of"
    page = queue.get(raised.page).text
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    said = queue.post(f"{raised.page}/verdict", raised.page, version=version[1], verdict="confirmed", note=NOTE)
    assert said.status_code == 303, said.text
    assert said.headers["location"] == f"/alerts/{alert}"
    raised.system.settle()
    return raised


def test_the_alert_is_delivered_and_its_page_says_why(raised: Story) -> None:
    alert = raised.alert["alert_id"]
    latest = [one for one in alerts(raised.system) if alert in (one["alert_id"], one.get("escalates"))][-1]
    wait_until(lambda: alert in raised.deliveries.read_text(), 60, "the receiver has verified it")
    wait_until(lambda: says(raised.analyst.get(raised.page).text, latest), 60, "its page has the reasons")

    assert f'href="/sellers/{raised.seller}"' in raised.analyst.get(raised.page).text
    assert raised.analyst.get(f"/sellers/{raised.seller}").status_code == 200


def says(page: str, alert: dict[str, Any]) -> bool:
    """Whether a page has every reason of an alert."""
    return all(f"<code>{reason['code']}</code>" in page for reason in alert["reasons"])


def test_the_verdict_stands_in_its_topic_in_the_log_and_on_the_page(confirmed: Story) -> None:
    sent = [json.loads(value) for _, value in confirmed.system.read("verdicts")]
    (logged,) = confirmed.verdicts()

    assert [(one["event_id"], one["verdict"], one["note"]) for one in sent] == [(logged.event_id, "confirmed", NOTE)]
    assert NOTE in confirmed.analyst.get(confirmed.page).text
    assert confirmed.page not in confirmed.analyst.get("/").text, "it waits for nobody any more"


def test_it_comes_back_as_labels_by_which_the_model_of_risk_is_judged(confirmed: Story) -> None:
    system = confirmed.system
    wait_until(lambda: bool(labels(confirmed)), 60, "its orders are labels")
    rows = labels(confirmed)

    assert {(row.seller_id, row.label, row.label_source) for row in rows} == {(confirmed.seller, "bad", "verdict")}
    assert min(row.risk for row in rows) >= 0.0, "the model had an opinion of each before"
    wait_until(lambda: system.metrics("learn")[JUDGED] == len(rows), 60, "the model is judged by them")

    dispute(system, "later", DUE)
    wait_until(lambda: system.metrics("learn")[JUDGED] == len(rows) + DUE, 60, "each of them is judged, once")
    wait_until(lambda: most_judged(confirmed) >= len(rows), 60, "the models' page counts them")
    learned = rf"{len(rows)} orders of the seller became labels, from which <[^>]+>{RISK}-\d+-\w+</a> has learned"
    wait_until(lambda: bool(re.search(learned, confirmed.analyst.get(confirmed.page).text)), 60, "the alert's page too")


def most_judged(story: Story) -> int:
    """The highest number of judged orders that the models' page says of a version."""
    return max(map(int, re.findall(r">(\d+) orders<", story.analyst.get("/system/models").text)), default=0)


def test_the_chain_holds_the_alert_the_verdict_and_what_the_analyst_did(confirmed: Story) -> None:
    (logged,) = confirmed.verdicts()
    bodies = [json.loads(value)["body"] for _, value in confirmed.system.read(names.AUDIT)]
    of_alert = [body for body in bodies if body.get("said", {}).get("alert_id") == confirmed.alert["alert_id"]]
    acts = [body["said"] for body in bodies if body["kind"] == "act.recorded"]

    assert verify([], [], None, confirmed.system.settings()).findings == []
    assert [body["kind"] for body in of_alert] == ["alert.raised", "verdict.given"]
    assert of_alert[1]["event_id"] == logged.event_id
    assert [act["details"]["event"] for act in acts if act["act"] == "verdict.sent"] == [logged.event_id]


def test_the_decision_on_which_it_was_raised_is_computed_again_and_equal(confirmed: Story) -> None:
    settings = confirmed.system.settings()
    explained = explain(confirmed.alert["evidence"]["events"][0], Topics(settings), settings)

    assert explained.equal is True
    assert explained.recomputed.outcome == "first"


def test_the_pack_holds_the_verdict_and_one_changed_byte_is_refused(confirmed: Story, tmp_path: Path) -> None:
    pack, changed = tmp_path / "case.zip", tmp_path / "changed.zip"
    settings = confirmed.system.settings()
    assert pack_evidence(confirmed.alert["alert_id"], pack, Topics(settings), settings) == 0
    whole = pack.read_bytes()
    changed.write_bytes(whole.replace(b'"confirmed"', b'"confirmeD"', 1))
    assert changed.read_bytes() != whole, "it holds the verdict"

    assert (checked(pack).returncode, checked(pack).stdout.startswith("whole")) == (0, True)
    assert (checked(changed).returncode, checked(changed).stdout.startswith("REFUSED")) == (1, True)


def checked(pack: Path) -> "CompletedProcess[str]":
    """What the script says that comes with a pack, run without anything of ours."""
    script = str(verify_evidence.__file__)
    return run([sys.executable, "-I", script, str(pack)], capture_output=True, text=True, check=False)
