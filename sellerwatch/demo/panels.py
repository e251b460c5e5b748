"""The two panels of the demo's frame: alerts, and who works."""

from collections.abc import Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sellerwatch.demo.scoreboard import Judged
from sellerwatch.demo.stack import WORKERS
from sellerwatch.demo.state import Phase, State
from sellerwatch.demo.words import clock, percent, plain, span

TALL = 24


def alerts(state: State, width: int, height: int, empty: RenderableType) -> RenderableType:
    """The newest alerts, as many as there is room for; `empty` where there are none."""
    shown: list[Text] = []
    room = height - 2
    for judged in state.board.latest:
        lines = list(alert_lines(judged, width - 4, reasons=3 if height > TALL else 2))
        if room < len(lines):
            break
        room -= len(lines)
        shown += lines
    return _panel("alerts, newest first", Group(*shown) if shown else empty, height)


def _panel(title: str, content: RenderableType, height: int) -> Panel:
    words = Text(f" {title} ", style="label")
    return Panel(content, box=box.ROUNDED, border_style="frame", title=words, title_align="left", height=height)


def waiting(state: State) -> Text:
    """Why there are no alerts yet."""
    if state.phase is Phase.STARTING:
        return Text("The five workers start beside an embedded Kafka and Redis.", style="label")
    return Text("No alert yet.", style="label")


def alert_lines(judged: Judged, width: int, reasons: int) -> Iterator[Text]:
    """An alert: when, how bad, what, whether it is true, who; then why."""
    alert = judged.alert
    severity = str(alert["severity"])
    mark, style = ("✔", "true") if judged.true else ("✘", "false")
    pattern = plain(alert["pattern"]) + (" ↑" if judged.escalated else "")
    yield Text.assemble(
        (f"{clock(judged.at):>5} ", "label"),
        (f"{severity:^8}", severity),
        f" {alert['score']:.2f} ",
        (f"{pattern:<19}", "bold"),
        (f" {mark} {plain(judged.kind):<17}", style),
        f" {alert['seller_id']}",
        no_wrap=True,
        overflow="ellipsis",
    )
    for reason in alert["reasons"][:reasons]:
        yield Text("      " + _fitting(reason["text"], width - 6), no_wrap=True, overflow="ellipsis")


def _fitting(text: str, width: int) -> str:
    """A reason without the norms in brackets, where there is no room for them."""
    return text if len(text) <= width else text.rpartition(" (")[0] or text


def side(state: State, height: int) -> RenderableType:
    """Who works, and where to look at it."""
    facts = Table.grid(padding=(0, 1))
    for label, value in _facts(state):
        facts.add_row(Text(label, style="label"), value)
    room = height - 2 - len(WORKERS) - facts.row_count - 3
    content = Group(workers(state), Text(), facts, Text(), *_truth(state, room))
    return _panel("workers and their /metrics", content, height)


def _truth(state: State, room: int) -> Iterator[RenderableType]:
    """The illicit sellers that the simulator knows of, and which of them were found."""
    at = state.look.market_time
    if at is None or room < 1:
        return
    yield Text("illicit so far, by the simulator:", style="label")
    for suspect in state.board.suspects(at)[:room]:
        mark, style = ("✔", "true") if suspect.found else ("○", "label")
        yield Text.assemble((f"{mark} ", style), plain(suspect.kind), (f" since {suspect.since:%d %b}", "label"))


def workers(state: State) -> RenderableType:
    """Who works by now, and where."""
    grid = Table.grid(padding=(0, 1))
    for name in WORKERS:
        ready = name in state.look.ready
        address = state.look.addresses.get(name, "").removeprefix("http://")
        grid.add_row(Text("●" if ready else "○", style="true" if ready else "label"), name, Text(address, "label"))
    return grid


def _facts(state: State) -> Iterator[tuple[str, str]]:
    look, board = state.look, state.board
    if state.console:
        yield "console", state.console
    yield "upstream lag", f"{look.upstream_lag:,} events"
    yield "log lag", f"{look.log_lag:,} events"
    yield "outbox", f"{look.undelivered:,} alerts to deliver"
    yield "models published", f"{look.models:,}"
    yield "precision", percent(board.precision)
    yield "first true alert", f"after {board.first_true:.0f} s" if board.first_true is not None else "-"
    yield "one second is", f"{span(state.options.speed)} there"
