"""The verbs of what lists and other marketplaces know: their options and examples."""

from pathlib import Path
from typing import Annotated

import typer

from sellerwatch.verbs.options import Config
from streams.settings import load_settings

EXPORT_EXAMPLE = "Example: sellerwatch intel export --as market-a --values sellers.csv -o market-a.jsonl"
IMPORT_EXAMPLE = "Example: sellerwatch intel import market-a.jsonl --before old/market-a.jsonl --values sellers.csv"
TOLD = ("payout_account", "wallet", "instrument", "email", "phone", "device", "address")
INTEL_EXAMPLE = "Example: sellerwatch intel load --list sdn.csv add.csv --before old/sdn.csv --before old/add.csv"
Dump = list[Path] | None
verbs = typer.Typer(no_args_is_help=True, help="What lists and other marketplaces know: wallets, contacts, ...")


@verbs.command("load", epilog=INTEL_EXAMPLE)
def intel_load(
    lists: Annotated[list[Path], typer.Option("--list", help="As for `sellerwatch screen`; repeatable.")],
    further: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="Further files of --list.")] = None,
    before: Annotated[
        list[Path] | None,
        typer.Option(help="A file as it was loaded last: what is gone is withdrawn; repeatable."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write the events here (.jsonl) instead of sending them.")
    ] = None,
    at: Annotated[str, typer.Option(help="When they are listed, such as 2027-01-31T00:00:00Z; default: now.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take back all that the lists hold.")] = False,
    config: Config = None,
) -> None:
    """Sends the wallets, contacts and addresses of lists as `intel.listed` to the topic `intel`."""
    from sellerwatch.intel import run

    run([*lists, *(further or [])], before or [], output, load_settings(config), at=at, withdraw=withdraw)


@verbs.command("export", epilog=EXPORT_EXAMPLE)
def intel_export(
    output: Annotated[Path, typer.Option("-o", "--output", help="Write the signed file here (.jsonl).")],
    source: Annotated[str, typer.Option("--as", help="Who tells, as others list it, such as market-a.")],
    log: Annotated[
        Dump, typer.Option(help="A dump of the log, with verdicts and bans; repeatable. Default: its topic.")
    ] = None,
    values: Annotated[
        Dump,
        typer.Option(help="What sellers use: table (.csv) `seller_id,kind,value`, or events. Default: topic sellers."),
    ] = None,
    kinds: Annotated[str, typer.Option(help="Kinds to tell of, separated by commas.")] = ",".join(TOLD),
    days: Annotated[int, typer.Option(min=1, max=3_650, help="An indicator expires after so many days.")] = 180,
    key: Annotated[str, typer.Option(help="Id of the exchange key; default: the first one.")] = "",
    config: Config = None,
) -> None:
    """Writes what confirmed sellers used, hashed under an exchange key: no value, no seller leaves."""
    from datetime import timedelta

    from sellerwatch.exchange.exporting import export
    from sellerwatch.exchange.values import check_kinds, values_of

    settings, told = load_settings(config), check_kinds(kinds)
    used, lasts = values_of(values or [], settings), timedelta(days=days)
    made = export(output, log or [], used, settings, source=source, key=key, kinds=told, lasts=lasts)
    said = f"{len(made.indicators):,} indicators of {made.sellers:,} confirmed sellers: {output}"
    typer.echo(f"{said}; {made.shared:,} left out, which sellers use that are not confirmed", err=True)


@verbs.command("import", epilog=IMPORT_EXAMPLE)
def intel_import(
    file: Annotated[Path, typer.Argument(help="A file of `sellerwatch intel export`.")],
    before: Annotated[
        Path | None, typer.Option(help="The file of the same source that was taken last: what is gone is withdrawn.")
    ] = None,
    values: Annotated[
        Dump, typer.Option(help="What your sellers use, as for export: those that are there are found at once.")
    ] = None,
    least: Annotated[float, typer.Option(min=0, max=1, help="Confidence from which on indicators are taken.")] = 0.5,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write the events here (.jsonl) instead of sending them.")
    ] = None,
    at: Annotated[str, typer.Option(help="When they are listed, such as 2027-01-31T00:00:00Z; default: now.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take back all that the file holds.")] = False,
    config: Config = None,
) -> None:
    """Sends what another marketplace tells as `intel.listed` to the topic `intel`, once its signature is right."""
    from sellerwatch.exchange.importing import take
    from sellerwatch.exchange.values import values_of

    settings = load_settings(config)
    used = values_of(values, settings) if values else None
    found = take(file, before, used, output, settings, at=at, least=least, withdraw=withdraw)
    said = f"{found.listed:,} listed by {found.source}, {found.withdrawn:,} withdrawn, {found.left_out:,} left out"
    typer.echo(f"{said}; {found.known:,} of values that sellers here use: {output or 'the topic intel'}", err=True)
