"""`sellerwatch rejected`: refused events are looked at, mended, sent back, or put away."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, Final

import typer
from msgspec import Struct
from redis.asyncio import Redis
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sellerwatch.operate.asking import confirm, record, tell, unknown, user, with_redis
from streams import names
from streams.errors import SettingsError, UnavailableError
from streams.refused.handled import Handled, HandledEvents, What
from streams.refused.sending import Sender
from streams.refused.topic import Bounds, Refused, RefusedTopic, parse_id, reading, why_refused_again
from streams.settings import Settings

AT_ONCE: Final = 500
LISTS: Final = "sellerwatch rejected list"
TOPICS: Final = (*names.UPSTREAM, names.ACTS, names.EVENTS)


class Choice(Struct, frozen=True):
    """Which refused events are meant."""

    ids: Sequence[str] = ()
    reason: str | None = None
    topic: str | None = None
    every: bool = False
    """All that are open."""

    def check(self) -> None:
        """Refuses a choice of nothing, and a topic that nothing comes from."""
        if not (self.ids or self.reason or self.topic or self.every):
            raise SettingsError("name the events, or choose them by --reason, --topic, or --all")
        if self.topic is not None and self.topic not in TOPICS:
            raise unknown("topic", self.topic, TOPICS, LISTS)

    def holds(self, one: Refused) -> bool:
        """Whether an event is meant, as far as reason and topic go."""
        return self.reason in (None, one.told.reason) and self.topic in (None, one.told.topic)


# -- list and show --------------------------------------------------------------------------------


def show_list(settings: Settings, choice: Choice, limit: int, *, handled: bool, summary: bool, as_json: bool) -> None:
    """Prints the newest refused events, or how many of which kind there are."""
    if choice.topic is not None and choice.topic not in TOPICS:
        raise unknown("topic", choice.topic, TOPICS, LISTS)
    with reading(settings) as topic:
        bounds = topic.bounds()
        if summary:
            _show_summary(settings, topic, bounds, as_json=as_json)
            return
        found = []
        for one, done in _with_memory(settings, (o for o in topic.newest_first(bounds) if choice.holds(o))):
            if done is None or handled:
                found.append((one, done))
            if len(found) == limit:
                break
        kept = sum(end - begin for begin, end in bounds.values())
    if choice.reason and not found:
        typer.echo(f"no event that was refused as {choice.reason!r} is open; see `{LISTS} --summary`", err=True)
    if as_json:
        tell([_told(one, done) for one, done in found], "", as_json=True)
        return
    table = Table("id", "refused", "came from", "reason", "detail", "", box=None, pad_edge=False)
    for one, done in found:
        detail = escape(_line(one.told.detail)[:70])
        table.add_row(one.id, _time(one.at), one.came_from, escape(one.told.reason), detail, _said(done))
    Console(highlight=False).print(table)
    typer.echo(f"{len(found)} shown, newest first; {kept:,} are kept. `sellerwatch rejected show ID` shows one whole")


def _show_summary(settings: Settings, topic: RefusedTopic, bounds: Bounds, *, as_json: bool) -> None:
    open_, closed = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for one, done in _with_memory(settings, topic.oldest_first(bounds)):
        (open_ if done is None else closed)[one.told.topic, one.told.reason] += 1
    rows = [
        {"topic": kind[0], "reason": kind[1], "open": open_[kind], "handled": closed[kind]}
        for kind, _ in (open_ + closed).most_common()
    ]
    table = [f"{row['open']:>9,} open  {row['handled']:>9,} handled  {row['topic']}: {row['reason']}" for row in rows]
    tell(rows, "\n".join(table) or "nothing was refused", as_json=as_json)


def _with_memory(settings: Settings, found: Iterator[Refused]) -> Iterator[tuple[Refused, Handled | None]]:
    """Each with what was done about it; without Redis all count as open, and that is said."""
    knows = True
    while some := list(islice(found, AT_ONCE)):
        done: Mapping[str, Handled] = {}
        try:
            if knows:
                done = with_redis(settings, lambda r, ids=[o.id for o in some]: _memory(r, settings).of(ids))  # type: ignore[misc]
        except UnavailableError as error:
            knows = False
            typer.echo(f"which of them were dealt with is not known: {error}", err=True)
        yield from ((one, done.get(one.id)) for one in some)


def show_one(settings: Settings, id_: str, output: Path | None, *, as_json: bool) -> None:
    """Prints one refused event whole, or writes its bytes to a file."""
    with reading(settings) as topic:
        (one,) = _named(topic, [id_])
    if output is not None:
        output.write_bytes(one.original)
        tell(
            {"written": str(output), "bytes": len(one.original)},
            f"{len(one.original)} bytes: {output}",
            as_json=as_json,
        )
        return
    ((_, done),) = _with_memory(settings, iter([one]))
    again = _again(one)
    told = _told(one, done) | {"original": _text(one.original), "refused_again": again or ""}
    lines = [f"{name:<14} {_line(str(value))}" for name, value in told.items() if name != "original"]
    tell(told, "\n".join([*lines, "", _visible(told["original"])]), as_json=as_json)


# -- replay and discard ---------------------------------------------------------------------------


def replay(
    settings: Settings, choice: Choice, file: Path | None, *, anyway: bool, again: bool, yes: bool, as_json: bool
) -> None:
    """Sends refused events back to where they came from.

    Raises:
        SettingsError: An id does not exist, or what is asked for would do no good; nothing was sent.
    """
    choice.check()
    if file is not None:
        _replay_fixed(settings, choice, file, anyway=anyway, again=again, yes=yes, as_json=as_json)
        return
    with reading(settings) as topic:
        bounds = topic.bounds()
        counted, unfit = _count(settings, topic, bounds, choice, anyway=anyway, again=again)
        _refuse_alone(choice, unfit)
        if not _go_on(counted, "sent back", yes=yes, as_json=as_json, left=unfit):
            return
        act = record(settings, "rejected.replayed", **_of_act(choice, counted.total()))
        sent = 0
        with Sender(settings) as sender:
            for some in _chosen(settings, topic, bounds, choice, anyway=anyway, again=again):
                sender.send((one, None) for one in some)
                _note(settings, some, "replayed", act)
                sent += len(some)
    _tidy(settings, bounds)
    words = f"{sent:,} sent back, with the header {names.REJECTED}/ID" + _left(unfit)
    tell({"replayed": sent, "left": dict(unfit), "act": act}, words, as_json=as_json)


def _replay_fixed(
    settings: Settings, choice: Choice, file: Path, *, anyway: bool, again: bool, yes: bool, as_json: bool
) -> None:
    """Sends a file's bytes in the place of one event."""
    if len(choice.ids) != 1:
        raise SettingsError("--file stands for one event: give its id")
    try:
        value = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from None
    with reading(settings) as topic:
        (one,) = _named(topic, choice.ids)
        _check_open(settings, [one], again=again)
    target = one.place()[0]
    why = why_refused_again(value, one.headers, target)
    if why is not None and not anyway:
        raise SettingsError(f"{file}: would be refused again ({why}); nothing was sent. --anyway sends it all the same")
    confirm(f"Send the {len(value)} bytes of {file} to {target} in the place of {one.id}?", yes=yes)
    digest = sha256(value).hexdigest()[:32]
    act = record(
        settings, "rejected.replayed", subject_kind="event", subject=one.id, details={"fixed": True, "sha256": digest}
    )
    with Sender(settings) as sender:
        sender.send([(one, value)])
    _note(settings, [one], "replayed", act)
    words = f"{one.id}: the {len(value)} bytes of {file} were sent to {target}"
    tell({"replayed": 1, "fixed": one.id, "left": {}, "act": act}, words, as_json=as_json)


