"""Opening, migrating, sharing."""

import multiprocessing
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from console.store.database import Database
from console.store.schema import alerts, metadata
from streams.errors import SettingsError, UnavailableError


def test_the_steps_make_the_tables_that_the_schema_describes(database: Database) -> None:
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def _open(place: str) -> None:
    Database.open(place).close()


def test_processes_that_start_together_migrate_once(place: str) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_open, args=(place,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    with Database(place).reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1


def test_a_database_of_a_newer_version_is_refused_and_left_alone(place: str) -> None:
    database = Database.open(place)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match="newer Sellerwatch"):
        Database.open(place)
    with database.reading() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"
    database.close()


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def half() -> None:
        with database.writing() as connection:
            connection.execute(text("INSERT INTO leases VALUES ('feed', 'me', 1)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM leases")).scalar_one() == 0


def test_the_file_is_its_owners_alone_and_in_wal_mode(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "console.db"
    Database.open(str(place)).close()
    assert place.stat().st_mode & 0o077 == 0
    with sqlite3.connect(place) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_readers_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    database = Database.open(str(tmp_path / "console.db"))
    with database.writing() as writer, database.reading() as reader:
        writer.execute(text("INSERT INTO leases VALUES ('feed', 'me', 1)"))
        assert reader.execute(alerts.select()).all() == []
    database.close()


@pytest.mark.parametrize("place", ["mysql://host/name", "postgresql://user:pass word@host:port/name", "://"])
def test_what_is_no_place_is_refused_without_showing_it(place: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Database(place)
    assert "pass word" not in str(refused.value)
    assert "CONSOLE_DATABASE" in str(refused.value)


def test_a_password_is_never_shown() -> None:
    assert "secret" not in Database("postgresql://user:secret@host/name").place


def test_a_place_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be opened"):
        Database.open(str(tmp_path))
    with pytest.raises(UnavailableError, match="does not answer"):
        Database.open("postgresql://user:secret@127.0.0.1:1/name")
