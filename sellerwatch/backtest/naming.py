"""Verdicts and snoozes name alerts of the present side; on the new side the alert about the same has another id."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from detectors.events import AlertSnoozed, Record, VerdictGiven
from sellerwatch.backtest.side import Side


def as_named(records: Sequence[Record], present: Side, new: Side) -> Iterator[Sequence[Record]]:
    """The records for the new side, in parts: each is to be folded before the next is asked for.

    What names an alert that the new side has not raised names, there, the last alert of the same seller and pattern.
    It begins a part, since that alert may come of the record before it. The present side has taken the records already.
    """
    first, found = 0, list(records)
    for at, record in enumerate(records):
        body = record.body
        if not isinstance(body, VerdictGiven | AlertSnoozed) or body.alert_id is None:
            continue
        yield found[first:at]
        first = at
        own = new.latest.get((record.seller_id, present.patterns.get(body.alert_id, "")))
        if own is not None and body.alert_id not in new.patterns:
            found[at] = replace(record, body=replace(body, alert_id=own))
    yield found[first:]
