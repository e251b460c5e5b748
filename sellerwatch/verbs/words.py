"""The verbs of words: their options and examples."""

from pathlib import Path
from typing import Annotated

import typer

from sellerwatch.verbs.options import Config
from streams.settings import load_settings

verbs = typer.Typer(no_args_is_help=True, help="Word lists, and new words that verdicts have brought up.")


@verbs.command("candidates", epilog="Example: sellerwatch words candidates --limit 10")
def words_candidates(
    log: Annotated[Path | None, typer.Option(help="A dump of the log to read; default: what is in force.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most so many.")] = 20,
    config: Config = None,
) -> None:
    """Lists words that confirmed sellers use and clean ones do not; none is used before it is on a list."""
    from sellerwatch.words import candidates, show

    show(candidates(load_settings(config), log, limit))


@verbs.command("check", epilog="Example: sellerwatch words check words.csv")
def words_check(files: Annotated[list[Path], typer.Argument(help="Word lists (CSV).")]) -> None:
    """Reads word lists as a worker does, and says what is wrong, with file and line."""
    from sellerwatch.words import check

    lexicon = check(files)
    typer.echo(f"{len(lexicon.terms)} terms, version {lexicon.version}")


@verbs.command("sample", epilog="Example: sellerwatch words sample > words.csv")
def words_sample() -> None:
    """Prints the list that comes with Sellerwatch, to begin an own one with."""
    from sellerwatch.words import sample

    typer.echo(sample(), nl=False)
