"""The demo's Kafka, Redis and processes: started together, watched, and ended without a trace."""

import asyncio
import base64
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sellerwatch.demo.feed import FeedOrder
from sellerwatch.demo.progress import NAMESPACE, TOPICS
from sellerwatch.demo.seasons import Show
from sellerwatch.embedded.kafka import EmbeddedKafka
from sellerwatch.embedded.processes import free_port, spawn
from sellerwatch.embedded.redis import EmbeddedRedis
from streams.errors import SellerwatchError
from streams.settings import Settings

WORKERS = {"intake": "intake", "watch-1": "watch", "watch-2": "watch", "dispatch": "dispatch", "learn": "learn"}
"""Each worker and its stage."""
FEED = "feed"
CONSOLE = "console"
JOIN_DELAY_MS = 1_500
"""How long a consumer group waits for its second member: joining later costs a rebalance."""
GRACE_SECONDS = 2.5
"""On ending, workers have so long to stop by themselves."""


class DemoError(SellerwatchError):
    """The demo cannot go on; the message says why and where to look."""


@dataclass
class Child:
    """A process of the demo."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path
    _port: int | None = None

    @property
    def address(self) -> str | None:
        """Where it listens, as its log says; `None` until then, and for the feed."""
        if self._port is None and self.name != FEED:
            with contextlib.suppress(ValueError, StopIteration):
                lines = (json.loads(line) for line in self.log.read_text().splitlines() if '"listening"' in line)
                self._port = int(next(lines)["port"])
        return f"http://127.0.0.1:{self._port}" if self._port else None

    def last_words(self, lines: int = 3) -> str:
        """The end of its log."""
        text = self.log.read_text(errors="replace")
        return "\n".join(line[:300] for line in text.splitlines()[-lines:])


def new_secret() -> str:
    """A webhook secret that nobody had before."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


class Stack:
    """Everything that runs beside the command itself.

    It can run for a day: Kafka keeps at most 5 MB of each partition (some 150 MB in all), Redis grows by
    some 100 MB an hour at the usual speed, as feature rows are kept for weeks.

    Args:
        webhook: Where alerts go.
        secret: What they are signed with.
        console: Whether the analysts' console runs on it.
    """

    def __init__(self, show: Show, webhook: str, secret: str, *, console: bool = True) -> None:
        self._show, self._console = show, console
        self.redis = EmbeddedRedis()
        self.kafka = EmbeddedKafka(rebalance_delay_ms=JOIN_DELAY_MS)
        self.folder = Path(tempfile.mkdtemp(prefix="sellerwatch-demo-"))
        self.children: list[Child] = []
        self._settings = {
            "KAFKA_BROKERS": self.kafka.bootstrap,
            "KAFKA_API_VERSION": "0.11",
            "REDIS_URL": self.redis.url,
            "NAMESPACE": NAMESPACE,
            "HASH_KEYS": f"demo:{secrets.token_hex(16)}",
            "MODEL_KEYS": secrets.token_hex(16),
            "WEBHOOK_URL": webhook,
            "WEBHOOK_SECRETS": secret,
            "WEBHOOK_ALLOW_PRIVATE": "true",
            "PUBLISH_INTERVAL": "PT15S",
            "SESSION_TIMEOUT": "PT6S",
            "ENTITY_LIFETIME": "PT20M",  # months of the market's time
            "METRICS_PORT": "0",
            "CONSOLE_DATABASE": str(self.folder / "console.db"),
            "CONSOLE_PORT": str(_usual_or_free_port()),
            "CONSOLE_OPEN": "true",
        }

    @property
    def workers(self) -> list[Child]:
        """The processes of the stages."""
        return [child for child in self.children if child.name in WORKERS]

    def start(self) -> None:
        """Starts everything; returns before the workers are ready.

        Raises:
            DemoError: Redis does not start.
        """
        try:
            self.redis.start()
        except RuntimeError as error:
            raise DemoError(str(error)) from None
        for topic, partitions in TOPICS.items():
            self.kafka.create_topic(topic, partitions)
        for name, stage in WORKERS.items():
            self._spawn(name, "sellerwatch.demo.worker", stage)
        if self._console:
            self._spawn(CONSOLE, "sellerwatch", "console")
        order = FeedOrder(self.kafka.bootstrap, self.redis.url, self._show)
        self._spawn(FEED, "sellerwatch.demo.feed", msgspec.json.encode(order).decode())

    def _spawn(self, name: str, *arguments: str) -> None:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("SELLERWATCH_")}
        environment = inherited | {f"SELLERWATCH_{k}": v for k, v in self._settings.items()}
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            process = spawn([sys.executable, "-m", *arguments], output=output, env=environment)
        self.children.append(Child(name, process, log))

    @property
    def console(self) -> str | None:
        """Where the console listens; `None` as long as it does not."""
        return next((child.address for child in self.children if child.name == CONSOLE), None)

    def check(self) -> None:
        """Does nothing as long as every process runs.

        Raises:
            DemoError: Says which one ended, how, and where its log is.
        """
        for child in self.children:
            code = child.process.poll()
            if code is not None:
                how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
                raise DemoError(f"{child.name} {how}. Its log is kept: {child.log}\n{child.last_words()}".rstrip())

    async def close(self, *, keep_logs: bool) -> None:
        """Ends every process within some seconds and removes what was written."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline and any(child.process.poll() is None for child in self.children):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        self.kill()
        self.kafka.close()
        if not keep_logs:
            shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """Ends every process at once."""
        self._signal(signal.SIGKILL)
        for child in self.children:
            child.process.wait()
        self.redis.close()

    def _signal(self, number: signal.Signals) -> None:
        for child in self.children:
            if child.process.poll() is None:
                child.process.send_signal(number)


def _usual_or_free_port() -> int:
    """The console's usual port, so that its address can be remembered, or another one where that is taken."""
    port: int = Settings.model_fields["console_port"].default
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return free_port()
    return port
