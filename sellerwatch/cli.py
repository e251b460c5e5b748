"""The command `sellerwatch`: its verbs, and what goes wrong with them."""

import sys
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from sellerwatch.verbs import audit, console, intel, models, operate, partitions, policy, report, top, topics, words
from streams.errors import SellerwatchError, SettingsError
from streams.files import FilesError

app = typer.Typer(
    name="sellerwatch",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Watches the sellers of a marketplace: flags small, repeated, high-risk transaction patterns as they happen.",
)
app.add_typer(top.verbs)
operate.add_to(app)
app.add_typer(topics.verbs, name="topics")
app.add_typer(intel.verbs, name="intel")
app.add_typer(partitions.verbs, name="partitions")
app.add_typer(words.verbs, name="words")
app.add_typer(report.verbs, name="report")
app.add_typer(policy.verbs, name="policy")
app.add_typer(console.verbs, name="console")
app.add_typer(models.verbs, name="models")
app.add_typer(audit.verbs, name="audit")


def main() -> NoReturn:
    """Runs the command; wrong words, files or settings end with code 2, a failure with 1."""
    try:
        app()
    except (SettingsError, FilesError) as error:
        _say(error)
        sys.exit(2)
    except SellerwatchError as error:
        _say(error)
        sys.exit(1)
    sys.exit(0)


def _say(error: Exception) -> None:
    Console(stderr=True, highlight=False).print(f"[red]sellerwatch:[/red] {escape(str(error))}", soft_wrap=True)
