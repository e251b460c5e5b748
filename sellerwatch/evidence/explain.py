"""What `sellerwatch explain` prints."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sellerwatch.evidence.explaining import OUTCOMES, Explanation, explain, features_in_words
from sellerwatch.evidence.holdings import Files, Holdings, Topics
from streams.settings import Settings

SHOWN = 15
"""Features that are shown at most."""


def run(
    event_id: str,
    log: Sequence[Path],
    decisions: Sequence[Path],
    settings: Settings,
    seller_id: str | None = None,
    *,
    as_json: bool,
) -> int:
    """Explains and prints; the exit code: 0 the log gives the same decision, 1 it does not."""
    holdings: Holdings = Files(log, decisions) if log else Topics(settings)
    found = explain(event_id, holdings, settings, seller_id)
    if as_json:
        features = [{"name": n, "text": text, "level": level} for n, text, level in features_in_words(found.recomputed)]
        said = {"equal": found.equal, "recorded": found.recorded, "recomputed": found.recomputed}
        rest = {"differences": found.differences, "partition": found.partition, "records": found.records}
        typer.echo(msgspec.json.encode(said | rest | {"features": features, "hints": found.hints}))
    else:
        _print(found)
    return 1 if found.equal is False else 0


def _print(found: Explanation) -> None:
    console, decision = Console(highlight=False, soft_wrap=True), found.recorded or found.recomputed
    order = f", order {decision.order_id}" if decision.order_id else ""
    console.print(escape(f"{decision.type} {decision.event_id} of seller {decision.seller_id}{order}"))
    console.print(escape(f"  at {decision.event_time}, score {decision.score:.6f}, seller {decision.seller_score:.6f}"))
    pattern = f"{decision.pattern}: " if decision.pattern else ""
    console.print(escape(f"  {pattern}{OUTCOMES.get(decision.outcome, decision.outcome)} ({decision.outcome})"))
    of = f"{found.records} records of the seller and {found.published} publications of partition {found.partition}"
    if found.equal is None:
        console.print(f"recomputed from {of}; no recorded decision to compare with is at hand")
    elif found.equal:
        console.print(f"[green]equal[/green], byte for byte, to what {of} give")
    else:
        console.print(f"[red]not equal[/red] to what {of} give:")
        table = Table("what", "recorded", "recomputed", show_edge=False, pad_edge=False)
        for each in found.differences:
            table.add_row(*map(escape, (each.what, each.recorded, each.recomputed)))
        console.print(table)
    for hint in found.hints:
        console.print(f"[yellow]{escape(hint)}[/yellow]")
    _print_reasons(console, found)
    _print_features(console, found)
    console.print("versions: " + escape(", ".join(f"{name} {v}" for name, v in sorted(decision.versions.items()))))


def _print_reasons(console: Console, found: Explanation) -> None:
    decision = found.recorded or found.recomputed
    if not decision.reasons:
        console.print("no reasons: the score is below the level from which on decisions give some")
        return
    console.print("why, and how much of the score each reason makes:")
    for reason in decision.reasons:
        console.print(f"  {reason.contribution:.6f}  {escape(reason.text)}")


def _print_features(console: Console, found: Explanation) -> None:
    table = Table("feature (strongest)", "what it is", "0..1", show_edge=False, pad_edge=False)
    features = features_in_words(found.recorded or found.recomputed)
    for name, text, level in features[:SHOWN]:
        table.add_row(name, text, f"{level:.3f}")
    if features:
        console.print(table)
        console.print(f"{len(features)} features are above 0")
