"""What an alert can be, in the words of the database."""

from typing import Final, Literal, get_args

from detectors.alert_policy import SEVERITIES

State = Literal["open", "confirmed", "dismissed", "snoozed"]
"""Waits for a person; judged as right; judged as wrong; silent until a moment."""
Severity = Literal["low", "medium", "high", "critical"]
STATES: Final[tuple[State, ...]] = get_args(State)
SEVERITY_NAMES: Final[tuple[Severity, ...]] = get_args(Severity)
"""By the number under which the database keeps each."""
assert SEVERITY_NAMES == SEVERITIES
