"""How alerts stand, worked out from the verdicts on them: the same whatever came first, alert or verdict."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from console.store.changing import queue_changed
from console.store.schema import alert_bodies, alerts, given, verdicts
from console.store.states import State
from console.store.writing import AnyRow, in_parts
from detectors.events import Micros


class Standing(NamedTuple):
    """How an alert stands, and by whom."""

    state: State
    snoozed_until: Micros | None = None
    changed_at: Micros | None = None
    changed_by: str | None = None


def settle(connection: Connection, sellers: Iterable[str], now: Micros) -> None:
    """Brings the alerts of sellers to where the verdicts put them; those that stand there already keep their version.

    Args:
        now: Of the clock: a snooze that has ended leaves an alert open.
    """
    changed: list[dict[str, Any]] = []
    for some in in_parts(sellers):
        told = _verdicts(connection, some)
        for row, ids in _alerts(connection, list(told)):
            standing = _standing(row, ids, told[row.seller_id], now)
            if standing[:2] != (row.state, row.snoozed_until):
                changed.append({"of_alert": row.alert_id} | {f"new_{k}": v for k, v in standing._asdict().items()})
    if changed:
        connection.execute(_CHANGE, changed)
        queue_changed(connection)


_CHANGE: Final = (
    update(alerts)
    .where(alerts.c.alert_id == bindparam("of_alert"))
    .values(**{name: bindparam(f"new_{name}") for name in Standing._fields}, version=alerts.c.version + 1)
)


def wake(connection: Connection, now: Micros) -> int:
    """Opens the alerts whose snooze has ended; how many. Nobody judged anything, so their versions stay."""
    over = (alerts.c.state == "snoozed") & (alerts.c.snoozed_until <= now)
    woken = connection.execute(update(alerts).where(over).values(state="open", snoozed_until=None)).rowcount
    if woken:
        queue_changed(connection)
    return woken


def _verdicts(connection: Connection, sellers: Sequence[str]) -> dict[str, list[AnyRow]]:
    query = (
        select(verdicts, given.c.analyst.label("given_by"))
        .select_from(verdicts.outerjoin(given, given.c.event_id == verdicts.c.event_id))
        .where(verdicts.c.seller_id.in_(sellers))
        .order_by(verdicts.c.event_time, verdicts.c.event_id)
    )
    found: dict[str, list[AnyRow]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.seller_id].append(row)
    return dict(found)


def _alerts(connection: Connection, sellers: Sequence[str]) -> list[tuple[AnyRow, set[str]]]:
    """The sellers' alerts, each with the ids of its escalations."""
    rows = connection.execute(select(alerts).where(alerts.c.seller_id.in_(sellers))).all()
    ids: dict[str, set[str]] = defaultdict(set)
    for some in in_parts(row.alert_id for row in rows):
        query = select(alert_bodies.c.first_id, alert_bodies.c.alert_id).where(alert_bodies.c.first_id.in_(some))
        for first, each in connection.execute(query):
            ids[first].add(each)
    return [(row, ids[row.alert_id] | {row.alert_id}) for row in rows]


def _standing(alert: AnyRow, ids: set[str], told: Sequence[AnyRow], now: Micros) -> Standing:
    """By the last verdict that closes it, else by the last snooze.

    What was raised again since it was snoozed is open: the policy ends snoozes that are to last too long.
    """
    ours = [verdict for verdict in told if _is_on(verdict, alert, ids)]
    closing = [verdict for verdict in ours if verdict.verdict != "snoozed"]
    if closing:
        return Standing(closing[-1].verdict, None, closing[-1].event_time, _who(closing[-1]))
    if ours:
        last = ours[-1]
        silent = (
            last.until is not None and last.until > max(now, last.event_time) and alert.raised_at <= last.event_time
        )
        return Standing("snoozed" if silent else "open", last.until if silent else None, last.event_time, _who(last))
    return Standing("open")


def _is_on(verdict: AnyRow, alert: AnyRow, ids: set[str]) -> bool:
    if verdict.alert_id is not None:
        return verdict.alert_id in ids
    since_raised: bool = verdict.event_time >= alert.first_raised_at
    return since_raised and verdict.pattern in (None, alert.pattern)


def _who(verdict: AnyRow) -> str:
    name: str = verdict.given_by or verdict.analyst
    return name
