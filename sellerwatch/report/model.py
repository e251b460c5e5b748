"""A report as one thing, from which its page, its Markdown, its CSV and its JSON are written."""

from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

from detectors.events import SECOND, Micros

Kind = Literal["text", "count", "number", "share", "hours", "days", "usd"]
"""How a column is read: `share` is 0 to 1, `usd` whole cents, `hours` and `days` are durations."""
Cell = str | int | float | None
"""`None`: not known."""
NUMBERS: tuple[Kind, ...] = ("count", "number", "share", "hours", "days", "usd")


class Column(Struct, frozen=True):
    """One column of a table."""

    key: str
    title: str
    kind: Kind = "count"


class Table(Struct, frozen=True):
    """Rows of cells under columns; the first column names its row."""

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: list[list[Cell]]
    note: str = ""


class Line(Struct, frozen=True):
    """One line or one kind of bar of a chart."""

    name: str
    values: list[float]


class Chart(Struct, frozen=True):
    """What is drawn beside a table that says the same in numbers."""

    kind: Literal["lines", "bars"]
    title: str
    labels: list[str]
    lines: list[Line]


class Section(Struct, frozen=True):
    """One question and its answer."""

    key: str
    title: str
    text: list[str] = []
    warnings: list[str] = []
    charts: list[Chart] = []
    tables: list[Table] = []


class Report(Struct, frozen=True):
    """All of it."""

    title: str
    start: str
    end: str
    """RFC 3339; the period is from `start`, and ends before `end`."""
    sections: list[Section]


class Period(Struct, frozen=True):
    """From `start`, up to but not with `end`."""

    start: Micros
    end: Micros


def said(value: Cell, kind: Kind) -> str:
    """A cell as people read it."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    match kind:
        case "share":
            return f"{100.0 * value:.1f} %"
        case "usd":
            return f"{value / 100:,.2f}"
        case "count":
            return f"{value:,.0f}"
        case "hours":
            return f"{value:,.1f} h" if value < 48 else f"{value / 24:,.1f} days"
        case "days":
            return f"{value:,.0f} days"
    return f"{value:,.2f}"


def day(time: Micros) -> str:
    """`2026-03-01` in UTC."""
    return datetime.fromtimestamp(time // SECOND, UTC).date().isoformat()