def discard(settings: Settings, choice: Choice, *, yes: bool, as_json: bool) -> None:
    """Puts refused events away: they are shown as dealt with; their topic keeps them as long as it keeps any."""
    choice.check()
    with reading(settings) as topic:
        bounds = topic.bounds()
        counted, _ = _count(settings, topic, bounds, choice, anyway=True, again=False)
        if not _go_on(counted, "discarded", yes=yes, as_json=as_json, left=Counter()):
            return
        act = record(settings, "rejected.discarded", **_of_act(choice, counted.total()))
        done = 0
        for some in _chosen(settings, topic, bounds, choice, anyway=True, again=False):
            _note(settings, some, "discarded", act)
            done += len(some)
    _tidy(settings, bounds)
    words = f"{done:,} discarded; the topic keeps their bytes until its retention ends"
    tell({"discarded": done, "act": act}, words, as_json=as_json)


def _count(
    settings: Settings, topic: RefusedTopic, bounds: Bounds, choice: Choice, *, anyway: bool, again: bool
) -> tuple[Counter[str], Counter[str]]:
    """How many are meant, by topic and reason, and how many of them are left out, by why."""
    counted, unfit = Counter[str](), Counter[str]()
    named = _named(topic, choice.ids) if choice.ids else None
    if named is not None:
        _check_open(settings, named, again=again)
    for one, done in _with_memory_or_fail(settings, iter(named) if named else topic.oldest_first(bounds)):
        if not choice.holds(one) or (done is not None and not again):
            continue
        why = None if anyway else _again(one)
        if why is None:
            counted[f"{one.told.topic}: {one.told.reason}"] += 1
        else:
            unfit[why] += 1
    return counted, unfit


