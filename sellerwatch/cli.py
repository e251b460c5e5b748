"""The command `sellerwatch`: its verbs, their options, and what goes wrong with them."""

import secrets
import signal
import sys
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from sellerwatch.operate import commands as operate
from streams.errors import SellerwatchError, SettingsError
from streams.files import FilesError
from streams.names import STAGES
from streams.settings import Settings, load_settings

REPORT_EXAMPLE = (
    "Example: sellerwatch report --from 2027-01-01 --to 2027-02-01 --log log.jsonl.gz --decisions decisions.parquet "
    "--alerts alerts.jsonl --html report.html"
)
app = typer.Typer(
    name="sellerwatch",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Watches the sellers of a marketplace: flags small, repeated, high-risk transaction patterns as they happen.",
)
topics = typer.Typer(no_args_is_help=True, help="Kafka topics.")
partitions = typer.Typer(no_args_is_help=True, help="Source partitions that stand still until a person has looked.")
policy = typer.Typer(no_args_is_help=True, help="The alert policy: a TOML file that is published into the log.")
report = typer.Typer(invoke_without_command=True, epilog=REPORT_EXAMPLE)
models = typer.Typer(no_args_is_help=True, help="What was learned: versions, differences, ways back.")
app.add_typer(models, name="models")
app.add_typer(topics, name="topics")
words = typer.Typer(no_args_is_help=True, help="Word lists, and new words that verdicts have brought up.")
app.add_typer(report, name="report")
app.add_typer(policy, name="policy")
intel = typer.Typer(no_args_is_help=True, help="What lists and other marketplaces know: wallets, contacts, ...")
app.add_typer(intel, name="intel")
app.add_typer(partitions, name="partitions")
app.add_typer(words, name="words")
console = typer.Typer(invoke_without_command=True, help="The analysts' console: web pages, and who may log in.")
users = typer.Typer(no_args_is_help=True, help="Who may log in, in the file of the setting console_users.")
app.add_typer(console, name="console")
console.add_typer(users, name="users")
audit = typer.Typer(no_args_is_help=True, help="The chain of what was decided and done, and whether it is whole.")
app.add_typer(audit, name="audit")
operate.add_to(app)

SCREEN_EXAMPLE = "Example: sellerwatch screen sellers.csv --list sdn.csv alt.csv add.csv -o matches.csv"
EXPORT_EXAMPLE = "Example: sellerwatch intel export --as market-a --values sellers.csv -o market-a.jsonl"
IMPORT_EXAMPLE = "Example: sellerwatch intel import market-a.jsonl --before old/market-a.jsonl --values sellers.csv"
TOLD = ("payout_account", "wallet", "instrument", "email", "phone", "device", "address")
INTEL_EXAMPLE = "Example: sellerwatch intel load --list sdn.csv add.csv --before old/sdn.csv --before old/add.csv"
Config = Annotated[Path | None, typer.Option("--config", help="Settings file (TOML); default: $SELLERWATCH_CONFIG.")]


Counted = Literal["payments", "orders"]
Dump = list[Path] | None


def _settings(config: Path | None) -> Settings:
    return load_settings(config)


