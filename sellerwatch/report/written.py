"""A report as a page of HTML, and as Markdown."""

from html import escape

from sellerwatch.backtest.plots import Series, bars, lines
from sellerwatch.page import document, table
from sellerwatch.report.model import NUMBERS, Chart, Report, Section, Table, said


def as_html(report: Report) -> str:
    """The page; its charts are drawn as SVG, and say in their tables what they show."""
    links = "".join(f'<li><a href="#{section.key}">{escape(section.title)}</a></li>' for section in report.sections)
    head = [
        f"<h1>{escape(report.title)}</h1>",
        f"<p>From {report.start}, up to {report.end}.</p>",
        f'<nav aria-label="Contents"><ul>{links}</ul></nav>',
    ]
    return document(report.title, [*head, *(_section_html(section) for section in report.sections)])


def _section_html(section: Section) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>"]
    parts += [f'<p class="warning"><strong>Look at this:</strong> {escape(text)}</p>' for text in section.warnings]
    parts += [f"<p>{escape(text)}</p>" for text in section.text]
    parts += [_chart(chart) for chart in section.charts]
    parts += [_table_html(each) for each in section.tables]
    return f'<section id="{section.key}">{"".join(parts)}</section>'


def _chart(chart: Chart) -> str:
    drawn = [Series(line.name, line.values) for line in chart.lines]
    return (lines if chart.kind == "lines" else bars)(chart.title, chart.labels, drawn)


def _cells(found: Table) -> list[list[str]]:
    kinds = [column.kind for column in found.columns]
    return [[said(cell, kind) for cell, kind in zip(row, kinds, strict=True)] for row in found.rows]


def _table_html(found: Table) -> str:
    texts = [index for index, column in enumerate(found.columns) if column.kind not in NUMBERS]
    note = f'<p class="faint">{escape(found.note)}</p>' if found.note else ""
    if not found.rows:
        return f"<p><strong>{escape(found.caption)}:</strong> none.</p>{note}"
    return table([column.title for column in found.columns], _cells(found), texts=texts, caption=found.caption) + note


def as_markdown(report: Report) -> str:
    """The same without charts; what sellers wrote cannot become markup."""
    parts = [f"# {report.title}", f"From {report.start}, up to {report.end}."]
    for section in report.sections:
        parts += [f"## {section.title}", *(f"> **Look at this:** {_plain(text)}" for text in section.warnings)]
        parts += [*map(_plain, section.text), *(_table_markdown(each) for each in section.tables)]
    return "\n\n".join(parts) + "\n"


def _table_markdown(found: Table) -> str:
    if not found.rows:
        return f"**{_plain(found.caption)}:** none."
    rule = ["---:" if column.kind in NUMBERS else "---" for column in found.columns]
    head = [column.title for column in found.columns]
    rows = [head, rule, *([_plain(cell) for cell in row] for row in _cells(found))]
    table_lines = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"**{_plain(found.caption)}**\n\n{table_lines}" + (f"\n\n{_plain(found.note)}" if found.note else "")


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    escaped = "".join(f"\\{char}" if char in "\\`*_[]|#" else char for char in " ".join(text.split()))
    return escaped.replace("<", "&lt;").replace(">", "&gt;")
