"""The verbs of topics: their options and examples."""

from typing import Annotated

import typer

from sellerwatch.verbs.options import Config
from streams.settings import load_settings

verbs = typer.Typer(no_args_is_help=True, help="Kafka topics.")


@verbs.command("create", epilog="Example: sellerwatch topics create --partitions 12 --replication 3")
def topics_create(
    partitions: Annotated[int, typer.Option(min=1, max=1024, help="Partitions of each topic.")] = 12,
    replication: Annotated[int, typer.Option(min=1, max=9, help="Copies of each partition.")] = 1,
    upstream: Annotated[bool, typer.Option(help="Also make orders, payments, ... which are the pipeline's.")] = False,
    config: Config = None,
) -> None:
    """Makes the topics that are missing. Those that exist are left as they are."""
    from streams.topics import create_topics

    made = create_topics(load_settings(config), partitions=partitions, replication=replication, upstream=upstream)
    typer.echo("\n".join(f"made {topic}" for topic in made) or "every topic is there already")
