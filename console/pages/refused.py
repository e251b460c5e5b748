"""Refused events: why each was refused, and sending it again, mended where that is needed."""

import asyncio
from hashlib import sha256
from itertools import islice
from typing import Final, Literal

from msgspec import Struct
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from console.auth.roles import Right
from console.problems import Problem, not_found
from console.rendering import render
from console.routing import act, page
from streams import names
from streams.errors import UnavailableError
from streams.refused.handled import Handled, HandledEvents
from streams.refused.sending import Sender
from streams.refused.topic import Refused, reading, why_refused_again
from streams.settings import Settings

ROWS: Final = 60
SHOWN_BYTES: Final = 32_000
HERE: Final = "/system/refused"


class Row(Struct, frozen=True):
    """A refused event, and what somebody did with it."""

    one: Refused
    done: Handled | None

    @property
    def text(self) -> str:
        return self.one.original[:SHOWN_BYTES].decode(errors="replace")

    @property
    def editable(self) -> bool:
        """Whether all of it can stand in a form."""
        fits = len(self.one.original) <= SHOWN_BYTES and not self.one.cut and self.one.told.topic != names.EVENTS
        return fits and self.one.original.decode(errors="replace").encode() == self.one.original


async def show_refused(request: Request) -> Response:
    """The latest of them."""
    console = request.app.state.console
    found = await console.kafka.ask(_latest, console.settings)
    rows, memory = await _with_memory(request, found)
    return render(request, "refused.html", tab="refused", rows=rows, memory=memory, topic=names.REJECTED)


async def show_one_refused(request: Request) -> Response:
    row, memory = await _row(request)
    target = row.one.place()[0]
    again = await asyncio.to_thread(why_refused_again, row.one.original, row.one.headers, target)
    return render(request, "refused_one.html", tab="refused", row=row, memory=memory, target=target, again=again)


async def replay_refused(request: Request) -> Response:
    """Sends it to where it came from, as it is or as it was mended."""
    row, _ = await _row(request, must_be_open=True)
    form = await request.form()
    text = str(form.get("text", "")).replace("\r\n", "\n")
    value = text.encode() if text and text != row.text else None
    error = why_refused_again(value or row.one.original, row.one.headers, row.one.place()[0])
    if error is not None or row.one.told.topic == names.EVENTS:
        why = f"It would be refused again: {error}." if error else "It is a record of the log: send the event itself."
        raise Problem(400, "Nothing was sent", why, kept={"text": text}, back=f"{HERE}/{row.one.id}")
    mended: dict[str, bool | int | str] = {}
    if value is not None:
        mended = {"fixed": True, "sha256": sha256(value).hexdigest()[:32]}
    await _act(request, row.one, "rejected.replayed", mended)
    console = request.app.state.console
    await console.kafka.run(_send, console.settings, row.one, value)
    await _note(request, row.one, "replayed")
    return RedirectResponse(HERE, 303)


async def discard_refused(request: Request) -> Response:
    """Puts it away; its topic keeps it."""
    row, _ = await _row(request, must_be_open=True)
    await _act(request, row.one, "rejected.discarded", {})
    await _note(request, row.one, "discarded")
    return RedirectResponse(HERE, 303)


def _latest(settings: Settings) -> list[Refused]:
    with reading(settings) as topic:
        return list(islice(topic.newest_first(topic.bounds()), ROWS))


def _one(settings: Settings, partition: int, offset: int) -> Refused | None:
    with reading(settings) as topic:
        return topic.get(partition, offset, topic.bounds())


def _send(settings: Settings, one: Refused, value: bytes | None) -> None:
    with Sender(settings) as sender:
        sender.send([(one, value)])


async def _row(request: Request, *, must_be_open: bool = False) -> tuple[Row, bool]:
    partition, offset = request.path_params["partition"], request.path_params["offset"]
    console = request.app.state.console
    one = await console.kafka.ask(_one, console.settings, partition, offset)
    if one is None:
        raise not_found("such refused event")
    (row,), memory = await _with_memory(request, [one])
    if must_be_open and not memory:
        raise UnavailableError("Redis does not answer, so it is not known whether somebody has done it already")
    if must_be_open and row.done is not None:
        who = f"{row.done.by} has {row.done.what} it."
        raise Problem(409, "It is dealt with already", who, kept=await _typed(request), back=HERE)
    return row, memory


async def _typed(request: Request) -> dict[str, str]:
    text = (await request.form()).get("text")
    return {"text": str(text)} if text else {}


async def _with_memory(request: Request, found: list[Refused]) -> tuple[list[Row], bool]:
    """What was done with them, and whether that is known: Redis may be away."""
    console = request.app.state.console
    try:
        done = await HandledEvents(console.redis, console.settings.namespace).of([one.id for one in found])
    except (RedisError, OSError):
        return [Row(one, None) for one in found], False
    return [Row(one, done.get(one.id)) for one in found], True


async def _act(request: Request, one: Refused, what: str, details: dict[str, bool | int | str]) -> None:
    await request.app.state.console.record(request, what, subject_kind="event", subject=one.id, details=details)


async def _note(request: Request, one: Refused, what: Literal["replayed", "discarded"]) -> None:
    console = request.app.state.console
    await HandledEvents(console.redis, console.settings.namespace).note([one.id], what, request.state.person.name, "")


ROUTES: list[BaseRoute] = [
    page(HERE, show_refused),
    page(HERE + "/{partition:int}/{offset:int}", show_one_refused),
    act(HERE + "/{partition:int}/{offset:int}/replay", replay_refused, Right.REPAIR),
    act(HERE + "/{partition:int}/{offset:int}/discard", discard_refused, Right.REPAIR),
]
