"""`sellerwatch doctor`: looks at everything that Sellerwatch rests on, and says what to do."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from sellerwatch.checks.brokers import check_kafka
from sellerwatch.checks.certificates import check_certificates
from sellerwatch.checks.finding import Finding, Status, problem
from sellerwatch.checks.lists import check_lists
from sellerwatch.checks.own import check_settings
from sellerwatch.checks.receiver import check_webhook
from sellerwatch.checks.state import check_redis
from streams.settings import Settings

PATIENCE_SECONDS = 15.0
COLOURS = {Status.OK: "green", Status.WARNING: "yellow", Status.PROBLEM: "red"}


def run(settings: Settings, *, as_json: bool) -> int:
    """Prints the findings; 1 when one of them is a problem."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what it would say is in the findings
    findings = asyncio.run(examine(settings))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode([finding._asdict() for finding in findings])).decode())
    else:
        _print(findings)
    return int(any(finding.status is Status.PROBLEM for finding in findings))


async def examine(settings: Settings) -> list[Finding]:
    """Everything that was found, at once: as slow as the slowest check."""
    found = await asyncio.gather(
        _safely("kafka", asyncio.to_thread(check_kafka, settings)),
        _safely("redis", check_redis(settings)),
        _safely("webhook", check_webhook(settings)),
        _safely("tls", check_certificates(settings)),
        _safely("screening lists", asyncio.to_thread(check_lists, settings)),
    )
    return [*check_settings(settings), *(finding for findings in found for finding in findings)]


async def _safely(subject: str, check: Awaitable[list[Finding]]) -> list[Finding]:
    """A check that fails or hangs is a finding, and no reason to leave out the others."""
    try:
        return await asyncio.wait_for(check, PATIENCE_SECONDS)
    except TimeoutError:
        return [problem(subject, f"no answer within {PATIENCE_SECONDS:.0f} s", "look at its load and at the network")]
    except Exception as error:
        return [problem(subject, f"could not be examined: {error!r}", "please report this")]


def _print(findings: Sequence[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        colour = COLOURS[finding.status]
        mend = f" [dim]→[/dim] {escape(finding.mend)}" if finding.mend else ""
        subject = escape(f"{finding.subject:<17}")
        console.print(f"[{colour}]{finding.status:<8}[/{colour}] {subject} {escape(finding.text)}{mend}")
    counts = {status: sum(finding.status is status for finding in findings) for status in Status}
    console.print(f"{counts[Status.PROBLEM]} problems, {counts[Status.WARNING]} warnings, {counts[Status.OK]} ok")
