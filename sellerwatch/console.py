"""`sellerwatch console`: the analysts' pages, and who may log in there."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.prompt import Prompt
from rich.table import Table

from sellerwatch.operate.asking import record
from streams.errors import SettingsError, UnavailableError
from streams.settings import Settings

if TYPE_CHECKING:
    from console.auth.users import Users


def run(settings: Settings) -> int:
    """Serves the console until a signal comes; the exit code."""
    _need_the_extra()
    from console.serving import serve
    from streams.logs import configure

    configure(settings.log_level, stage="console")
    return serve(settings)


def rebuild(settings: Settings) -> None:
    """Empties what follows from the topics and reads it again; a bar on a terminal shows how far it is."""
    _need_the_extra()
    from rich.progress import Progress

    from console.store.database import Database
    from console.store.feed.rebuilding import rebuild as read_again

    database = Database.open(settings.console_database.get_secret_value())
    try:
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("reading the topics", total=None)
            records = read_again(
                settings, database, lambda far: bar.update(task, completed=far.read, total=far.records)
            )
    finally:
        database.close()
    typer.echo(f"{records:,} records read; {database.place} is built anew")


def add(settings: Settings, name: str, role: str) -> None:
    """Adds somebody; the password is asked for, or read from standard input. The first one needs no Kafka."""
    from console.auth.roles import Role

    if role not in set(Role):
        raise SettingsError(f"--role: {role!r} is none of {', '.join(Role)}")
    users = _users(settings)
    recorded = _recorded(settings, "user.added", name, anyway=not users.all(), role=role)
    users.add(name, Role(role), _password(), before=recorded)
    typer.echo(f"{name} may log in as {role}")


def remove(settings: Settings, name: str) -> None:
    """Lets somebody in no more, whether or not Kafka is there to record it."""
    _users(settings).remove(name, before=_recorded(settings, "user.removed", name, anyway=True))
    typer.echo(f"{name} may not log in any more, and is logged out")


def change_password(settings: Settings, name: str) -> None:
    _users(settings).set_password(name, _password(), before=_recorded(settings, "user.password_changed", name))
    typer.echo(f"{name} has another password, and has to log in again")


def show(settings: Settings) -> None:
    table = Table("name", "role", show_edge=False)
    for user in _users(settings).all().values():
        table.add_row(user.name, user.role)
    Console(highlight=False).print(table if table.row_count else "nobody may log in yet")


def _recorded(settings: Settings, act: str, name: str, *, anyway: bool = False, **details: str) -> Callable[[], None]:
    """Records the act when called; where that fails, `anyway` says so and lets it be done."""

    def first() -> None:
        try:
            record(settings, act, subject_kind="analyst", subject=name, details=details)
        except UnavailableError:
            if not anyway:
                raise
            typer.echo(f"Kafka does not answer, so {act} stands in no audit trail", err=True)

    return first


def _users(settings: Settings) -> "Users":
    _need_the_extra()
    from console.auth.users import Users

    if settings.console_users is None:
        raise SettingsError("SELLERWATCH_CONSOLE_USERS: name the file in which users are to be kept")
    return Users(settings.console_users)


def _password() -> str:
    """Asked for twice on a terminal; a program writes it as one line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = Prompt.ask("Password, at least 12 characters", password=True)
    if Prompt.ask("The same again", password=True) != first:
        raise SettingsError("the two passwords differ")
    return first


def _need_the_extra() -> None:
    try:
        import argon2  # noqa: F401
        import jinja2  # noqa: F401
        import sqlalchemy  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ModuleNotFoundError as missing:
        raise SettingsError(f"the console needs {missing.name}: `pip install 'sellerwatch[console]'`") from None
