"""`sellerwatch simulate`: a made-up marketplace as a file of events, and the truth about it."""

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from detectors.events import DAY
from simulator import Marketplace, simulate
from streams.files import check_apart, check_writable, write_events


def run(seed: int, sellers: int, days: int, output: Path, truth: Path | None) -> None:
    """Writes both files whole or not at all; shows the days simulated where a person watches."""
    check_apart([output, truth])
    check_writable([output, truth])
    market = simulate(seed, sellers, days)
    events = write_events(output, _watched(market))
    console = Console(stderr=True)
    console.print(f"{events:,} events of {sellers:,} sellers in {days} days: {output}", highlight=False)
    if truth is not None:
        write_events(truth, market.truth())
        console.print(f"what is illicit in them: {truth}", highlight=False)


def _watched(market: Marketplace) -> Iterator[bytes]:
    """The events, drawing how far their time has come."""
    console = Console(stderr=True)
    columns = (TextColumn("simulating day"), MofNCompleteColumn(), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=market.world.days)
        today = 0
        for event in market.timed():
            if (day := (event.at - market.world.start) // DAY) > today:
                today = day
                progress.update(task, completed=day)
            yield event.body
