"""The demo on a terminal: one frame, drawn anew some times a second, for any size from 40 x 12 up."""

from collections.abc import Sequence

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from sellerwatch.demo import panels
from sellerwatch.demo.scoreboard import Judged
from sellerwatch.demo.state import Phase, State
from sellerwatch.demo.words import clock, span, spark

# Colours of middle lightness: they can be read on black and on white.
THEME = Theme(
    {
        "true": "green4",
        "false": "red3",
        "low": "deep_sky_blue3",
        "medium": "dark_orange3",
        "high": "bold red3",
        "critical": "bold white on red3",
        "label": "dim",
        "frame": "grey50",
    }
)
WIDE = 110
MIDDLE = 72
SIDE = 40
SPARK = 18


class Frame:
    """One picture of the state, as large as the terminal."""

    def __init__(self, state: State) -> None:
        self.state = state

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = options.max_width, max(console.size.height - 1, 12)
        yield _title(self.state, width)
        yield _numbers(self.state, width)
        body = height - 6
        if width < WIDE:
            empty = Group(panels.workers(self.state), Text(), panels.waiting(self.state))
            yield panels.alerts(self.state, width, body, empty)
        else:
            alerts = panels.alerts(self.state, width - SIDE, body, panels.waiting(self.state))
            grid = Table.grid(expand=True)
            grid.add_column(ratio=1)
            grid.add_column(width=SIDE)
            grid.add_row(alerts, panels.side(self.state, body))
            yield grid
        yield _footer(self.state, width)


def _title(state: State, width: int) -> RenderableType:
    line = Table.grid(expand=True)
    line.add_column(no_wrap=True)
    line.add_column(no_wrap=True, justify="right")
    at = state.look.market_time
    name = Text.assemble((" Sellerwatch", "bold"), "  watching a made-up marketplace" if width >= MIDDLE else "")
    time = Text.assemble((f"{at:%a %d %b %H:%M}  " if at else "", "label"), (clock(state.elapsed), "bold"), " ")
    line.add_row(name, time)
    return line


def _numbers(state: State, width: int) -> RenderableType:
    look, board = state.look, state.board
    cells: list[tuple[RenderableType, str]] = [
        (Text(f"{look.rate:,.0f}", style="bold"), "events/s"),
        (_verdicts(board.true, board.false), "alerts"),
        (Text.assemble((f"{len(board.found)}", "bold true"), f" of {state.active}"), "illicit found"),
    ]
    if width >= MIDDLE:
        cells[1:1] = [
            (Text(f"{look.applied:,}"), "events"),
            (Text(f"{look.upstream_lag + look.log_lag:,}"), "lag"),
            (Text(f"{look.sellers:,}"), "sellers"),
        ]
    if width >= WIDE:
        cells.insert(1, (Text(spark(look.history, SPARK), style="low"), f"the last {SPARK} s"))
    grid = Table.grid(expand=True)
    for _, label in cells:  # of fixed shares: nothing moves when numbers grow
        grid.add_column(justify="center", ratio=2 if " " in label or label == "alerts" else 1, no_wrap=True)
    grid.add_row(*(value for value, _ in cells))
    grid.add_row(*(Text(label, style="label") for _, label in cells))
    return Panel(grid, box=box.ROUNDED, border_style="frame", padding=(0, 0))


def _verdicts(true: int, false: int) -> Text:
    return Text.assemble((f"{true}", "bold true"), (" true  ", "true"), (f"{false}", "bold false"), (" false", "false"))


def _footer(state: State, width: int) -> RenderableType:
    phase = state.phase
    words = {
        Phase.STARTING: "starting ...",
        Phase.PAST: f"reading the past: {state.past:.0%}",
        Phase.LIVE: f"live: one second is {span(state.options.speed)} there",
        Phase.ENDING: "ending ...",
    }[phase]
    shown = f"open {state.console} in a browser" if state.console else "alerts are signed and verified"
    left, right = f" {words}", f"{shown}  Ctrl-C ends" if width >= MIDDLE else "Ctrl-C ends"
    gap = max(width - len(left) - len(right) - len("^C "), 1)  # the terminal writes ^C behind it
    return Text(left + " " * gap + right, style="label", no_wrap=True, overflow="crop", end="")


class LiveDisplay:
    """Draws the frame in place."""

    def __init__(self, console: Console, state: State) -> None:
        console.push_theme(THEME)
        self._console, self._state = console, state
        self._live = Live(
            Frame(state), console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )

    def start(self) -> None:
        self._live.start()

    def update(self) -> None:
        self._live.refresh()

    def alert(self, judged: Judged) -> None:
        """It is in the next frame."""

    def end(self) -> None:
        self._live.refresh()
        self._live.stop()

    def summary(self, facts: Sequence[tuple[str, str]]) -> None:
        grid = Table.grid(padding=(0, 2))
        for name, value in facts:
            grid.add_row(Text(f" {name}", style="label"), value)
        self._console.print(grid)
