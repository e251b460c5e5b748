"""`sellerwatch partitions`: source partitions that a person stops, and that stand still until one lets them go on."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from sellerwatch.operate.asking import confirm, record, tell, unknown, with_redis
from streams import names
from streams.refused.stops import Stops
from streams.settings import Settings
from streams.topics import read_layout

T = TypeVar("T")
STOPPABLE: Final = (*names.UPSTREAM, names.ACTS, names.WAITING, names.EVENTS)
"""Topics of the stages that heed a stop: intake and watch."""
LONGEST_REASON: Final = 200


def show(settings: Settings, *, as_json: bool) -> None:
    """Prints every stopped partition and its reason."""
    stopped = list_stopped(settings)
    told = [{"partition": name, "reason": reason} for name, reason in stopped.items()]
    tell(told, "\n".join(f"{name}: {reason}" for name, reason in stopped.items()) or "none is stopped", as_json=as_json)


def list_stopped(settings: Settings) -> dict[str, str]:
    """Every stopped partition and its reason."""
    return _with_stops(settings, lambda stops: stops.all())


def stop(settings: Settings, name: str, reason: str, *, yes: bool, as_json: bool) -> None:
    """Lets nothing more of a partition be read until it is resumed.

    Raises:
        SettingsError: There is no such partition, or no stage that heeds a stop reads it.
    """
    layout = read_layout(settings).partitions
    known = [f"{topic}/{partition}" for topic in STOPPABLE for partition in range(layout.get(topic, 0))]
    if name not in known:
        raise unknown("partition", name, known, "sellerwatch status --all")
    if name in list_stopped(settings):
        tell({"partition": name, "stopped": False}, f"{name} is stopped already; nothing was done", as_json=as_json)
        return
    confirm(f"Stop {name}? Nothing of it is read until `sellerwatch partitions resume {name}`.", yes=yes)
    act = record(settings, "partition.stopped", subject_kind="partition", subject=name)
    said = f"by hand: {reason}"[:LONGEST_REASON]
    new = _with_stops(settings, lambda stops: stops.ask(name, said))
    words = f"{name} stops within seconds, after what is in hand; it stays stopped over restarts"
    tell({"partition": name, "stopped": new, "reason": said, "act": act}, words, as_json=as_json)


def resume(settings: Settings, name: str, tolerate: int, *, as_json: bool = False) -> None:
    """Lets a stopped partition go on.

    Raises:
        SettingsError: No partition of that name is stopped.
    """
    stopped = list_stopped(settings)
    if name not in stopped:
        raise unknown("stopped partition", name, stopped, "sellerwatch partitions list")
    details: dict[str, bool | int | str] = {"tolerate": tolerate}
    act = record(settings, "partition.resumed", subject_kind="partition", subject=name, details=details)
    done = _with_stops(settings, lambda stops: stops.resume(name, tolerate))
    words = f"{name} goes on" + (f"; {tolerate} more refusals are let through first" if tolerate else "")
    tell({"partition": name, "resumed": done, "tolerate": tolerate, "act": act}, words, as_json=as_json)


def _with_stops(settings: Settings, use: Callable[[Stops], Awaitable[T]]) -> T:
    return with_redis(settings, lambda redis: use(Stops(redis, settings.namespace)))