@app.command()
def worker(
    stage: Annotated[str | None, typer.Option(help=f"Only this stage: {', '.join(STAGES)}.")] = None,
    config: Config = None,
) -> None:
    """Runs the monitor against Kafka and Redis: all four stages, or one of them."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until the stage is there to end cleanly
    from sellerwatch.worker import run_all, run_one

    if stage is not None and stage not in STAGES:
        raise SettingsError(f"--stage: {stage!r} is none of {', '.join(STAGES)}")
    settings = _settings(config)
    raise typer.Exit(run_one(stage, settings) if stage else run_all(config))


@app.command()
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

    run(events, alerts, decisions, _settings(config), policy, audit)


@app.command(epilog=SCREEN_EXAMPLE)
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


@app.command()
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

    report(compare(events, policy, against, model, truth, _settings(config)), html, json)


@app.command()
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


@app.command(epilog="Example: sellerwatch doctor --json")
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON, for programs.")] = False,
    config: Config = None,
) -> None:
    """Looks at Kafka, Redis, topics, clocks, keys and webhook, and says what to do; exit code 1: there are problems."""
    from sellerwatch.doctor import run

    raise typer.Exit(run(_settings(config), as_json=as_json))


@app.command(hidden=True)
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
    run(_settings(config), show, pulse=pulse)


@app.command()
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


@topics.command("create")
def topics_create(
    partitions: Annotated[int, typer.Option(min=1, max=1024, help="Partitions of each topic.")] = 12,
    replication: Annotated[int, typer.Option(min=1, max=9, help="Copies of each partition.")] = 1,
    upstream: Annotated[bool, typer.Option(help="Also make orders, payments, ... which are the pipeline's.")] = False,
    config: Config = None,
) -> None:
    """Makes the topics that are missing. Those that exist are left as they are."""
    from streams.topics import create_topics

    made = create_topics(_settings(config), partitions=partitions, replication=replication, upstream=upstream)
    typer.echo("\n".join(f"made {topic}" for topic in made) or "every topic is there already")


@intel.command("load", epilog=INTEL_EXAMPLE)
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

    run([*lists, *(further or [])], before or [], output, _settings(config), at=at, withdraw=withdraw)


@intel.command("export", epilog=EXPORT_EXAMPLE)
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

    settings, told = _settings(config), check_kinds(kinds)
    used, lasts = values_of(values or [], settings), timedelta(days=days)
    made = export(output, log or [], used, settings, source=source, key=key, kinds=told, lasts=lasts)
    said = f"{len(made.indicators):,} indicators of {made.sellers:,} confirmed sellers: {output}"
    typer.echo(f"{said}; {made.shared:,} left out, which sellers use that are not confirmed", err=True)


@intel.command("import", epilog=IMPORT_EXAMPLE)
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

    settings = _settings(config)
    used = values_of(values, settings) if values else None
    found = take(file, before, used, output, settings, at=at, least=least, withdraw=withdraw)
    said = f"{found.listed:,} listed by {found.source}, {found.withdrawn:,} withdrawn, {found.left_out:,} left out"
    typer.echo(f"{said}; {found.known:,} of values that sellers here use: {output or 'the topic intel'}", err=True)


@partitions.command("list", epilog="Example: sellerwatch partitions list")
def partitions_list(as_json: operate.AsJson = False, config: Config = None) -> None:
    """Lists the stopped source partitions and why they are stopped."""
    from sellerwatch.partitions import show

    show(_settings(config), as_json=as_json)


@partitions.command("stop", epilog='Example: sellerwatch partitions stop orders/3 --reason "bad prices since 02:00"')
def partitions_stop(
    name: Annotated[str, typer.Argument(help="Topic and partition, for example orders/3.")],
    reason: Annotated[str, typer.Option(help="Why, for those who find it stopped.")],
    yes: operate.Yes = False,
    as_json: operate.AsJson = False,
    config: Config = None,
) -> None:
    """Stops a source partition, or one of the log, until somebody resumes it; nothing is lost."""
    from sellerwatch.partitions import stop

    stop(_settings(config), name, reason, yes=yes, as_json=as_json)


@partitions.command("resume", epilog="Example: sellerwatch partitions resume orders/3 --tolerate 500")
def partitions_resume(
    name: Annotated[str, typer.Argument(help="As listed, for example orders/3.")],
    tolerate: Annotated[int, typer.Option(min=0, help="So many more refused events are let through first.")] = 0,
    as_json: operate.AsJson = False,
    config: Config = None,
) -> None:
    """Lets a stopped source partition go on."""
    from sellerwatch.partitions import resume

    resume(_settings(config), name, tolerate, as_json=as_json)


@words.command("candidates")
def words_candidates(
    log: Annotated[Path | None, typer.Option(help="A dump of the log to read; default: what is in force.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most so many.")] = 20,
    config: Config = None,
) -> None:
    """Lists words that confirmed sellers use and clean ones do not; none is used before it is on a list."""
    from sellerwatch.words import candidates, show

    show(candidates(_settings(config), log, limit))


@words.command("check")
def words_check(files: Annotated[list[Path], typer.Argument(help="Word lists (CSV).")]) -> None:
    """Reads word lists as a worker does, and says what is wrong, with file and line."""
    from sellerwatch.words import check

    lexicon = check(files)
    typer.echo(f"{len(lexicon.terms)} terms, version {lexicon.version}")


@words.command("sample")
def words_sample() -> None:
    """Prints the list that comes with Sellerwatch, to begin an own one with."""
    from sellerwatch.words import sample

    typer.echo(sample(), nl=False)


@report.callback()
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
    run(start, end, sources, choices, Outputs(html, markdown, csv, json), _settings(config))


@report.command("missed")
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


PolicyPath = Annotated[Path, typer.Argument(help="The policy file (TOML).")]


@policy.command("check")
def policy_check(file: PolicyPath) -> None:
    """Reads a policy file and says what is wrong, where, and what to write instead; exit code 2: something is."""
    from sellerwatch.policy.verbs import check

    check(file)


@policy.command("diff")
def policy_diff(
    file: PolicyPath,
    against: Annotated[Path | None, typer.Option(help="Another file; default: the policy in force.")] = None,
    config: Config = None,
) -> None:
    """Lists every key that a policy file would change."""
    from sellerwatch.policy.verbs import diff

    diff(file, against, _settings(config))


@policy.command("publish")
def policy_publish(
    file: PolicyPath,
    author: Annotated[str | None, typer.Option(help="Who publishes; default: the user of this machine.")] = None,
    note: Annotated[str, typer.Option(help="Why, for those who read the history.")] = "",
    config: Config = None,
) -> None:
    """Puts a policy in force: writes it into every partition of the log. Repeated, it changes nothing more."""
    from sellerwatch.policy.verbs import send

    send(file, author, note, _settings(config))


@policy.command("show")
def policy_show(
    history: Annotated[bool, typer.Option("--history", help="List all publications instead.")] = False,
    config: Config = None,
) -> None:
    """Prints the policy in force as it was published."""
    from sellerwatch.policy.verbs import show

    show(history, _settings(config))


VersionName = Annotated[str, typer.Argument(help="As `models list` names it.")]


@console.callback()
def console_run(context: typer.Context, config: Config = None) -> None:
    """Serves the analysts' console, until it is ended."""
    if context.invoked_subcommand is None:
        from sellerwatch.console import run

        raise typer.Exit(run(_settings(config)))


