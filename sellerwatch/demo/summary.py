"""What is said at the end."""

from sellerwatch.demo.state import State
from sellerwatch.demo.words import percent


def summary(state: State) -> list[tuple[str, str]]:
    """What was done, as names and values."""
    board, look, seconds = state.board, state.look, max(state.running, 1.0)
    first = f"{board.first_true:.1f} s after the start" if board.first_true is not None else "none"
    return [
        ("events", f"{look.applied:,} in {seconds:.0f} s: {look.applied / seconds:,.0f} a second"),
        ("sellers", f"{look.sellers:,} known"),
        ("alerts", f"{board.alerts} delivered, every signature verified" if board.alerts else "none delivered"),
        ("against truth", f"{board.true} true, {board.false} false: precision {percent(board.precision)}"),
        ("illicit sellers", f"{len(board.found)} found of the {state.active} that were active"),
        ("first true alert", first),
    ]
