"""The verbs of partitions: their options and examples."""

from typing import Annotated

import typer

from sellerwatch.verbs.options import AsJson, Config, Yes
from streams.settings import load_settings

verbs = typer.Typer(no_args_is_help=True, help="Source partitions that stand still until a person has looked.")


@verbs.command("list", epilog="Example: sellerwatch partitions list")
def partitions_list(as_json: AsJson = False, config: Config = None) -> None:
    """Lists the stopped source partitions and why they are stopped."""
    from sellerwatch.partitions import show

    show(load_settings(config), as_json=as_json)


@verbs.command("stop", epilog='Example: sellerwatch partitions stop orders/3 --reason "bad prices since 02:00"')
def partitions_stop(
    name: Annotated[str, typer.Argument(help="Topic and partition, for example orders/3.")],
    reason: Annotated[str, typer.Option(help="Why, for those who find it stopped.")],
    yes: Yes = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Stops a source partition, or one of the log, until somebody resumes it; nothing is lost."""
    from sellerwatch.partitions import stop

    stop(load_settings(config), name, reason, yes=yes, as_json=as_json)


@verbs.command("resume", epilog="Example: sellerwatch partitions resume orders/3 --tolerate 500")
def partitions_resume(
    name: Annotated[str, typer.Argument(help="As listed, for example orders/3.")],
    tolerate: Annotated[int, typer.Option(min=0, help="So many more refused events are let through first.")] = 0,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Lets a stopped source partition go on."""
    from sellerwatch.partitions import resume

    resume(load_settings(config), name, tolerate, as_json=as_json)
