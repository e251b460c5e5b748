"""The verbs of models: their options and examples."""

from typing import Annotated

import typer

from sellerwatch.verbs.options import Config
from streams.settings import load_settings

VersionName = Annotated[str, typer.Argument(help="As `models list` names it.")]
verbs = typer.Typer(no_args_is_help=True, help="What was learned: versions, differences, ways back.")


@verbs.command("list", epilog="Example: sellerwatch models list")
def models_list(config: Config = None) -> None:
    """Lists the versions that are kept, how good each was when it was published, and which are in force."""
    from sellerwatch.models.verbs import show

    show(load_settings(config))


@verbs.command("diff", epilog="Example: sellerwatch models diff risk-1200-5c1d22ab risk-1800-9e07f3c4")
def models_diff(old: VersionName, new: VersionName, config: Config = None) -> None:
    """Prints where two versions of a model differ most."""
    from sellerwatch.models.verbs import diff

    diff(old, new, load_settings(config))


@verbs.command("rollback", epilog="Example: sellerwatch models rollback risk-1200-5c1d22ab")
def models_rollback(version: VersionName, config: Config = None) -> None:
    """Puts an older version in force again, until `models release` lets newer ones follow."""
    from sellerwatch.models.verbs import rollback

    rollback(version, load_settings(config))


@verbs.command("release", epilog="Example: sellerwatch models release risk")
def models_release(
    model: Annotated[str, typer.Argument(help="cohorts, risk or challenger.")], config: Config = None
) -> None:
    """Lets newer versions of a model that was rolled back follow again."""
    from sellerwatch.models.verbs import release

    release(model, load_settings(config))


@verbs.command("promote", epilog="Example: sellerwatch models promote")
def models_promote(config: Config = None) -> None:
    """Lets the challenger and the risk model in force change places."""
    from sellerwatch.models.verbs import promote

    promote(load_settings(config))
