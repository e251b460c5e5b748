"""The page of an evidence pack: what happened, in words, in one file that loads nothing."""

from collections.abc import Iterable, Sequence
from html import escape

from detectors.decision import say_time
from detectors.events import SECOND
from sellerwatch.evidence.explaining import OUTCOMES, features_in_words
from sellerwatch.evidence.gathering import Evidence, body_text

STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:66rem;margin:2rem auto;padding:0 1rem;color:#1d2129;background:#fff}
h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin-top:2rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:.5rem 0}
th,td{border-bottom:1px solid #d9dce1;padding:.3rem .5rem;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
td.n,td:first-child,td:nth-child(3)>code:only-child{white-space:nowrap}
code,pre{font:13px/1.45 ui-monospace,monospace;overflow-wrap:anywhere}pre{white-space:pre-wrap}
.good{color:#0a6b2d}.bad{color:#a3150f}
svg rect{fill:#3558a8}
@media (prefers-color-scheme:dark){body{color:#e6e8eb;background:#16181d}th,td{border-color:#3a3f47}
.good{color:#5fd08a}.bad{color:#ff8a80}svg rect{fill:#8fb0ff}}
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
LONGEST = 400
CHECKING = (
    "The script needs nothing but Python. It refuses the pack if one byte of it was changed. Take it from where you "
    "trust it, and ask for a head of the chain that was kept outside the marketplace's hands: without one, nothing "
    "shows that the chain was not written anew as a whole. Decisions but the one that tipped the alert are bound "
    "by the manifest alone; <code>sellerwatch explain</code> computes them from the log."
)


def page(evidence: Evidence, made_at: str) -> str:
    """The whole page."""
    title = f"Evidence: alert {evidence.alert.alert_id}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        _summary(evidence, made_at),
        _recomputed(evidence),
        "<h2>Why</h2>",
        _reasons(evidence),
        "<h2>What happened</h2><p>Records of the log, in its order. Personal values are keyed hashes.</p>",
        _table(["logged", "event", "id", "what it says"], [_record(evidence, n) for n in range(len(evidence.records))]),
        "<h2>What was decided</h2>",
        _decisions(evidence),
        "<h2>Linked sellers</h2>",
        _linked(evidence),
        "<h2>What was in force</h2>",
        _in_force(evidence),
        "<h2>In the audit chain</h2>",
        _chain(evidence),
        "<h2>How to check this</h2>",
        f"<pre>python verify_evidence.py PACK --head {escape(evidence.head[1])}</pre><p>{CHECKING}</p>",
    ]
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
    )
    return f'<!doctype html><html lang="en"><head>{head}</head><body><main>{"".join(parts)}</main></body></html>\n'


def _summary(evidence: Evidence, made_at: str) -> str:
    alert = evidence.alert
    return (
        f"<p>Seller <code>{escape(alert.seller_id)}</code>, pattern <b>{escape(alert.pattern)}</b>, severity "
        f"<b>{escape(alert.severity)}</b>, score {alert.score:.6f}. Tipped by what happened at "
        f"{escape(alert.event_time)}, raised at {escape(alert.raised_at)}. Packed at {escape(made_at)}.</p>"
    )


def _recomputed(evidence: Evidence) -> str:
    if evidence.recomputed:
        return '<p class="good">Computed again from the log when this was packed: equal, byte for byte.</p>'
    return '<p class="bad">The log that was read when this was packed does not give this alert again.</p>'


def _reasons(evidence: Evidence) -> str:
    rows = []
    most = max((reason.contribution for reason in evidence.alert.reasons), default=0.0) or 1.0
    for reason in evidence.alert.reasons:
        width = 120 * max(reason.contribution, 0.0) / most
        bar = f'<svg width="120" height="12" aria-hidden="true"><rect width="{width:.1f}" height="12"/></svg>'
        norms = [_number(norm) for norm in (reason.observed, reason.own_norm, reason.peer_norm)]
        rows.append([f"{reason.contribution:.6f}", bar, escape(reason.text), *norms])
    return _table(["adds", "", "reason", "observed", "own norm", "peers"], rows, numbers=(0, 3, 4, 5))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _record(evidence: Evidence, number: int) -> list[str]:
    _, record = evidence.records[number]
    kind = str(type(record.body).__struct_config__.tag)
    shown = f"<b>{escape(kind)}</b>" if record.event_id in evidence.alert.evidence.events else escape(kind)
    text = body_text(record)
    cut = text if len(text) <= LONGEST else text[:LONGEST] + "..."
    return [
        say_time(record.logged_at // SECOND * SECOND),
        shown,
        f"<code>{escape(record.event_id)}</code>",
        escape(cut),
    ]


def _decisions(evidence: Evidence) -> str:
    rows = []
    for _, decision in evidence.decisions:
        strongest = ", ".join(f"{text} {level:.2f}" for _, text, level in features_in_words(decision)[:6])
        outcome = OUTCOMES.get(decision.outcome, decision.outcome)
        said = [f"<code>{escape(decision.event_id)}</code>", escape(decision.type), escape(decision.event_time)]
        scores = [f"{decision.score:.4f}", f"{decision.seller_score:.4f}"]
        rows.append([*said, *scores, escape(outcome), escape(strongest)])
    columns = ["event", "type", "at", "score", "seller", "outcome", "strongest features (0 to 1)"]
    return _table(columns, rows, numbers=(3, 4))


def _linked(evidence: Evidence) -> str:
    linked = evidence.alert.evidence.sellers
    if not linked:
        return "<p>None.</p>"
    rows = [
        [f"<code>{escape(each.seller_id)}</code>", escape(each.via), escape(each.through), f"{each.strength:.2f}"]
        for each in linked
    ]
    return _table(["seller", "by", "through", "how surely"], rows, numbers=(3,))


def _in_force(evidence: Evidence) -> str:
    versions = ", ".join(f"{name} {v}" for name, v in sorted(evidence.alert.versions.items()))
    parts = [f"<p>Versions: <code>{escape(versions)}</code></p>"]
    if evidence.policy:
        parts.append(f"<details><summary>The policy</summary><pre>{escape(evidence.policy_text())}</pre></details>")
    else:
        parts.append("<p>No policy was published: the settings' own was in force.</p>")
    return "".join(parts)


def _chain(evidence: Evidence) -> str:
    rows = []
    for seq, entry in sorted(evidence.entries.items()):
        body = entry["body"]
        said = ", ".join(f"{name} {value}" for name, value in sorted(body.get("said", {}).items()))
        kind = f"<b>{escape(body['kind'])}</b>" if seq == evidence.alert_entry else escape(body["kind"])
        rows.append([str(seq), say_time(body["logged_at"]), kind, escape(said), f"<code>{entry['hash']}</code>"])
    told = _table(["entry", "logged", "kind", "what it says", "hash"], rows, numbers=(0,))
    entries, head = evidence.head
    return (
        f"{told}<p>Partition {evidence.partition}; the pack holds every link from entry {evidence.start} to the head: "
        f"{entries} entries, hash <code>{head}</code>.</p>"
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table of cells that are HTML already."""

    def cell(tag: str, at: int, text: str) -> str:
        return f'<{tag} class="n">{text}</{tag}>' if at in numbers else f"<{tag}>{text}</{tag}>"

    head = "".join(cell("th", at, text) for at, text in enumerate(columns))
    body = "".join("<tr>" + "".join(cell("td", at, text) for at, text in enumerate(row)) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
