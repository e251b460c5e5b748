"""The demo as plain lines: for pipes, logs and scripts."""

import time
from collections.abc import Sequence

from rich.console import Console

from sellerwatch.demo.scoreboard import Judged
from sellerwatch.demo.state import Phase, State
from sellerwatch.demo.words import clock, plain, span

EVERY_SECONDS = 5.0


class Lines:
    """Prints each alert as it comes, and how things stand every few seconds."""

    def __init__(self, console: Console, state: State) -> None:
        self._console, self._state = console, state
        self._due = 0.0
        self._phase: Phase | None = None
        self._announced: set[str] = set()

    def start(self) -> None:
        self._say(f"starting Kafka, Redis and the workers; one second will be {span(self._state.options.speed)}")

    def update(self) -> None:
        state = self._state
        if state.phase is not self._phase:
            self._phase, self._due = state.phase, 0.0
            if state.phase is Phase.ENDING:
                self._say("ending")
        for name in sorted(state.look.ready - self._announced):
            self._announced.add(name)
            self._say(f"{name} is ready: {state.look.addresses[name]}/metrics")
        if state.console and "console" not in self._announced:
            self._announced.add("console")
            self._say(f"the analysts' console: {state.console}")
        if state.phase in (Phase.PAST, Phase.LIVE) and time.monotonic() >= self._due:
            self._due = time.monotonic() + EVERY_SECONDS
            self._say(status(state))

    def alert(self, judged: Judged) -> None:
        for line in alert_lines(judged):
            self._say(line, judged.at)

    def end(self) -> None:
        """The summary is still to come."""

    def summary(self, facts: Sequence[tuple[str, str]]) -> None:
        for name, value in facts:
            self._say(f"{name}: {value}")

    def _say(self, text: str, at: float | None = None) -> None:
        at_clock = clock(self._state.elapsed if at is None else at)
        self._console.print(f"{at_clock:>5} {text}", soft_wrap=True, highlight=False, markup=False)


def status(state: State) -> str:
    """One line about everything."""
    look, board = state.look, state.board
    return (
        f"{look.rate:,.0f} events/s, {look.applied:,} in all, lag {look.upstream_lag + look.log_lag:,}; "
        f"{look.sellers:,} sellers; alerts: {board.true} true, {board.false} false; "
        f"illicit found: {len(board.found)} of {state.active}"
    )


def alert_lines(judged: Judged) -> list[str]:
    """The alert, then its reasons, indented."""
    alert = judged.alert
    verdict = "true" if judged.true else "false"
    word = "ALERT escalated" if judged.escalated else "ALERT"
    head = (
        f"{word} {alert['severity']} {alert['pattern']} {alert['seller_id']} score {alert['score']:.2f}: "
        f"verified, {verdict} ({plain(judged.kind)})"
    )
    return [head, *(f"      {reason['text']}" for reason in alert["reasons"][:3])]
