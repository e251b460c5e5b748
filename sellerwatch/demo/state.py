"""What there is to show."""

from dataclasses import dataclass, field
from enum import StrEnum

from sellerwatch.demo.options import Options
from sellerwatch.demo.probe import Look
from sellerwatch.demo.scoreboard import Scoreboard
from sellerwatch.demo.seasons import PAST
from sellerwatch.demo.stack import WORKERS


class Phase(StrEnum):
    STARTING = "starting"
    PAST = "reading the past"
    LIVE = "live"
    ENDING = "ending"


@dataclass
class State:
    """Everything a display shows; changed by the demo as it runs."""

    options: Options
    board: Scoreboard = field(default_factory=Scoreboard)
    look: Look = field(default_factory=Look)
    elapsed: float = 0.0
    """Seconds since the command was given."""
    working_since: float | None = None
    console: str | None = None
    """Where the analysts' console is, once it listens."""
    stopping: bool = False

    @property
    def phase(self) -> Phase:
        if self.stopping:
            return Phase.ENDING
        if len(self.look.ready) < len(WORKERS) and not self.look.applied:
            return Phase.STARTING
        return Phase.LIVE if self.look.feed and self.look.feed.live else Phase.PAST

    @property
    def active(self) -> int:
        """Sellers that have turned illicit so far."""
        return self.board.active(self.look.market_time) if self.look.market_time else 0

    @property
    def past(self) -> float:
        """Share of the past that has been sent."""
        feed = self.look.feed
        return max(0.0, min(1.0, 1 - (feed.begins - feed.market_time) / PAST)) if feed else 0.0

    @property
    def running(self) -> float:
        """Seconds since the first event was applied."""
        return self.elapsed - self.working_since if self.working_since is not None else 0.0

    @property
    def exit_code(self) -> int:
        """Who gave a time wants to know whether it worked: 0 only when an alert was delivered and verified."""
        return 0 if self.options.seconds is None or self.board.alerts else 1
