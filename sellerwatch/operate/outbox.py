"""`sellerwatch outbox`: alerts that wait for their delivery, and those that were given up."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from redis.asyncio import Redis
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from detectors.decision import say_time
from sellerwatch.operate.asking import confirm, record, tell, unknown, with_redis
from streams.delivery.dead_alerts import DeadAlert, DeadAlerts
from streams.delivery.outbox import Outbox
from streams.errors import SettingsError
from streams.settings import Settings

LISTS: Final = "sellerwatch outbox list"
KNOWN: Final = 500


class Dead(Struct, frozen=True):
    """A dead alert as it is shown."""

    place: str
    alert_id: str
    seller_id: str
    pattern: str
    severity: str
    reason: str
    """Code of its last answer."""
    tries: int
    died_at: str


def show(settings: Settings, limit: int, *, as_json: bool) -> None:
    """Prints how full the outbox is, and the alerts that were given up."""
    depths, dead = with_redis(settings, lambda redis: _look(redis, settings, limit))
    counted = {
        "undelivered": sum(depth.undelivered for depth in depths),
        "retrying": sum(depth.waiting for depth in depths),
        "oldest_seconds": max((depth.oldest_seconds for depth in depths), default=0.0),
        "dead": sum(depth.dead for depth in depths),
    }
    shown = [_shown(one) for one in dead]
    if as_json:
        tell(counted | {"dead_alerts": shown}, "", as_json=True)
        return
    table = Table(
        "alert", "seller", "pattern", "severity", "last answer", "tries", "given up", box=None, pad_edge=False
    )
    for one in shown:
        cells = (one.alert_id or one.place, one.seller_id, one.pattern, one.severity, one.reason, str(one.tries))
        table.add_row(*(escape(cell) for cell in cells), one.died_at)
    if shown:
        Console(highlight=False).print(table)
    tell(
        None,
        f"{counted['undelivered']:,} undelivered, {counted['retrying']:,} of them tried before, oldest "
        f"{counted['oldest_seconds']:.0f} s; {counted['dead']:,} given up, {len(shown)} shown",
        as_json=False,
    )


def retry(
    settings: Settings, ids: Sequence[str], reason: str | None, *, every: bool, waiting: bool, as_json: bool
) -> None:
    """Puts alerts that were given up back into the outbox, or makes those due now that wait for another try.

    Raises:
        SettingsError: An id names no dead alert, or some are named that cannot be meant; nothing was done.
    """
    if waiting and (ids or reason or every):
        raise SettingsError(
            "--waiting is about all that wait for another try: name no alerts with it; nothing was done"
        )
    if waiting:
        act = record(settings, "delivery.hurried", details={})
        moved = with_redis(settings, lambda redis: _hurry(redis, settings))
        tell({"hurried": moved, "act": act}, f"{moved:,} alerts that waited are due now", as_json=as_json)
        return
    chosen = _chosen(settings, ids, reason, every=every)
    if not chosen:
        tell({"retried": 0}, "no such alert was given up", as_json=as_json)
        return
    act = record(settings, "delivery.retried", **_of_act(chosen, ids, reason))
    done = with_redis(settings, lambda redis: _each(redis, settings, chosen, "send_again"))
    words = f"{done:,} alerts are in the outbox again, as if new, under their old ids"
    tell({"retried": done, "act": act}, words, as_json=as_json)


def discard(
    settings: Settings, ids: Sequence[str], reason: str | None, *, every: bool, yes: bool, as_json: bool
) -> None:
    """Deletes alerts that were given up; the topic of alerts keeps them.

    Raises:
        SettingsError: An id names no dead alert; nothing was done.
    """
    chosen = _chosen(settings, ids, reason, every=every)
    if not chosen:
        tell({"discarded": 0}, "no such alert was given up", as_json=as_json)
        return
    kinds = Counter(one.reason for one in chosen)
    said = ", ".join(f"{count:,} answered {code}" for code, count in kinds.most_common())
    confirm(f"Delete {len(chosen):,} alerts that the receiver never took ({said})?", yes=yes)
    act = record(settings, "delivery.discarded", **_of_act(chosen, ids, reason))
    done = with_redis(settings, lambda redis: _each(redis, settings, chosen, "discard"))
    words = f"{done:,} alerts are deleted; sellerwatch.alerts still has them"
    tell({"discarded": done, "act": act}, words, as_json=as_json)


def _chosen(settings: Settings, ids: Sequence[str], reason: str | None, *, every: bool) -> list[DeadAlert]:
    """The dead alerts that are meant; every id names at least one, or nothing is done."""
    if not (ids or reason or every):
        raise SettingsError("name the alerts, or choose them by --reason or --all")
    dead = with_redis(settings, lambda redis: _all(redis, settings))
    of_reason = [one for one in dead if reason in (None, one.reason)]
    if not ids:
        if reason and not of_reason:
            raise unknown("last answer", reason, {one.reason for one in dead}, LISTS)
        return of_reason
    names: dict[str, list[DeadAlert]] = {}
    for one in of_reason:
        for name in {one.place, _shown(one).alert_id}:
            names.setdefault(name, []).append(one)
    for id_ in ids:
        if not id_ or id_ not in names:
            raise unknown("dead alert", id_, list(names)[:KNOWN], LISTS)
    return list({one.place: one for id_ in ids for one in names[id_]}.values())


def _of_act(chosen: Sequence[DeadAlert], ids: Sequence[str], reason: str | None) -> dict[str, Any]:
    details: dict[str, bool | int | str] = {"alerts": len(chosen)}
    if reason:
        details["reason"] = reason
    one = {"subject_kind": "alert", "subject": _shown(chosen[0]).alert_id or chosen[0].place} if len(ids) == 1 else {}
    return one | {"details": details}


def _shown(dead: DeadAlert) -> Dead:
    head = dead.head
    died = say_time(int(dead.died_at) * 1_000_000)
    return Dead(
        dead.place, head.alert_id, head.seller_id, head.pattern, head.severity, dead.reason, dead.tries.made, died
    )


# -- Redis ----------------------------------------------------------------------------------------


async def _outbox(redis: Redis, settings: Settings) -> Outbox:
    stored = await redis.get(f"{{{settings.namespace}.layout}}partitions")
    if stored is None:
        raise SettingsError(f"Redis holds no state under the namespace {settings.namespace!r}: no stage has run there")
    return Outbox(redis, f"{settings.namespace}.watch", int(stored))


async def _look(redis: Redis, settings: Settings, limit: int) -> tuple[list[Any], list[DeadAlert]]:
    outbox = await _outbox(redis, settings)
    return list(await outbox.depths()), await DeadAlerts(outbox).list(limit)


async def _all(redis: Redis, settings: Settings) -> list[DeadAlert]:
    return [one async for one in DeadAlerts(await _outbox(redis, settings)).walk()]


async def _hurry(redis: Redis, settings: Settings) -> int:
    return await (await _outbox(redis, settings)).hurry()


async def _each(redis: Redis, settings: Settings, chosen: Sequence[DeadAlert], do: str) -> int:
    dead = DeadAlerts(await _outbox(redis, settings))
    return sum([await getattr(dead, do)(one) for one in chosen])
