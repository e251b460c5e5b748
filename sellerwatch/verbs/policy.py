"""The verbs of the alert policy: their options and examples."""

from pathlib import Path
from typing import Annotated

import typer

from sellerwatch.verbs.options import Config
from streams.settings import load_settings

PolicyPath = Annotated[Path, typer.Argument(help="The policy file (TOML).")]
verbs = typer.Typer(no_args_is_help=True, help="The alert policy: a TOML file that is published into the log.")


@verbs.command("check", epilog="Example: sellerwatch policy check policy.toml")
def policy_check(file: PolicyPath) -> None:
    """Reads a policy file and says what is wrong, where, and what to write instead; exit code 2: something is."""
    from sellerwatch.policy.verbs import check

    check(file)


@verbs.command("diff", epilog="Example: sellerwatch policy diff policy.toml")
def policy_diff(
    file: PolicyPath,
    against: Annotated[Path | None, typer.Option(help="Another file; default: the policy in force.")] = None,
    config: Config = None,
) -> None:
    """Lists every key that a policy file would change."""
    from sellerwatch.policy.verbs import diff

    diff(file, against, load_settings(config))


@verbs.command("publish", epilog='Example: sellerwatch policy publish policy.toml --note "line of 0.72 on weekends"')
def policy_publish(
    file: PolicyPath,
    author: Annotated[str | None, typer.Option(help="Who publishes; default: the user of this machine.")] = None,
    note: Annotated[str, typer.Option(help="Why, for those who read the history.")] = "",
    config: Config = None,
) -> None:
    """Puts a policy in force: writes it into every partition of the log. Repeated, it changes nothing more."""
    from sellerwatch.policy.verbs import send

    send(file, author, note, load_settings(config))


@verbs.command("show", epilog="Example: sellerwatch policy show --history")
def policy_show(
    history: Annotated[bool, typer.Option("--history", help="List all publications instead.")] = False,
    config: Config = None,
) -> None:
    """Prints the policy in force as it was published."""
    from sellerwatch.policy.verbs import show

    show(history, load_settings(config))
