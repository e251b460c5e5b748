"""The operator's verbs, their options and examples."""

from pathlib import Path
from typing import Annotated

import typer

from sellerwatch.verbs.options import AsJson, Config, Yes
from streams.errors import SettingsError
from streams.settings import load_settings

rejected = typer.Typer(no_args_is_help=True, help="Refused events: looked at, mended, sent back, put away.")
outbox = typer.Typer(no_args_is_help=True, help="Alerts that wait for their delivery, or were given up.")
keys = typer.Typer(no_args_is_help=True, help="Keys of hashes, models and webhook: which are needed, new ones.")


def add_to(app: typer.Typer) -> None:
    """Puts the operator's verbs into the command."""
    app.command(epilog="Example: sellerwatch status --watch")(status)
    app.command(epilog="Example: sellerwatch erase --buyer buyer-4711 --value email=ann@example.com")(erase)
    app.add_typer(rejected, name="rejected")
    app.add_typer(outbox, name="outbox")
    app.add_typer(keys, name="keys")


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


def erase(
    seller: Annotated[str | None, typer.Option(help="Erase this seller.")] = None,
    buyer: Annotated[str | None, typer.Option(help="Erase this buyer, by the id that upstream gives.")] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(help="Erase also this personal value: kind=value, such as device=d-1, email=...; repeatable."),
    ] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds that watch may take to come to it.")] = 30.0,
    yes: Yes = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Erases what is remembered of a seller, or of a buyer, and says what stays; exit code 1: not complete yet."""
    from sellerwatch.operate import erase as erasing

    if (seller is not None) == bool(buyer or value):
        raise SettingsError("give either --seller, or --buyer and --value")
    settings = load_settings(config)
    if seller is not None:
        raise typer.Exit(erasing.seller(settings, seller, wait=wait, yes=yes, as_json=as_json))
    raise typer.Exit(erasing.buyer(settings, buyer, value or (), wait=wait, yes=yes, as_json=as_json))


RefusedId = Annotated[str, typer.Argument(help="As `rejected list` names it, such as 3/17.")]
RefusedIds = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="As `rejected list` names them.")]
Reason = Annotated[str | None, typer.Option(help="Only those refused for this reason, such as bad_time.")]
OfTopic = Annotated[str | None, typer.Option("--topic", help="Only those that came from this topic.")]
Anyway = Annotated[bool, typer.Option("--anyway", help="Also what would be refused again.")]
Again = Annotated[bool, typer.Option("--again", help="Also what was replayed or discarded before.")]
AllOpen = Annotated[bool, typer.Option("--all", help="All that are open.")]


@rejected.command("list", epilog="Example: sellerwatch rejected list --topic orders --reason bad_time --limit 20")
def rejected_list(
    reason: Reason = None,
    topic: OfTopic = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, newest first.")] = 50,
    handled: Annotated[bool, typer.Option("--handled", help="Also those that were replayed or discarded.")] = False,
    summary: Annotated[bool, typer.Option("--summary", help="Only how many there are of each kind.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Lists the newest refused events that nobody has dealt with yet."""
    from sellerwatch.operate.refused_choice import Choice
    from sellerwatch.operate.refused_lists import show_list

    choice = Choice(reason=reason, topic=topic)
    show_list(load_settings(config), choice, limit, handled=handled, summary=summary, as_json=as_json)


@rejected.command("show", epilog="Example: sellerwatch rejected show 3/17 -o event.json")
def rejected_show(
    id_: RefusedId,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write its bytes here, to mend them.")] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Shows one refused event whole: why, where from, and its bytes, personal values included."""
    from sellerwatch.operate.refused_lists import show_one

    show_one(load_settings(config), id_, output, as_json=as_json)


@rejected.command("replay", epilog="Example: sellerwatch rejected replay 3/17 --file mended.json")
def rejected_replay(
    ids: RefusedIds = None,
    file: Annotated[Path | None, typer.Option(help="Send these bytes in the place of the event.")] = None,
    reason: Reason = None,
    topic: OfTopic = None,
    every: AllOpen = False,
    anyway: Anyway = False,
    again: Again = False,
    yes: Yes = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Sends refused events back to the topic they came from, byte for byte, with a header that says so."""
    from sellerwatch.operate.refused_choice import Choice
    from sellerwatch.operate.rejected import replay

    choice = Choice(ids or (), reason, topic, every)
    replay(load_settings(config), choice, file, anyway=anyway, again=again, yes=yes, as_json=as_json)


@rejected.command("discard", epilog="Example: sellerwatch rejected discard --reason order_unknown --yes")
def rejected_discard(
    ids: RefusedIds = None,
    reason: Reason = None,
    topic: OfTopic = None,
    every: AllOpen = False,
    yes: Yes = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Puts refused events away: lists do not show them any more."""
    from sellerwatch.operate.refused_choice import Choice
    from sellerwatch.operate.rejected import discard

    discard(load_settings(config), Choice(ids or (), reason, topic, every), yes=yes, as_json=as_json)


AlertIds = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="As `outbox list` names them.")]
Answer = Annotated[str | None, typer.Option("--reason", help="Only those with this last answer, such as 410.")]
AllDead = Annotated[bool, typer.Option("--all", help="All that were given up.")]


@outbox.command("list", epilog="Example: sellerwatch outbox list --limit 20")
def outbox_list(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many that were given up.")] = 50,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Shows how many alerts wait, and lists those that were given up."""
    from sellerwatch.operate.outbox import show

    show(load_settings(config), limit, as_json=as_json)


@outbox.command("retry", epilog="Example: sellerwatch outbox retry --all")
def outbox_retry(
    ids: AlertIds = None,
    reason: Answer = None,
    every: AllDead = False,
    waiting: Annotated[bool, typer.Option("--waiting", help="Instead: try all now that wait for another try.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Sends alerts again that were given up, under their old ids."""
    from sellerwatch.operate.outbox import retry

    retry(load_settings(config), ids or (), reason, every=every, waiting=waiting, as_json=as_json)


@outbox.command("discard", epilog="Example: sellerwatch outbox discard --reason 410 --yes")
def outbox_discard(
    ids: AlertIds = None,
    reason: Answer = None,
    every: AllDead = False,
    yes: Yes = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Deletes alerts that were given up; the topic sellerwatch.alerts keeps them."""
    from sellerwatch.operate.outbox import discard

    discard(load_settings(config), ids or (), reason, every=every, yes=yes, as_json=as_json)


@keys.command("list", epilog="Example: sellerwatch keys list --count")
def keys_list(
    count: Annotated[bool, typer.Option("--count", help="Count what Redis holds under each: reads all keys.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Lists the keys that are set, by their ids, and how much is still under each."""
    from sellerwatch.operate.keys import show

    show(load_settings(config), count=count, as_json=as_json)


@keys.command("rotate", epilog="Example: sellerwatch keys rotate hash -o /run/secrets/hash_keys.new")
def keys_rotate(
    kind: Annotated[str, typer.Argument(help="hash, model or webhook.")] = "hash",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write the new value of the setting here instead of printing the key."),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Makes a new key, and says what to set, in which order, and what changes."""
    from sellerwatch.operate.keys import rotate

    rotate(load_settings(config), kind, output, yes=yes, as_json=as_json)