@console.command("rebuild")
def console_rebuild(config: Config = None) -> None:
    """Builds the console's database anew from the topics; notes and who judged are kept."""
    from sellerwatch.console import rebuild

    rebuild(_settings(config))


UserName = Annotated[str, typer.Argument(help="As it stands in verdicts and in the record of acts.")]


@users.command("add")
def users_add(
    name: UserName,
    role: Annotated[str, typer.Option(help="analyst, lead, auditor (reads only) or admin.")] = "analyst",
    config: Config = None,
) -> None:
    """Lets somebody log in; asks for the password, or reads it from standard input."""
    from sellerwatch.console import add

    add(_settings(config), name, role)


@users.command("list")
def users_list(config: Config = None) -> None:
    """Lists who may log in, and as what."""
    from sellerwatch.console import show

    show(_settings(config))


@users.command("remove")
def users_remove(name: UserName, config: Config = None) -> None:
    """Lets somebody in no more, and logs them out."""
    from sellerwatch.console import remove

    remove(_settings(config), name)


@users.command("password")
def users_password(name: UserName, config: Config = None) -> None:
    """Gives somebody another password, and logs them out."""
    from sellerwatch.console import change_password

    change_password(_settings(config), name)


@models.command("list")
def models_list(config: Config = None) -> None:
    """Lists the versions that are kept, how good each was when it was published, and which are in force."""
    from sellerwatch.models.verbs import show

    show(_settings(config))


@models.command("diff")
def models_diff(old: VersionName, new: VersionName, config: Config = None) -> None:
    """Prints where two versions of a model differ most."""
    from sellerwatch.models.verbs import diff

    diff(old, new, _settings(config))


@models.command("rollback")
def models_rollback(version: VersionName, config: Config = None) -> None:
    """Puts an older version in force again, until `models release` lets newer ones follow."""
    from sellerwatch.models.verbs import rollback

    rollback(version, _settings(config))


@models.command("release")
def models_release(
    model: Annotated[str, typer.Argument(help="cohorts, risk or challenger.")], config: Config = None
) -> None:
    """Lets newer versions of a model that was rolled back follow again."""
    from sellerwatch.models.verbs import release

    release(model, _settings(config))


@models.command("promote")
def models_promote(config: Config = None) -> None:
    """Lets the challenger and the risk model in force change places."""
    from sellerwatch.models.verbs import promote

    promote(_settings(config))


@audit.command("verify", epilog="Example: sellerwatch audit verify --heads heads-2027-01.jsonl")
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

    raise typer.Exit(run(files or [], log or [], heads, _settings(config), as_json=as_json))


@audit.command("heads", epilog="Example: sellerwatch audit heads -o heads-2027-01.jsonl")
def audit_heads(
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write them here (.jsonl).")] = None,
    config: Config = None,
) -> None:
    """Prints how far each chain has come, to be kept where nobody of the marketplace can write."""
    from sellerwatch.audit.heads import show

    show(_settings(config), output)


LogDump = Annotated[
    list[Path] | None, typer.Option(help="A dump of the log, from its beginning, instead of Kafka; repeatable.")
]
DecisionsDump = Annotated[
    list[Path] | None, typer.Option(help="With --log: the decisions as they were told (.jsonl); repeatable.")
]


@app.command(epilog="Example: sellerwatch explain evt_0e59e0407c2fc77f")
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

    raise typer.Exit(run(event, log or [], decisions or [], _settings(config), seller, as_json=as_json))


@app.command(epilog="Example: sellerwatch evidence --alert alr_vam7tenthjdnua44 -o alr_vam7tenthjdnua44.zip")
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

    settings = _settings(config)
    holdings = holdings_of(log or [], decisions or [], alerts or [], chain or [], settings)
    raise typer.Exit(run(alert, output, holdings, settings))


def main() -> NoReturn:
    """Runs the command; wrong words, files or settings end with code 2, a failure with 1."""
    try:
        app()
    except (SettingsError, FilesError) as error:
        _say(error)
        sys.exit(2)
    except SellerwatchError as error:
        _say(error)
        sys.exit(1)
    sys.exit(0)


def _say(error: Exception) -> None:
    Console(stderr=True, highlight=False).print(f"[red]sellerwatch:[/red] {escape(str(error))}", soft_wrap=True)
