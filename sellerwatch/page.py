"""Pages of HTML that stand on their own: nothing is fetched, no script, for screens light and dark and for paper."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

SHORT: Final = 26
"""Cells up to so many characters are not broken."""
STYLE: Final = """
:root{color-scheme:light dark;--ink:#1d2129;--paper:#fff;--faint:#5b616b;--rule:#d9dce1;--warn:#fff3d6;--edge:#8a5a00;
--link:#0b57a8}
@media (prefers-color-scheme:dark){:root{--ink:#e6e8eb;--paper:#16181d;--faint:#a9b0ba;--rule:#3a3f47;--warn:#3a2f14;
--edge:#e0b050;--link:#7fb8f5}}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:var(--ink);
background:var(--paper)}
h1{line-height:1.2}h2{margin-top:2.5rem;border-bottom:2px solid var(--rule)}
a{color:var(--link)}p.faint{color:var(--faint)}
.scroll{overflow-x:auto;margin:.5rem 0 1.5rem}
table{border-collapse:collapse;min-width:min(100%,34rem)}
caption{text-align:left;font-weight:600;padding:.25rem 0}
th,td{border-bottom:1px solid var(--rule);padding:.25rem .5rem;text-align:left;vertical-align:top;font-weight:400}
thead th{font-weight:600}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.warning{background:var(--warn);border-left:4px solid var(--edge);padding:.5rem .75rem;margin:.5rem 0}
nav ul{columns:18rem 2;padding-left:1.2rem}
figure{margin:1rem 0;overflow-x:auto}figcaption{font-weight:600}svg{min-width:36rem}.grid{stroke:var(--rule)}
td.n,td.s,tbody th.s{white-space:nowrap}
svg{width:100%;height:auto;font:11px system-ui,sans-serif;fill:var(--ink)}
@media print{:root{--ink:#000;--paper:#fff;--faint:#444;--rule:#999;--warn:#fff;--edge:#000;--link:#000}
body{max-width:none;margin:0;font-size:10pt}nav{display:none}.scroll,figure{overflow:visible}svg{min-width:0}
h2,h3,caption{break-after:avoid}tr,figure,.warning{break-inside:avoid}thead{display:table-header-group}}
"""


def document(title: str, parts: Iterable[str]) -> str:
    """The whole page."""
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
    )
    return f'<!doctype html><html lang="en"><head>{head}</head><body><main>{"".join(parts)}</main></body></html>\n'


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, texts: Sequence[int] = (0,), caption: str = "") -> str:
    """A table; columns that are not in `texts` hold numbers. What is wide scrolls by itself, also by keyboard."""

    def cell(tag: str, index: int, text: str, scope: str = "") -> str:
        short = ' class="s"' if len(text) <= SHORT else ""
        kind = short if index in texts else ' class="n"'
        return f"<{tag}{scope}{kind}>{escape(text)}</{tag}>"

    first = "".join(cell("th", i, text, ' scope="col"') if text else "<td></td>" for i, text in enumerate(head))
    lines = [
        "".join(cell("td", i, text) if i else cell("th", i, text, ' scope="row"') for i, text in enumerate(row))
        for row in rows
    ]
    named = f"<caption>{escape(caption)}</caption>" if caption else ""
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    label = f' aria-label="{escape(caption)}"' if caption else ' aria-label="table"'
    return (
        f'<div class="scroll" role="region" tabindex="0"{label}><table>{named}<thead><tr>{first}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
