"""A console with some alerts and users, and a browser without JavaScript that visits it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from starlette.testclient import TestClient

from console.app import create_app
from console.auth.roles import Role
from console.auth.users import Users
from console.store.raising import take_alerts
from console.words import now
from detectors.events import HOUR
from sellerwatch.embedded.kafka import EmbeddedKafka
from streams import names
from streams.settings import Settings
from tests.console.made import raised

PASSWORD = "correct horse battery"
SEVERITIES = ("low", "medium", "high", "critical")


def settings_of(folder: Path, **others: Any) -> Settings:
    """Settings of a console that stands alone: no Kafka and no Redis answers."""
    given: dict[str, Any] = {"console_database": str(folder / "console.db"), "console_users": folder / "users.json"}
    return Settings(**(given | {"kafka_brokers": ["127.0.0.1:1"], "redis_url": "redis://127.0.0.1:1/0"} | others))


def with_kafka(kafka: EmbeddedKafka) -> dict[str, Any]:
    """Settings that lead to the mock of Kafka, with the topics that people's acts go to."""
    for topic in (names.ACTS, "verdicts"):
        kafka.create_topic(topic, 2)
    return {"kafka_brokers": kafka.bootstrap.split(","), "kafka_api_version": "0.11"}


def users_in(folder: Path) -> Users:
    """A user of each role, named after it."""
    users = Users(folder / "users.json")
    for role in Role:
        users.add(role.value, role, PASSWORD)
    return users


@dataclass
class Visitor:
    """A browser without JavaScript: follows no redirect, sends the token of the page it has seen."""

    client: httpx2.Client

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, **options)

    def post(self, path: str, seen: str = "/login", **fields: Any) -> Any:
        """Posts a form with the token of the page `seen`."""
        return self.client.post(path, data={"token": self.token(seen), **fields})

    def token(self, path: str) -> str:
        found = re.search(r'name="token" value="([0-9a-f]+)"', self.client.get(path).text)
        assert found is not None, f"{path} has no form"
        return found[1]

    def log_in(self, name: str, password: str = PASSWORD) -> Any:
        return self.post("/login", name=name, password=password, next="/")


def visiting(app: Any, host: str = "http://localhost", address: str = "127.0.0.1") -> Visitor:
    client = TestClient(app, base_url=host, follow_redirects=False, client=(address, 50_000))
    client.portal = getattr(app.state, "portal", None)  # one event loop for all, where Redis is asked
    return Visitor(client)


def made_app(settings: Settings, alerts: int = 12) -> Any:
    """A console with some open alerts, `alr_000000` on."""
    app = create_app(settings)
    with app.state.console.database.writing() as connection:
        found = [
            raised(n, at=now() - (alerts - n) * HOUR, severity=SEVERITIES[n % 4], score=0.7 + n / 50)
            for n in range(alerts)
        ]
        take_alerts(connection, found, now())
    return app
