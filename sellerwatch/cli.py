"""The command `sellerwatch`: its verbs, their options, and what goes wrong with them."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from streams.errors import SellerwatchError, SettingsError
from streams.files import FilesError
from streams.settings import Settings, load_settings
from streams.worker import STAGES

app = typer.Typer(
    name="sellerwatch",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Watches the sellers of a marketplace: flags small, repeated, high-risk transaction patterns as they happen.",
)
topics = typer.Typer(no_args_is_help=True, help="Kafka topics.")
partitions = typer.Typer(no_args_is_help=True, help="Source partitions that stand still until a person has looked.")
app.add_typer(topics, name="topics")
app.add_typer(partitions, name="partitions")

Config = Annotated[Path | None, typer.Option("--config", help="Settings file (TOML); default: $SELLERWATCH_CONFIG.")]


def _settings(config: Path | None) -> Settings:
    return load_settings(config)


@app.command()
def worker(
    stage: Annotated[str | None, typer.Option(help=f"Only this stage: {', '.join(STAGES)}.")] = None,
    config: Config = None,
) -> None:
    """Runs the monitor against Kafka and Redis: all four stages, or one of them."""
    from sellerwatch.worker import run_all, run_one

    if stage is not None and stage not in STAGES:
        raise SettingsError(f"--stage: {stage!r} is none of {', '.join(STAGES)}")
    settings = _settings(config)
    raise typer.Exit(run_one(stage, settings) if stage else run_all(config))


@app.command()
def replay(
    events: Annotated[
        list[Path], typer.Argument(help="Recorded events, or a dump of the log: .jsonl[.gz|.zst], .parquet.")
    ],
    alerts: Annotated[Path | None, typer.Option(help="Write alerts here (.jsonl).")] = None,
    decisions: Annotated[Path | None, typer.Option(help="Write decisions here (.parquet or .jsonl).")] = None,
    config: Config = None,
) -> None:
    """Runs recorded events through the code of the workers, without Kafka or Redis."""
    from sellerwatch.replay import run

    run(events, alerts, decisions, _settings(config))


@app.command()
def simulate(
    output: Annotated[Path, typer.Option("-o", "--output", help="Write events here: .jsonl[.gz|.zst], .parquet.")],
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
    sellers: Annotated[int, typer.Option(min=1, help="Number of sellers.")] = 300,
    days: Annotated[int, typer.Option(min=1, help="Days of trade.")] = 30,
    truth: Annotated[Path | None, typer.Option(help="Write here which sellers are illicit.")] = None,
) -> None:
    """Makes up a marketplace with honest and illicit sellers."""
    from sellerwatch.simulate import run

    run(seed, sellers, days, output, truth)


@topics.command("create")
def topics_create(
    partitions: Annotated[int, typer.Option(min=1, max=1024, help="Partitions of each topic.")] = 12,
    replication: Annotated[int, typer.Option(min=1, max=9, help="Copies of each partition.")] = 1,
    upstream: Annotated[bool, typer.Option(help="Also make orders, payments, ... which are the pipeline's.")] = False,
    config: Config = None,
) -> None:
    """Makes the topics that are missing. Those that exist are left as they are."""
    from streams.topics import create_topics

    made = create_topics(_settings(config), partitions=partitions, replication=replication, upstream=upstream)
    typer.echo("\n".join(f"made {topic}" for topic in made) or "every topic is there already")


@partitions.command("list")
def partitions_list(config: Config = None) -> None:
    """Lists the stopped source partitions and why they are stopped."""
    from sellerwatch.partitions import list_stopped

    for name, reason in list_stopped(_settings(config)).items():
        typer.echo(f"{name}: {reason}")


@partitions.command("resume")
def partitions_resume(
    name: Annotated[str, typer.Argument(help="As listed, for example orders/3.")],
    tolerate: Annotated[int, typer.Option(min=0, help="So many more refused events are let through first.")] = 0,
    config: Config = None,
) -> None:
    """Lets a stopped source partition go on."""
    from sellerwatch.partitions import resume

    resume(_settings(config), name, tolerate)
    typer.echo(f"{name} goes on")


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
