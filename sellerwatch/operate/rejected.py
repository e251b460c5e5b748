"""`sellerwatch rejected replay` and `discard`: refused events are sent back, or put away."""

from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from sellerwatch.operate.asking import confirm, record, tell, user, with_redis
from sellerwatch.operate.refused_choice import (
    AT_ONCE,
    Choice,
    check_open,
    memory_of,
    named_events,
    why_not_again,
    with_memory,
)
from streams import names
from streams.errors import SettingsError
from streams.refused.handled import What
from streams.refused.sending import Sender
from streams.refused.topic import Bounds, Refused, RefusedTopic, reading, why_refused_again
from streams.settings import Settings


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
        (one,) = named_events(topic, choice.ids)
        check_open(settings, [one], again=again)
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
    named = named_events(topic, choice.ids) if choice.ids else None
    if named is not None:
        check_open(settings, named, again=again)
    for one, done in with_memory(settings, iter(named) if named else topic.oldest_first(bounds)):
        if not choice.holds(one) or (done is not None and not again):
            continue
        why = None if anyway else why_not_again(one)
        if why is None:
            counted[f"{one.told.topic}: {one.told.reason}"] += 1
        else:
            unfit[why] += 1
    return counted, unfit


def _chosen(
    settings: Settings, topic: RefusedTopic, bounds: Bounds, choice: Choice, *, anyway: bool, again: bool
) -> Iterator[list[Refused]]:
    """Those that were counted, some at a time: what was refused since then is not among them."""
    found = iter(named_events(topic, choice.ids)) if choice.ids else topic.oldest_first(bounds)
    pairs = with_memory(settings, found)
    meant = (
        one
        for one, done in pairs
        if choice.holds(one) and (done is None or again) and (anyway or why_not_again(one) is None)
    )
    while some := list(islice(meant, AT_ONCE)):
        yield some


def _refuse_alone(choice: Choice, unfit: Counter[str]) -> None:
    """Who names events wants all of them sent, or none."""
    if choice.ids and unfit:
        raise SettingsError(f"nothing was sent: {'; '.join(unfit)}. --anyway sends it all the same")


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
    with_redis(settings, lambda r: memory_of(r, settings).note([one.id for one in some], what, user(), act))


def _tidy(settings: Settings, bounds: Bounds) -> None:
    begins = {partition: begin for partition, (begin, _) in bounds.items()}
    with_redis(settings, lambda r: memory_of(r, settings).forget_below(begins))


def _of_act(choice: Choice, count: int) -> dict[str, Any]:
    """What the act says: which events, or how they were chosen."""
    details: dict[str, bool | int | str] = {"events": count}
    if choice.reason:
        details["reason"] = choice.reason
    if choice.topic:
        details["topic"] = choice.topic
    one = {"subject_kind": "event", "subject": choice.ids[0]} if len(choice.ids) == 1 else {}
    return one | {"details": details}
