"""The operator's verbs, their options and examples."""

from pathlib import Path
from typing import Annotated

import typer

from streams.settings import load_settings

Config = Annotated[Path | None, typer.Option("--config", help="Settings file (TOML); default: $SELLERWATCH_CONFIG.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def add_to(app: typer.Typer) -> None:
    """Puts the operator's verbs into the command."""
    app.command(epilog="Example: sellerwatch status --watch")(status)


def status(
    as_json: AsJson = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")] = False,
    interval: Annotated[float, typer.Option(min=0.5, help="Seconds between two looks.")] = 2.0,
    every: Annotated[bool, typer.Option("--all", help="Show every partition.")] = False,
    config: Config = None,
) -> None:
    """Shows the whole system on one screen; exit code 1: something needs a person."""
    from sellerwatch.operate.status import run

    raise typer.Exit(run(load_settings(config), as_json=as_json, watch=watch, interval=interval, every=every))
