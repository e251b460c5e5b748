"""Opens the console's database and brings its tables to the present form."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from streams.errors import SettingsError, UnavailableError

log = structlog.get_logger()

BUSY_SECONDS: Final = 15.0
"""How long a writer waits for another one."""
CACHE_KIB: Final = 32_768
MIGRATIONS: Final = Path(__file__).parent / "migrations"
ONE_WRITER: Final = text(
    f"SELECT set_config('lock_timeout', '{BUSY_SECONDS:.0f}s', true), pg_advisory_xact_lock(7355608)"
)
"""PostgreSQL's writers take turns as SQLite's do: so what one has read still holds when it writes."""


class DatabaseUnavailableError(UnavailableError):
    """The console's own database does not answer; of Kafka and Redis that says nothing."""


class Database:
    """One database: SQLite in a file, or PostgreSQL. Safe to share among threads.

    Args:
        place: A path, or `postgresql://user:password@host/name`.
    """

    def __init__(self, place: str) -> None:
        self._url = _url(place)
        self.sqlite: Final = self._url.get_backend_name() == "sqlite"
        self._engine = _engine(self._url)

    @classmethod
    def open(cls, place: str) -> Self:
        """Opens and migrates it; several processes may do so at once.

        Raises:
            SettingsError: The place is none, or a newer version has made the database.
            DatabaseUnavailableError: It cannot be opened, or PostgreSQL does not answer.
        """
        database = cls(place)
        try:
            database.migrate()
        except BaseException:
            database.close()
            raise
        return database

    @property
    def place(self) -> str:
        """Where it is, as it may be shown: without a password."""
        return str(self._url.database) if self.sqlite else self._url.render_as_string(hide_password=True)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads; it sees one moment.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._telling(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: all of it, or on an exception nothing. There is one at a time.

        Raises:
            DatabaseUnavailableError: The database does not answer, or another writer takes too long.
        """
        with self._telling(), self._engine.connect() as plain:
            connection = plain.execution_options(writes=True)
            with connection.begin():
                if not self.sqlite:
                    connection.execute(ONE_WRITER)
                yield connection

    def migrate(self) -> None:
        """Brings the tables to the present form, whatever version made them; see `open`."""
        if self.sqlite:
            self._prepare_file()
        with self.writing() as connection:
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
            present = MigrationContext.configure(connection).get_current_revision()
            if present is not None and present not in known:
                raise SettingsError(
                    f"{self.place}: a newer Sellerwatch has made this database (step {present}); "
                    "use that version, or another SELLERWATCH_CONSOLE_DATABASE"
                )
            command.upgrade(config, "head")

    def close(self) -> None:
        """Closes every connection."""
        self._engine.dispose()

    def _prepare_file(self) -> None:
        """Makes the file, for our user alone, and puts it into WAL mode: readers and a writer do not wait."""
        path = Path(str(self._url.database))
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
        except (OSError, sqlite3.Error) as error:
            raise DatabaseUnavailableError(f"{path}: cannot be opened as the console's database: {error}") from None

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            raise DatabaseUnavailableError(
                f"the console's database {self.place} does not answer: {error.orig}"
            ) from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise DatabaseUnavailableError(f"the connection to {self.place} was lost: {error.orig}") from error
            raise


def _url(place: str) -> URL:
    if "://" not in place:
        return URL.create("sqlite", database=str(Path(place).expanduser()))
    try:
        url = make_url(place)
    except (ArgumentError, ValueError):  # its text may hold a password
        raise SettingsError(
            "SELLERWATCH_CONSOLE_DATABASE: give a path, or `postgresql://user:password@host/name`"
        ) from None
    if url.get_backend_name() == "sqlite" and url.database:
        return url
    if url.get_backend_name() != "postgresql":
        raise SettingsError("SELLERWATCH_CONSOLE_DATABASE: give a path, or `postgresql://user:password@host/name`")
    return url.set(drivername="postgresql+psycopg")


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, pool_size=8, max_overflow=16)
        event.listen(engine, "connect", _prepare_connection)
        event.listen(engine, "begin", _begin)
        return engine
    try:
        return create_engine(url, pool_pre_ping=True, pool_size=8, max_overflow=16, connect_args={"connect_timeout": 5})
    except ModuleNotFoundError:
        raise SettingsError(
            "PostgreSQL needs one more package: `pip install 'sellerwatch[console,postgres]'`"
        ) from None


def _prepare_connection(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says so, not at the first change
    connection.execute("PRAGMA synchronous = FULL")  # what people have told us outlives a power cut
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    connection.execute("PRAGMA trusted_schema = OFF")


def _begin(connection: Connection) -> None:
    """A writer locks at once: one that locks at its first change could find that it has read something old."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")
