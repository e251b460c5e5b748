"""A console as people have it: its own process on a small real marketplace, Chromium in front of it."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from console.store.database import Database
from console.store.feed.applying import TOPICS
from sellerwatch.embedded.kafka import EmbeddedKafka
from sellerwatch.embedded.processes import free_port, spawn
from streams import names
from streams.settings import Settings
from tests.console.dataset import fill
from tests.console.pages import PASSWORD, users_in

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SECRET = "a secret that this test alone has, of 48 letters"
LINE = 0.35
"""So low that a small marketplace has a queue."""


@dataclass
class Site:
    """A running console."""

    url: str
    database: Database
    process: "subprocess.Popen[bytes]"
    log: Path

    def end(self) -> float:
        """Asks it to end; the seconds that it takes."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(10) == 0
        return time.monotonic() - began


@contextmanager
def running_site(folder: Path, redis_url: str, kafka: EmbeddedKafka) -> Iterator[Site]:
    """`sellerwatch console` on a database that holds two weeks of trade."""
    for topic in (*TOPICS, names.REJECTED, names.ACTS, "verdicts", names.POLICIES):
        kafka.create_topic(topic, 1)
    users_in(folder)
    given: dict[str, Any] = {
        "kafka_brokers": kafka.bootstrap,
        "kafka_api_version": "0.11",
        "redis_url": redis_url,
        "console_database": str(folder / "console.db"),
        "console_users": folder / "users.json",
        "console_secret": SECRET,
        "console_port": free_port(),
        "hash_keys": "t:" + "k" * 32,
        "model_keys": "m" * 32,
        "alert_threshold": LINE,
    }
    settings = Settings(**given)
    database = Database.open(settings.console_database.get_secret_value())
    fill(database, settings)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SELLERWATCH_")}
    environment |= {f"SELLERWATCH_{name.upper()}": str(value) for name, value in given.items()}
    log = folder / "console.log"
    with log.open("wb") as output:
        process = spawn([sys.executable, "-m", "sellerwatch", "console"], output=output, env=environment)
    url = f"http://127.0.0.1:{settings.console_port}"
    try:
        _wait_for(url, process, log)
        yield Site(url, database, process, log)
    finally:
        process.kill()
        process.wait()
        database.close()


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def chromium(playwright: Playwright) -> Browser:
    """The Chromium of this machine."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found is not None
    return playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))


@dataclass
class Person:
    """Somebody with a browser, who has logged in, and what the browser complained of."""

    site: Site
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> int:
        """Opens a page; its status."""
        answer = self.page.goto(self.site.url + path, wait_until="load")
        assert answer is not None
        return answer.status

    def log_in(self, name: str, password: str = PASSWORD) -> None:
        self.open("/login")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(lambda url: "/login" not in url)


def person(
    browser: Browser,
    site: Site,
    name: str | None = None,
    *,
    scheme: Literal["light", "dark"] = "light",
    width: int = 1280,
    height: int = 800,
    scripts: bool = True,
) -> Person:
    """A new browser context; `name` logs in as one of the roles."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=scripts
    )
    made = Person(site, context, context.new_page())
    made.page.on("console", lambda said: made.complaints.append(said.text) if said.type == "error" else None)
    made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
    if name is not None:
        made.log_in(name)
    return made