def _chosen(
    settings: Settings, topic: RefusedTopic, bounds: Bounds, choice: Choice, *, anyway: bool, again: bool
) -> Iterator[list[Refused]]:
    """Those that were counted, some at a time: what was refused since then is not among them."""
    found = iter(_named(topic, choice.ids)) if choice.ids else topic.oldest_first(bounds)
    pairs = _with_memory_or_fail(settings, found)
    meant = (
        one for one, done in pairs if choice.holds(one) and (done is None or again) and (anyway or _again(one) is None)
    )
    while some := list(islice(meant, AT_ONCE)):
        yield some


def _with_memory_or_fail(settings: Settings, found: Iterator[Refused]) -> Iterator[tuple[Refused, Handled | None]]:
    """Who sends or puts away must know what was dealt with: without Redis nothing is done."""
    while some := list(islice(found, AT_ONCE)):
        done = with_redis(settings, lambda r, ids=[o.id for o in some]: _memory(r, settings).of(ids))  # type: ignore[misc]
        yield from ((one, done.get(one.id)) for one in some)


def _again(one: Refused) -> str | None:
    """Why sending the event as it is would do no good."""
    if one.told.topic == names.EVENTS:
        return "it is a record of the log, which holds hashes: send the event itself, by --file or from upstream"
    if one.cut:
        return "only its beginning is kept: give it whole by --file, or send it from upstream"
    error = why_refused_again(one.original, one.headers, one.told.topic)
    return None if error is None else f"it would be refused again as {error.reason}"


def _refuse_alone(choice: Choice, unfit: Counter[str]) -> None:
    """Who names events wants all of them sent, or none."""
    if choice.ids and unfit:
        raise SettingsError(f"nothing was sent: {'; '.join(unfit)}. --anyway sends it all the same")


def _check_open(settings: Settings, named: Sequence[Refused], *, again: bool) -> None:
    for one, done in _with_memory_or_fail(settings, iter(named)):
        if done is not None and not again:
            raise SettingsError(f"{one.id} {_said(done)} already; nothing was done. --again does it once more")


def _named(topic: RefusedTopic, ids: Sequence[str]) -> list[Refused]:
    """Every event that is named; all of them exist, or nothing is done."""
    bounds = topic.bounds()
    found = []
    for id_ in dict.fromkeys(ids):
        place = parse_id(id_)
        one = topic.get(*place, bounds) if place else None
        if one is None:
            raise unknown("refused event", id_, (o.id for o in islice(topic.newest_first(bounds), AT_ONCE)), LISTS)
        found.append(one)
    return sorted(found, key=lambda one: (one.partition, one.offset))


def _go_on(counted: Counter[str], what: str, *, yes: bool, as_json: bool, left: Counter[str]) -> bool:
    if not counted:
        tell({what.partition(" ")[0]: 0, "left": dict(left)}, "no open event is meant" + _left(left), as_json=as_json)
        return False
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in counted.most_common())
    confirm(f"{counted.total():,} refused events are to be {what} ({kinds}). Go on?", yes=yes)
    return True


def _left(unfit: Counter[str]) -> str:
    return "".join(f"\n{count:,} left open: {why}" for why, count in unfit.most_common())


def _note(settings: Settings, some: Sequence[Refused], what: What, act: str) -> None:
    with_redis(settings, lambda r: _memory(r, settings).note([one.id for one in some], what, user(), act))


def _tidy(settings: Settings, bounds: Bounds) -> None:
    begins = {partition: begin for partition, (begin, _) in bounds.items()}
    with_redis(settings, lambda r: _memory(r, settings).forget_below(begins))


def _memory(redis: Redis, settings: Settings) -> HandledEvents:
    return HandledEvents(redis, settings.namespace)


def _of_act(choice: Choice, count: int) -> dict[str, Any]:
    """What the act says: which events, or how they were chosen."""
    details: dict[str, bool | int | str] = {"events": count}
    if choice.reason:
        details["reason"] = choice.reason
    if choice.topic:
        details["topic"] = choice.topic
    one = {"subject_kind": "event", "subject": choice.ids[0]} if len(choice.ids) == 1 else {}
    return one | {"details": details}


# -- words ----------------------------------------------------------------------------------------


def _told(one: Refused, done: Handled | None) -> dict[str, Any]:
    return {
        "id": one.id,
        "refused_at": _time(one.at),
        "came_from": one.came_from,
        "reason": one.told.reason,
        "detail": one.told.detail,
        "key": _text(one.key or b""),
        "headers": one.told.headers,
        "state": _said(done) or "open",
    }


def _said(done: Handled | None) -> str:
    return f"was {done.what} by {done.by or 'somebody'}, {_time(done.at)}" if done else ""


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")


def _visible(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(char if char.isprintable() or char in "\n\t" else f"\\x{ord(char):02x}" for char in text)


def _line(text: str) -> str:
    return _visible(text).replace("\n", " ")
