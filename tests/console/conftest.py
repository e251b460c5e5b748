"""Databases: each test that asks for one runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from console.store.database import Database
from console.store.schema import metadata
from sellerwatch.embedded.kafka import EmbeddedKafka
from tests.console.brokers import embedded
from tests.services.postgres import RealPostgres
from tests.services.skipping import skipped_unless_required


@pytest.fixture(scope="session")
def postgres() -> Iterator[RealPostgres]:
    """A real PostgreSQL, up; skipped where there is none."""
    with skipped_unless_required():
        server = RealPostgres()
    with server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is."""
    if request.param == "sqlite":
        return str(tmp_path / "console.db")
    server: RealPostgres = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture(scope="session")
def migrated() -> dict[str, str]:
    """Databases that have their tables, by kind; made when they are first asked for."""
    return {}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, migrated: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """An empty database with its tables."""
    kind: str = request.param
    if kind not in migrated:
        server = request.getfixturevalue("postgres") if kind == "postgresql" else None
        migrated[kind] = server.database() if server else str(tmp_path_factory.mktemp("migrated") / "console.db")
        Database.open(migrated[kind]).close()
    opened = Database(migrated[kind])
    with opened.writing() as connection:
        for table in metadata.tables.values():
            connection.execute(table.delete())
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def own_kafka() -> Iterator[EmbeddedKafka]:
    """A mock of Kafka that one module alone uses; skipped where librdkafka is missing."""
    with embedded() as cluster:
        yield cluster
