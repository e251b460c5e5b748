"""A draft of the statement of reasons for each alert: article 17(3) of Regulation (EU) 2022/2065.

An alert restricts nobody, so the draft is for the case that a person decides to. It says what the data say and names,
in square brackets, what only the person who decides can say: a statement is complete when no bracket is left.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from sellerwatch.report.grounds import ground
from sellerwatch.report.ledger import Ledger
from sellerwatch.report.model import Column, day
from sellerwatch.report.tables import written_rows
from streams.files import write_events

TO_DECIDE: Final = (
    "[the restriction; where it applies and how long: article 17(3)(a)]",
    "[the legal ground and why it is illegal, or the clause of the terms and why it is broken: article 17(3)(d), (e)]",
    "[ways of redress, with their addresses: article 17(3)(f)]",
)


class Statement(Struct, frozen=True):
    """The draft for one alert."""

    alert_id: str
    seller_id: str
    alerted_on: str
    pattern: str
    codes: list[str]
    facts: list[str]
    """What was relied on, in plain words: article 17(3)(b)."""
    noticed: bool
    """Whether somebody had reported the seller before; else it is an own-initiative investigation."""
    automated_detection: bool
    automated_decision: bool
    """Never: a person decides. Article 17(3)(c)."""
    text: str


_ALERTS: Final = """
SELECT c.id, c.alert_id, c.seller, c.time, c.pattern, EXISTS (
  SELECT 1 FROM happening n WHERE n.seller = c.seller AND n.kind = 'notice' AND n.time <= c.time
) FROM cases c ORDER BY c.time, c.alert_id
"""


def statements(ledger: Ledger) -> Iterator[Statement]:
    """The drafts for the alerts of the period, one at a time, in their order."""
    ledger.run("CREATE INDEX IF NOT EXISTS ground_of ON ground (alert)")
    for key, alert_id, seller, time, pattern, noticed in ledger.rows(_ALERTS):
        codes = [code for (code,) in ledger.rows("SELECT code FROM ground WHERE alert = :key ORDER BY place", key=key)]
        facts = list(dict.fromkeys(map(ground, codes)))
        text = _text(day(time), facts, noticed=bool(noticed))
        yield Statement(alert_id, seller, day(time), pattern, codes, facts, bool(noticed), True, False, text)


def _text(on: str, facts: list[str], *, noticed: bool) -> str:
    how = "after notices about the account" if noticed else "on our own initiative, without a notice"
    restriction, legal, redress = TO_DECIDE
    return "\n".join(
        (
            f"We have decided: {restriction}.",
            f"The decision is made {how}. It relies on these facts about the account, as of {on}:",
            *(f"- {fact}" for fact in facts),
            "These facts were found by automated means. A person has looked at them and has decided.",
            f"Ground: {legal}.",
            f"You can have the decision reviewed: {redress}.",
        )
    )


COLUMNS: Final = tuple(Column(name, name, "text") for name in Statement.__struct_fields__)


def write_statements(found: Iterable[Statement], path: Path) -> None:
    """Writes the drafts, one at a time: as a table (`.csv`), or as lines of JSON in any form that a replay reads.

    Raises:
        FilesError: The file cannot be written.
    """
    if path.suffix == ".csv":
        written_rows(path, COLUMNS, map(_row, found))
        return
    write_events(path, map(msgspec.json.encode, found))


def _row(found: Statement) -> list[str]:
    said = msgspec.structs.asdict(found) | {"codes": ", ".join(found.codes), "facts": " ".join(found.facts)}
    return [str(cell).lower() if isinstance(cell, bool) else cell for cell in said.values()]
