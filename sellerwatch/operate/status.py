"""`sellerwatch status`: the whole system on one screen."""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec
import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from streams.names import STAGES
from streams.settings import Settings
from streams.status.reading import look
from streams.status.state import STANDSTILL_SECONDS, PartitionState, SystemState

SHOWN = 14
"""Partitions on one screen; those that need a person come first."""


def run(settings: Settings, *, as_json: bool, watch: bool, interval: float, every: bool) -> int:
    """Prints the state once, or again and again; 1 when something needs a person.

    Args:
        interval: Seconds between two looks.
        every: Show all partitions.
    """
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what it would say is on the screen
    if not watch:
        state = asyncio.run(look(settings))
        if as_json:
            typer.echo(msgspec.json.format(_json(state)).decode())
        else:
            Console(highlight=False).print(screen(state, every=every))
        return int(bool(list(needs(state))))
    try:
        _again_and_again(settings, interval, as_json=as_json, every=every)
    except KeyboardInterrupt:
        return 0
    return 0


def _again_and_again(settings: Settings, interval: float, *, as_json: bool, every: bool) -> None:
    if as_json:
        while True:
            typer.echo(_json(asyncio.run(look(settings))).decode())
            time.sleep(interval)
    with Live(Text("looking ..."), console=Console(highlight=False), screen=True, auto_refresh=False) as live:
        while True:
            live.update(screen(asyncio.run(look(settings)), every=every), refresh=True)
            time.sleep(interval)


def _json(state: SystemState) -> bytes:
    told = msgspec.to_builtins(state) | {"needs": list(needs(state))}
    return msgspec.json.encode(told)


def needs(state: SystemState) -> Iterator[str]:
    """What a person must look at, with what to do."""
    if not state.redis.up:
        yield "bring Redis back: the stages wait and lose nothing"
    if not state.kafka.up:
        yield "bring Kafka back: the stages wait and lose nothing"
    for stage in STAGES:
        if state.redis.up and not state.alive(stage):
            yield f"no process of {stage} has been heard of: start one, or look at the log of the last"
    for name, reason in state.stopped.items():
        yield f"{name} is stopped ({reason}): mend it, then `sellerwatch partitions resume {name}`"
    for one in state.partitions:
        if one.stopped is None and one.lag and one.age is not None and one.age > STANDSTILL_SECONDS:
            yield f"{one.name} has not advanced for {_span(one.age)}: look at the log of {one.owner}"
        elif one.stopped is None and one.lag and not one.owner and state.alive(one.stage):
            yield f"{one.name} is {one.lag:,} records behind and nobody owns it: look at the processes of {one.stage}"
    if state.outbox is not None and state.outbox.dead:
        yield f"{state.outbox.dead:,} alerts were given up: `sellerwatch outbox list`"


def screen(state: SystemState, *, every: bool = False) -> RenderableType:
    """All of it, for people."""
    at = datetime.fromtimestamp(state.taken_at, UTC).isoformat(" ", "seconds").removesuffix("+00:00")
    wanted = list(needs(state))
    parts: list[RenderableType] = [
        Text.assemble(("sellerwatch", "bold"), f"  {at} UTC  namespace {state.namespace}"),
        *(Text(text, style="yellow") for text in state.unseen),
        _services(state),
        _stages(state),
        _partitions(state, every=every),
        *(Text.assemble(("→ ", "red"), text) for text in wanted),
    ]
    return Group(*parts, *([] if wanted else [Text("nothing needs a person", style="green")]))


def _services(state: SystemState) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, service in (("kafka", state.kafka), ("redis", state.redis)):
        table.add_row(name, "[green]up[/green]" if service.up else "[red]AWAY[/red]", escape(service.text))
    if not state.redis.up:
        return table
    table.add_row("stopped", str(len(state.stopped)), ", ".join(state.stopped))
    if (outbox := state.outbox) is not None:
        said = f"{outbox.undelivered:,} undelivered, {outbox.retrying:,} of them tried before, "
        said += f"oldest {_span(outbox.oldest_seconds)}; {outbox.dead:,} given up"
        table.add_row("outbox", "[red]look[/red]" if outbox.dead else "", said)
    of = state.log_partitions or 0
    for name, versions in state.models.items():
        table.add_row("model", escape(name), _in_force(versions, of))
    said = _in_force(state.policy, of) if state.policy else "none was published: that of the settings is in force"
    table.add_row("policy", "", said)
    return table


def _in_force(versions: Mapping[str, int], of: int) -> str:
    return escape(", ".join(name if n == of else f"{name} in {n} of {of}" for name, n in versions.items()))


def _stages(state: SystemState) -> Table:
    table = Table("stage", "processes", "partitions", "lag", "standstill", box=None, pad_edge=False)
    for stage in STAGES:
        alive = state.alive(stage)
        silent = sum(one.stage == stage for one in state.workers) - len(alive)
        unready = [name for one in alive for name, well in one.told.ready.items() if not well]
        said = f"{len(alive)} up" if alive else "[red]none[/red]" if state.redis.up else "not known"
        said += f", {silent} silent" if silent else ""
        said += f", [red]not ready: {escape(', '.join(dict.fromkeys(unready)))}[/red]" if unready else ""
        own = [one for one in state.partitions if one.stage == stage]
        lags = [one.lag for one in own if one.lag is not None]
        ages = [one.age for one in own if one.age is not None and one.lag != 0]
        owned = f"{sum(bool(one.owner) for one in own)} of {len(own)} owned" if own else "-"
        lag = f"{sum(lags):,}" if lags else "-"
        table.add_row(stage, said, owned, lag, _span(max(ages)) if ages else "-")
    return table


def _partitions(state: SystemState, *, every: bool) -> RenderableType:
    chosen = sorted(state.partitions, key=_urgency)
    shown = chosen if every else chosen[:SHOWN]
    if not shown:
        return Text("partitions: not known", style="yellow")
    table = Table("partition", "position", "end", "lag", "advanced", "owner", box=None, pad_edge=False)
    for one in shown:
        owner = escape(one.owner) or "[red]nobody[/red]"
        if one.stopped:
            owner = f"[red]stopped: {escape(one.stopped)}[/red]"
        advanced = "-" if one.age is None else "now" if one.age < 3 else f"{_span(one.age)} ago"
        table.add_row(one.name, _number(one.position), _number(one.end), _number(one.lag), advanced, owner)
    left = len(chosen) - len(shown)
    return Group(table, Text(f"and {left} more that are no worse: --all", style="dim")) if left else table


def _urgency(one: PartitionState) -> tuple[bool, bool, int, str, int]:
    """Stopped ones first, then those that nobody owns, then by lag."""
    behind = one.lag or 0
    return one.stopped is None, bool(one.owner) or not behind, -behind, one.topic, one.partition


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _span(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=int(seconds)))
