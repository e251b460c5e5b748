"""Numbers and names as people read them."""

from collections.abc import Sequence

_BARS = " ▁▂▃▄▅▆▇█"


def clock(seconds: float) -> str:
    """`0:07`, `12:30`, `1:02:03`."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def span(seconds: float) -> str:
    """`40 s`, `4 min`, `4 h`, `2 days`: the largest unit that gives at least one."""
    for unit, name in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= unit:
            count = f"{seconds / unit:.3g}"
            return f"{count} {'day' if (name, count) == ('days', '1') else name}"
    return f"{seconds:.3g} s"


def plain(name: str) -> str:
    """`small_repeat` as words."""
    return name.replace("_", " ")


def spark(values: Sequence[float], width: int) -> str:
    """The latest values as a line of bars, the highest of them full."""
    shown = values[-width:]
    top = max(shown, default=0.0) or 1.0
    return "".join(_BARS[round(max(value, 0.0) / top * (len(_BARS) - 1))] for value in shown).rjust(width)


def percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
