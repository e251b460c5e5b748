"""The verbs of reports: their options and examples."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from sellerwatch.verbs.options import Config
from streams.settings import load_settings

REPORT_EXAMPLE = (
    "Example: sellerwatch report --from 2027-01-01 --to 2027-02-01 --log log.jsonl.gz --decisions decisions.parquet "
    "--alerts alerts.jsonl --html report.html"
)
Counted = Literal["payments", "orders"]
Dump = list[Path] | None
verbs = typer.Typer(invoke_without_command=True, epilog=REPORT_EXAMPLE)


@verbs.callback()
def report_period(
    context: typer.Context,
    start: Annotated[str | None, typer.Option("--from", help="First day (UTC), or a moment with its offset.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="The day after the last one, or a moment.")] = None,
    log: Annotated[
        Dump, typer.Option(help="A dump of sellerwatch.events, or contract events; repeatable. Best 24 months.")
    ] = None,
    decisions: Annotated[Dump, typer.Option(help="Decisions: .jsonl[.gz|.zst], .parquet; repeatable.")] = None,
    alerts: Annotated[Dump, typer.Option(help="Alerts: .jsonl[.gz|.zst], .parquet; repeatable.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page here that stands on its own.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write Markdown here; else it is printed.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write every number here, one a line.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the whole report here, for programs.")] = None,
    statements: Annotated[
        Path | None, typer.Option(help="Write a draft of a statement of reasons for each alert: .jsonl, .csv.")
    ] = None,
    high_volume: Annotated[Path | None, typer.Option(help="Write every high-volume seller here (.csv).")] = None,
    rates: Annotated[Path | None, typer.Option(help="Table (.csv) `currency,usd`: what one unit is worth.")] = None,
    sales: Annotated[Counted, typer.Option(help="What the INFORM clock counts.")] = "payments",
    config: Config = None,
) -> None:
    """Reports a period: transparency counts, false alerts, before and after, high-volume sellers, what was missed.

    Reads the files that are named, else the topics of Kafka; memory stays the same however much that is.
    """
    if context.invoked_subcommand is not None:
        return
    from sellerwatch.report.build import Choices, Sources
    from sellerwatch.report.command import Outputs
    from sellerwatch.report.command import report_period as run

    sources = Sources(decisions or (), alerts or (), log or ())
    choices = Choices(rates, sales, statements, high_volume)
    run(start, end, sources, choices, Outputs(html, markdown, csv, json), load_settings(config))


@verbs.command("missed", epilog="Example: sellerwatch report missed decisions.parquet --labels log.jsonl.gz")
def report_missed(
    decisions: Annotated[list[Path], typer.Argument(help="Decisions of the period: .jsonl[.gz|.zst], .parquet.")],
    labels: Annotated[
        list[Path] | None, typer.Option(help="Events, or a dump of the log, with verdicts and disputes; repeatable.")
    ] = None,
    truth: Annotated[Path | None, typer.Option(help="Instead: who is illicit, as `simulate` writes it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The numbers as JSON, for programs.")] = False,
) -> None:
    """Estimates what stayed below the line although it was bad, with a 95 % interval, from the review of a sample."""
    from sellerwatch.report.command import show_missed

    show_missed(decisions, labels or [], truth, as_json=as_json)
