"""The verbs of the analysts' console: their options and examples."""

from typing import Annotated

import typer

from sellerwatch.verbs.options import Config
from streams.settings import load_settings

UserName = Annotated[str, typer.Argument(help="As it stands in verdicts and in the record of acts.")]
verbs = typer.Typer(
    invoke_without_command=True,
    help="The analysts' console: web pages, and who may log in.",
    epilog="Example: sellerwatch console --config sellerwatch.toml",
)
users = typer.Typer(no_args_is_help=True, help="Who may log in, in the file of the setting console_users.")
verbs.add_typer(users, name="users")


@verbs.callback()
def console_run(context: typer.Context, config: Config = None) -> None:
    """Serves the analysts' console, until it is ended."""
    if context.invoked_subcommand is None:
        from sellerwatch.console import run

        raise typer.Exit(run(load_settings(config)))


@verbs.command("rebuild", epilog="Example: sellerwatch console rebuild")
def console_rebuild(config: Config = None) -> None:
    """Builds the console's database anew from the topics; notes and who judged are kept."""
    from sellerwatch.console import rebuild

    rebuild(load_settings(config))


@users.command("add", epilog="Example: sellerwatch console users add anna --role lead")
def users_add(
    name: UserName,
    role: Annotated[str, typer.Option(help="analyst, lead, auditor (reads only) or admin.")] = "analyst",
    config: Config = None,
) -> None:
    """Lets somebody log in; asks for the password, or reads it from standard input."""
    from sellerwatch.console import add

    add(load_settings(config), name, role)


@users.command("list", epilog="Example: sellerwatch console users list")
def users_list(config: Config = None) -> None:
    """Lists who may log in, and as what."""
    from sellerwatch.console import show

    show(load_settings(config))


@users.command("remove", epilog="Example: sellerwatch console users remove anna")
def users_remove(name: UserName, config: Config = None) -> None:
    """Lets somebody in no more, and logs them out."""
    from sellerwatch.console import remove

    remove(load_settings(config), name)


@users.command("password", epilog="Example: sellerwatch console users password anna")
def users_password(name: UserName, config: Config = None) -> None:
    """Gives somebody another password, and logs them out."""
    from sellerwatch.console import change_password

    change_password(load_settings(config), name)
