"""Databases: each test that asks for one runs on SQLite and on PostgreSQL."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.store.database import Database
from sellerwatch.embedded import PartMissingError
from sellerwatch.embedded.kafka import EmbeddedKafka
from tests.services import ServiceMissingError
from tests.services.postgres import RealPostgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[RealPostgres]:
    """A real PostgreSQL, up; skipped where there is none."""
    try:
        server = RealPostgres()
    except ServiceMissingError as missing:
        if os.environ.get("SELLERWATCH_REQUIRE_SERVICES") == "1":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    with server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is."""
    if request.param == "sqlite":
        return str(tmp_path / "console.db")
    server: RealPostgres = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture
def database(place: str) -> Iterator[Database]:
    """An empty database with its tables."""
    opened = Database.open(place)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def own_kafka() -> Iterator[EmbeddedKafka]:
    """A mock of Kafka that one module alone uses; skipped where librdkafka is missing."""
    try:
        cluster = EmbeddedKafka()
    except PartMissingError as missing:
        if os.environ.get("SELLERWATCH_REQUIRE_SERVICES") == "1":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    with cluster:
        yield cluster
