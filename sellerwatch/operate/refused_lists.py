"""`sellerwatch rejected list` and `show`."""

from collections import Counter
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sellerwatch.operate.asking import tell, unknown
from sellerwatch.operate.refused_choice import (
    LISTS,
    TOPICS,
    Choice,
    named_events,
    said_of,
    time_of,
    why_not_again,
    with_what_is_known,
)
from streams.files import FilesError
from streams.refused.handled import Handled
from streams.refused.topic import Bounds, Refused, RefusedTopic, reading
from streams.settings import Settings


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
        for one, done in with_what_is_known(settings, (o for o in topic.newest_first(bounds) if choice.holds(o))):
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
        table.add_row(one.id, time_of(one.at), one.came_from, escape(one.told.reason), detail, said_of(done))
    Console(highlight=False).print(table)
    typer.echo(f"{len(found)} shown, newest first; {kept:,} are kept. `sellerwatch rejected show ID` shows one whole")


def _show_summary(settings: Settings, topic: RefusedTopic, bounds: Bounds, *, as_json: bool) -> None:
    open_, closed = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for one, done in with_what_is_known(settings, topic.oldest_first(bounds)):
        (open_ if done is None else closed)[one.told.topic, one.told.reason] += 1
    rows = [
        {"topic": kind[0], "reason": kind[1], "open": open_[kind], "handled": closed[kind]}
        for kind, _ in (open_ + closed).most_common()
    ]
    table = [f"{row['open']:>9,} open  {row['handled']:>9,} handled  {row['topic']}: {row['reason']}" for row in rows]
    tell(rows, "\n".join(table) or "nothing was refused", as_json=as_json)


def show_one(settings: Settings, id_: str, output: Path | None, *, as_json: bool) -> None:
    """Prints one refused event whole, or writes its bytes to a file."""
    with reading(settings) as topic:
        (one,) = named_events(topic, [id_])
    if output is not None:
        _write(output, one.original)
        tell(
            {"written": str(output), "bytes": len(one.original)},
            f"{len(one.original)} bytes: {output}",
            as_json=as_json,
        )
        return
    ((_, done),) = with_what_is_known(settings, iter([one]))
    again = why_not_again(one)
    told = _told(one, done) | {"original": _text(one.original), "refused_again": again or ""}
    lines = [f"{name:<14} {_line(str(value))}" for name, value in told.items() if name != "original"]
    tell(told, "\n".join([*lines, "", _visible(told["original"])]), as_json=as_json)


def _write(output: Path, content: bytes) -> None:
    """Writes a new file: what stands there may be the event as somebody has mended it."""
    try:
        with output.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise FilesError(f"{output} exists already; give a name that is free") from None
    except OSError as error:
        raise FilesError(f"{output}: cannot write there ({error.strerror})") from None


def _told(one: Refused, done: Handled | None) -> dict[str, Any]:
    return {
        "id": one.id,
        "refused_at": time_of(one.at),
        "came_from": one.came_from,
        "reason": one.told.reason,
        "detail": one.told.detail,
        "key": _text(one.key or b""),
        "headers": one.told.headers,
        "state": said_of(done) or "open",
    }


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")


def _visible(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(char if char.isprintable() or char in "\n\t" else f"\\x{ord(char):02x}" for char in text)


def _line(text: str) -> str:
    return _visible(text).replace("\n", " ")
