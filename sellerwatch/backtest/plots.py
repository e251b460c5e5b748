"""Plots as inline SVG: no scripts, nothing fetched from elsewhere."""

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 14, 34
COLOURS: Final = ("#8a8f98", "#0b6bcb")
"""Present and new: told apart in grey print too."""


class Series(NamedTuple):
    """One line, or one kind of bar."""

    name: str
    values: Sequence[float]


def lines(title: str, labels: Sequence[str], series: Sequence[Series]) -> str:
    """A line for each series over labelled steps."""
    top = _top(series)
    step = (WIDTH - LEFT - RIGHT) / max(len(labels) - 1, 1)
    drawn = [_axes(top, series)]
    for colour, (_, values) in zip(COLOURS, series, strict=False):
        points = " ".join(f"{LEFT + step * i:.1f},{_y(value, top):.1f}" for i, value in enumerate(values))
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if len(values) == 1:
            drawn.append(f'<circle cx="{LEFT}" cy="{_y(values[0], top):.1f}" r="3" fill="{colour}"/>')
    every = max(1, -(-len(labels) // 8))
    drawn += [_text(LEFT + step * i, HEIGHT - 14, labels[i], "middle") for i in range(0, len(labels), every)]
    return _svg(title, drawn)


def bars(title: str, labels: Sequence[str], series: Sequence[Series]) -> str:
    """A group of bars for each label."""
    top = _top(series)
    room = (WIDTH - LEFT - RIGHT) / max(len(labels), 1)
    wide = min(room / (len(series) + 1), 40.0)
    drawn = [_axes(top, series)]
    for index, label in enumerate(labels):
        middle = LEFT + room * (index + 0.5)
        for number, (colour, one) in enumerate(zip(COLOURS, series, strict=False)):
            x, y = middle + wide * (number - len(series) / 2), _y(one.values[index], top)
            tall = HEIGHT - BOTTOM - y
            drawn.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide * 0.9:.1f}" height="{tall:.1f}" fill="{colour}">'
                f"<title>{escape(one.name)}, {escape(label)}: {one.values[index]:g}</title></rect>"
            )
        drawn.append(_text(middle, HEIGHT - (14 if index % 2 == 0 else 3), label, "middle"))
    return _svg(title, drawn)


def _top(series: Sequence[Series]) -> float:
    """A round number above everything."""
    highest = max((value for one in series for value in one.values), default=0.0)
    step = 1.0
    while True:
        for factor in (1, 2, 5):
            if highest <= step * factor:
                return step * factor
        step *= 10


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top


def _axes(top: float, series: Sequence[Series]) -> str:
    drawn = []
    for share in (0.0, 0.5, 1.0):
        y = _y(top * share, top)
        drawn.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#d9dce1" class="grid"/>'
        )
        drawn.append(_text(LEFT - 6, y + 4, f"{top * share:g}", "end"))
    for number, (colour, one) in enumerate(zip(COLOURS, series, strict=False)):
        x = WIDTH - RIGHT - 90 * (len(series) - number)
        drawn.append(f'<rect x="{x}" y="2" width="10" height="10" fill="{colour}"/>')
        drawn.append(_text(x + 14, 11, one.name, "start"))
    return "".join(drawn)


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(title: str, drawn: Sequence[str]) -> str:
    return (
        f'<figure tabindex="0"><figcaption>{escape(title)}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(drawn)}</svg></figure>'
    )
