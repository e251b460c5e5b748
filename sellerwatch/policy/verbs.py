"""The verbs of `sellerwatch policy`, as the command line calls them."""

import time
import tomllib
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from detectors.decision import say_time
from sellerwatch.operate.asking import OPERATOR, user
from sellerwatch.policy.reading import PolicyFile, read_policy
from streams.acts import Act, record_act
from streams.errors import SettingsError
from streams.policy.chain import Publication
from streams.policy.comparing import Change, changes
from streams.policy.published import unpack
from streams.policy.publishing import publications, publish
from streams.settings import Settings


def check(path: Path) -> None:
    """Says that the file is in order, and what it stands for."""
    file = read_policy(path)
    differs = len(changes({}, file.tables))
    typer.echo(f"{path}: in order; version {file.version}, {differs} keys differ from the defaults")


def diff(path: Path, against: Path | None, settings: Settings) -> bool:
    """Prints what the file changes; whether it changes anything."""
    new = read_policy(path)
    if against is not None:
        old_name, old = str(against), read_policy(against).tables
    else:
        found = publications(settings)
        old_name, old = (
            ("the defaults", {}) if not found else (_title(found[-1]), tomllib.loads(_text(found[-1], settings)))
        )
    found_changes = changes(old, new.tables)
    if not found_changes:
        typer.echo(f"{path} says the same as {old_name}")
        return False
    Console(highlight=False).print(_table(found_changes, old_name, str(path)))
    return True


def _table(found: list[Change], before: str, after: str) -> Table:
    table = Table("key", before, after, show_edge=False, pad_edge=False)
    for change in found:
        table.add_row(escape(change.key), *("-" if side is None else escape(side) for side in change[1:]))
    return table


def send(path: Path, author: str | None, note: str, settings: Settings) -> None:
    """Publishes the file."""
    file: PolicyFile = read_policy(path)
    now = time.time_ns() // 1_000
    by = author or user()
    act = Act(act="policy.published", actor=by or "unknown", role=OPERATOR, subject_kind="policy", subject=file.version)
    record_act(settings, act)
    done = publish(settings, file.document, file.version, now, author=by, note=note)
    what = "published" if done.new else "in force already"
    typer.echo(
        f"{what}: version {file.version}, publication {done.publication.number}; it stands in all {done.partitions} "
        "partitions of the log, and each changes over where it stands"
    )


def show(history: bool, settings: Settings) -> None:
    """Prints the policy in force, or all that were published."""
    found = publications(settings)
    if not found:
        raise SettingsError("no policy was published: the settings and the defaults are in force; see docs/policy.md")
    if history:
        for publication in found:
            typer.echo(_title(publication))
        return
    typer.echo(f"# {_title(found[-1])}\n{_text(found[-1], settings)}", nl=False)


def _text(publication: Publication, settings: Settings) -> str:
    return unpack(publication.entry.policy, settings.signing()).text


def _title(publication: Publication) -> str:
    number, entry = publication
    by = f" by {entry.author}" if entry.author else ""
    note = f": {entry.note}" if entry.note else ""
    return f"version {entry.version}, publication {number}, {say_time(entry.published_at)}{by}{note}"
