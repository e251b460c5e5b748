"""What the demo is asked for."""

import re
from dataclasses import dataclass

from streams.errors import SettingsError

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Options:
    """The words of the command line, read."""

    seconds: float | None
    """How long to run once everything is up; `None`: until Ctrl-C."""
    plain: bool
    seed: int
    sellers: int
    speed: float
    """Seconds of market time in one second."""
    console: bool = True
    """Whether the analysts' console runs on it."""


def parse_duration(text: str) -> float:
    """Seconds in `60s`, `2m`, `1h` or `90`.

    Raises:
        SettingsError: It is none of these, or no time at all.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if seconds <= 0:
        raise SettingsError(f"--for: {text!r} is no duration such as 60s, 2m or 90")
    return seconds
