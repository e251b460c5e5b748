"""The verbs of the audit chain: their options and examples."""

from pathlib import Path
from typing import Annotated

import typer

from sellerwatch.verbs.options import Config
from streams.settings import load_settings

verbs = typer.Typer(no_args_is_help=True, help="The chain of what was decided and done, and whether it is whole.")


@verbs.command("verify", epilog="Example: sellerwatch audit verify --heads heads-2027-01.jsonl")
def audit_verify(
    files: Annotated[
        list[Path] | None, typer.Argument(help="The chain in files (.jsonl[.gz|.zst]); default: from Kafka.")
    ] = None,
    log: Annotated[
        list[Path] | None, typer.Option(help="A dump of the log: derive the chain again from it; repeatable.")
    ] = None,
    heads: Annotated[Path | None, typer.Option(help="Heads that were kept elsewhere (`audit heads`).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="What was found as JSON, for programs.")] = False,
    config: Config = None,
) -> None:
    """Finds what was changed, taken out, moved or put in, and says where; exit code 1: something was."""
    from sellerwatch.audit.verify import run

    raise typer.Exit(run(files or [], log or [], heads, load_settings(config), as_json=as_json))


@verbs.command("heads", epilog="Example: sellerwatch audit heads -o heads-2027-01.jsonl")
def audit_heads(
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write them here (.jsonl).")] = None,
    config: Config = None,
) -> None:
    """Prints how far each chain has come, to be kept where nobody of the marketplace can write."""
    from sellerwatch.audit.heads import show

    show(load_settings(config), output)
