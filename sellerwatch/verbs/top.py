"""The verbs that stand by themselves: their options and examples."""

import secrets
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from sellerwatch.verbs.options import Config
from streams.errors import SettingsError
from streams.names import STAGES
from streams.settings import load_settings

SCREEN_EXAMPLE = "Example: sellerwatch screen sellers.csv --list sdn.csv alt.csv add.csv -o matches.csv"
LogDump = Annotated[
    list[Path] | None, typer.Option(help="A dump of the log, from its beginning, instead of Kafka; repeatable.")
]
DecisionsDump = Annotated[
    list[Path] | None, typer.Option(help="With --log: the decisions as they were told (.jsonl); repeatable.")
]
verbs = typer.Typer()


@verbs.command(epilog="Example: sellerwatch worker --stage watch")
def worker(
    stage: Annotated[str | None, typer.Option(help=f"Only this stage: {', '.join(STAGES)}.")] = None,
    config: Config = None,
) -> None:
    """Runs the monitor against Kafka and Redis: all four stages, or one of them."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until the stage is there to end cleanly
    from sellerwatch.worker import run_all, run_one

    if stage is not None and stage not in STAGES:
        raise SettingsError(f"--stage: {stage!r} is none of {', '.join(STAGES)}")
    settings = load_settings(config)
    raise typer.Exit(run_one(stage, settings) if stage else run_all(config))


@verbs.command(epilog="Example: sellerwatch replay events.jsonl.zst --alerts alerts.jsonl")
def replay(
    events: Annotated[
        list[Path], typer.Argument(help="Recorded events, or a dump of the log: .jsonl[.gz|.zst], .parquet.")
    ],
    alerts: Annotated[Path | None, typer.Option(help="Write alerts here (.jsonl).")] = None,
    decisions: Annotated[Path | None, typer.Option(help="Write decisions here (.parquet or .jsonl).")] = None,
    policy: Annotated[
        Path | None,
        typer.Option(help="Decide by this policy file, whatever the settings say or the log has published."),
    ] = None,
    audit: Annotated[Path | None, typer.Option(help="Write the audit chain of each partition here (.jsonl).")] = None,
    config: Config = None,
) -> None:
    """Runs recorded events through the code of the workers, without Kafka or Redis."""
    from sellerwatch.replay import run

    run(events, alerts, decisions, load_settings(config), policy, audit)


@verbs.command(epilog=SCREEN_EXAMPLE)
def screen(
    names: Annotated[Path, typer.Argument(help="Table (.csv) with a column `name`; with --pairs: `left` and `right`.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Write the matches here (.csv).")],
    further: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="Further files of --list.")] = None,
    lists: Annotated[
        list[Path] | None,
        typer.Option("--list", help="OFAC's tables, an export of OpenSanctions, or a list of your own; repeatable."),
    ] = None,
    pairs: Annotated[
        bool, typer.Option("--pairs", help="Compare the columns `left` and `right` of each line.")
    ] = False,
    least: Annotated[float, typer.Option(min=0, max=1, help="Lowest score that counts as a match.")] = 0.5,
    best: Annotated[int, typer.Option(min=1, max=30, help="Most matches for each name.")] = 5,
) -> None:
    """Compares names with sanction lists or lists of your own: best matches, with score and reasons."""
    from sellerwatch.screen import run

    run(names, [*(lists or []), *(further or [])], output, pairs=pairs, least=least, best=best)


@verbs.command(epilog="Example: sellerwatch backtest log.jsonl --policy policy.toml --html backtest.html")
def backtest(
    events: Annotated[
        list[Path], typer.Argument(help="Recorded events, or a dump of the log: .jsonl[.gz|.zst], .parquet.")
    ],
    policy: Annotated[Path | None, typer.Option(help="The policy file to try.")] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="Another policy file in place of the present policy."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Score the new side with this model of the log throughout.")] = None,
    truth: Annotated[Path | None, typer.Option(help="Who is illicit, as `simulate` writes it.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with plots here.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write every number here.")] = None,
    config: Config = None,
) -> None:
    """Replays a period under the present and a new policy: alerts added, lost, and how many were right."""
    from sellerwatch.backtest.command import report
    from sellerwatch.backtest.run import compare

    report(compare(events, policy, against, model, truth, load_settings(config)), html, json)


@verbs.command(epilog="Example: sellerwatch simulate -o events.jsonl.zst --sellers 500 --days 60")
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


@verbs.command(epilog="Example: sellerwatch doctor --json")
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON, for programs.")] = False,
    config: Config = None,
) -> None:
    """Looks at Kafka, Redis, topics, clocks, keys and webhook, and says what to do; exit code 1: there are problems."""
    from sellerwatch.doctor import run

    raise typer.Exit(run(load_settings(config), as_json=as_json))


@verbs.command(hidden=True)
def feed(
    speed: Annotated[float, typer.Option(min=1, help="So many times faster than a clock.")] = 600,
    sellers: Annotated[int, typer.Option(min=1, help="Number of sellers.")] = 200,
    seed: Annotated[int | None, typer.Option(help="Same seed, same sellers; default: others each time.")] = None,
    pulse: Annotated[Path | None, typer.Option(help="A file to touch as long as all is well.")] = None,
    config: Config = None,
) -> None:
    """Plays upstream on a real Kafka, until it is ended."""
    from sellerwatch.demo.seasons import Show
    from sellerwatch.feed import run

    show = Show.starting_now(secrets.randbelow(2**31) if seed is None else seed, sellers, speed)
    run(load_settings(config), show, pulse=pulse)


@verbs.command(epilog="Example: sellerwatch demo --for 2m")
def demo(
    duration: Annotated[
        str | None,
        typer.Option("--for", help="End so long after all is up: 60s, 2m. Default: Ctrl-C."),
    ] = None,
    plain: Annotated[bool, typer.Option(help="Print lines instead of a live view.")] = False,
    seed: Annotated[int, typer.Option(help="Another seed, other sellers.")] = 1,
    sellers: Annotated[int, typer.Option(min=20, max=5_000, help="Number of sellers.")] = 300,
    speed: Annotated[
        float, typer.Option(min=1, max=1_000_000, help="Seconds of the marketplace in one of ours.")
    ] = 10_800,
    console: Annotated[bool, typer.Option(help="The analysts' console on it, at the address that is printed.")] = True,
) -> None:
    """Runs the whole system on embedded parts and made-up traffic: nothing else to install."""
    from sellerwatch.demo.options import Options, parse_duration
    from sellerwatch.demo.run import run

    seconds = None if duration is None else parse_duration(duration)
    raise typer.Exit(run(Options(seconds, plain, seed, sellers, speed, console)))


@verbs.command(epilog="Example: sellerwatch explain evt_0e59e0407c2fc77f")
def explain(
    event: Annotated[
        str, typer.Argument(metavar="DECISION|EVENT", help="`event_id` of the decision, or of its event.")
    ],
    seller: Annotated[str | None, typer.Option(help="Its seller, where known: only one partition is read.")] = None,
    log: LogDump = None,
    decisions: DecisionsDump = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON, for programs.")] = False,
    config: Config = None,
) -> None:
    """Computes one decision again from the log and says whether it is the same; exit code 1: it is not."""
    from sellerwatch.evidence.explain import run

    raise typer.Exit(run(event, log or [], decisions or [], load_settings(config), seller, as_json=as_json))


@verbs.command(epilog="Example: sellerwatch evidence --alert alr_vam7tenthjdnua44 -o alr_vam7tenthjdnua44.zip")
def evidence(
    alert: Annotated[str, typer.Option(help="Its `alert_id`.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Write it here: a new folder, or a .zip.")],
    log: LogDump = None,
    decisions: DecisionsDump = None,
    alerts: Annotated[list[Path] | None, typer.Option(help="With --log: the alerts (.jsonl); repeatable.")] = None,
    chain: Annotated[list[Path] | None, typer.Option(help="With --log: the audit chain (.jsonl); repeatable.")] = None,
    config: Config = None,
) -> None:
    """Packs what an alert rests on, with the proof from the audit chain, for others to check offline."""
    from sellerwatch.evidence.pack import holdings_of, run

    settings = load_settings(config)
    holdings = holdings_of(log or [], decisions or [], alerts or [], chain or [], settings)
    raise typer.Exit(run(alert, output, holdings, settings))
