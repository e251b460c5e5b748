"""What the pages tell people to run, run: commands in a folder, producers against Kafka, receivers against deliveries.

A block is marked by the comment before it: `run: NAME` is run here, `check: NAME` needs what is not here and is only
checked, `words` are commands that need a system in production.
"""

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import aiohttp
import pytest
from standardwebhooks import Webhook as Signer
from typer.testing import CliRunner

from sellerwatch import cli
from sellerwatch.embedded.processes import free_port
from streams.upstream import parse
from tests.docs.pages import CHECKOUT, pages
from tests.services.kafka import RealKafka, Topics, jars
from tests.streams.delivery import SECRET, alert_json

BLOCK = re.compile(r"<!-- (run|check|file|words)(?:: ([\w.]+))? -->\n\n```(\w+)\n(.*?)```", re.S)
GUIDES = ("start", "connect", "receive", "tune", "reports", "intel")


class Block(NamedTuple):
    how: str
    name: str
    language: str
    text: str


BLOCKS = [Block(*found) for page in pages() if page.path.stem in GUIDES for found in BLOCK.findall(page.text)]


def block(name: str) -> str:
    (found,) = [each.text for each in BLOCKS if each.name == name]
    return found


def test_every_block_of_a_guide_says_how_it_is_run() -> None:
    fences = sum(page.text.count("\n```") // 2 for page in pages() if page.path.stem in GUIDES)

    assert fences == len(BLOCKS)


def commands(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line:
            name, *words = shlex.split(line)
            assert name == "sellerwatch"
            yield words


def test_the_commands_of_the_guides_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policy.toml").write_text(block("policy.toml"))
    for name in ("start", "reports", "missed", "tune"):
        smaller = block(name).replace("--sellers 60 --days 12", "--sellers 20 --days 5")
        for words in commands(smaller):
            done = CliRunner().invoke(cli.app, words, catch_exceptions=False)
            assert done.exit_code == 0, (words, done.output)

    assert Path("alerts.jsonl").exists()
    assert Path("decisions.jsonl").read_text().count("\n") > 100
    assert "<h2>High-volume sellers" in Path("report.html").read_text()
    assert "<svg" in Path("backtest.html").read_text()


# -- producers ----------------------------------------------------------------------------------

PRODUCERS = ("producer.py", "producer.mjs", "OrderProducer.java", "producer.sh")


@pytest.mark.parametrize("name", PRODUCERS)
def test_every_producer_sends_the_same_order_and_intake_takes_it(name: str) -> None:
    text = block(name).replace('\\"', '"')
    fields = dict(re.findall(r'"?(\w+)"?: "([\w.:+-]+)"', text[text.index("event_id") - 1 :]))
    amount = re.search(r'"?amount_minor"?: (\d+)', text)
    assert amount is not None

    event = parse(json.dumps(fields | {"amount_minor": int(amount[1])}).encode())

    assert (event.event_id, event.type, event.seller_id) == ("evt-1", "order.placed", "seller-1")


def run(words: Sequence[str | Path], **environment: str) -> str:
    done = subprocess.run(words, env=os.environ | environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_producer_in_python_puts_an_order_on_kafka(tmp_path: Path, kafka: RealKafka, topics: Topics) -> None:
    (topic,) = topics("orders")
    script = tmp_path / "producer.py"
    script.write_text(block("producer.py").replace('"orders"', f'"{topic}"'))

    assert run([sys.executable, script], BROKERS=kafka.bootstrap).startswith(f"{topic}/")


def test_the_producer_in_java_puts_an_order_on_kafka(tmp_path: Path, kafka: RealKafka, topics: Topics) -> None:
    if not shutil.which("javac"):
        pytest.skip("no javac on the path")
    (topic,) = topics("orders")
    source = tmp_path / "OrderProducer.java"
    source.write_text(block("OrderProducer.java").replace('"orders"', f'"{topic}"'))

    assert f"{topic}-" in run(["java", "-cp", f"{jars()}/*", source], BROKERS=kafka.bootstrap)


@pytest.mark.parametrize("name", [each.name for each in BLOCKS if each.language == "js"])
def test_what_is_written_for_node_is_javascript(tmp_path: Path, name: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on the path")
    (tmp_path / name).write_text(block(name))

    run([node, "--check", tmp_path / name])


def test_the_request_of_curl_is_one_that_a_rest_proxy_takes(tmp_path: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("no curl on the path")
    asked: list[tuple[str, str | None, Any]] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, self.headers["Content-Type"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Proxy) as server:
        Thread(target=server.handle_request, daemon=True).start()
        (tmp_path / "producer.sh").write_text(block("producer.sh"))
        run(["sh", tmp_path / "producer.sh"], PROXY=f"http://127.0.0.1:{server.server_port}", no_proxy="127.0.0.1")

    ((path, kind, body),) = asked
    assert (path, kind) == ("/topics/orders", "application/vnd.kafka.json.v2+json")
    assert parse(json.dumps(body["records"][0]["value"]).encode()).seller_id == body["records"][0]["key"]


# -- receivers ----------------------------------------------------------------------------------

BODY = b'{"type":"alert.raised","timestamp":"2026-11-21T08:00:00Z","data":' + alert_json("alr_1") + b"}"


def signed(age: timedelta = timedelta(0), identity: str = "alr_1") -> dict[str, str]:
    sent = datetime.now(UTC) - age
    own = {"webhook-id": identity, "webhook-timestamp": str(int(sent.timestamp()))}
    return own | {"webhook-signature": f"v1,AAAA {Signer(SECRET).sign('alr_1', sent, BODY.decode())}"}


def refused() -> dict[str, dict[str, str]]:
    """Headers as they are now: an hour after the tests began, what was of the future then would be taken."""
    return {
        "forged": signed(identity="alr_2"),
        "old": signed(timedelta(minutes=6)),
        "from the future": signed(-timedelta(minutes=6)),
        "no time": signed() | {"webhook-timestamp": "soon"},
        "no signature": {"webhook-id": "alr_1"},
    }


async def up(url: str, session: aiohttp.ClientSession) -> AsyncIterator[None]:
    for _ in range(200):
        try:
            async with session.post(url, data=b""):
                yield
                return
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.05)
    pytest.fail("the receiver does not listen")


@pytest.mark.parametrize(("name", "program"), [("receiver.py", sys.executable), ("receiver.mjs", "node")])
async def test_a_receiver_takes_what_is_signed_once_and_nothing_else(tmp_path: Path, name: str, program: str) -> None:
    if not shutil.which(program):
        pytest.skip(f"no {program} on the path")
    port, script = free_port(), tmp_path / name
    script.write_text(block(name))
    environment = os.environ | {"WEBHOOK_SECRET": SECRET, "PORT": str(port)}
    process = subprocess.Popen([program, script], env=environment, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    try:
        url = f"http://127.0.0.1:{port}/alerts"
        async with aiohttp.ClientSession() as session:

            async def post(headers: dict[str, str], body: bytes = BODY) -> int:
                async with session.post(url, data=body, headers=headers) as answer:
                    return answer.status

            async for _ in up(url, session):
                assert [await post(signed()) for _ in range(3)] == [204, 204, 204]
                answers = {why: await post(headers) for why, headers in refused().items()}
                assert answers == dict.fromkeys(answers, 401)
                assert await post(signed(), BODY.replace(b"alr_1", b"alr_3")) == 401
    finally:
        process.kill()
        said = process.communicate()[0]
    alert = json.loads(BODY)["data"]
    assert said.splitlines() == [f"{alert['severity']} {alert['seller_id']} {alert['reasons'][0]['text']}"]


def test_every_guide_is_in_the_site() -> None:
    nav = (CHECKOUT / "mkdocs.yml").read_text()
    guides = [
        page.path for page in pages() if page.path.parts[0] == "docs" and page.path.parent.name in ("docs", "reference")
    ]

    assert [str(path) for path in guides if f" {path}\n" not in nav] == []
