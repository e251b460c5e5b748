"""The queue: alerts that wait for somebody, and what was judged."""

from collections.abc import Iterable
from typing import Any, Final, TypeVar, get_args
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import replace
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from console.live import newest
from console.problems import Problem
from console.rendering import render
from console.routing import page, whole
from console.store.queries.alert import first_id
from console.store.queries.paging import CursorError
from console.store.queries.queue import Order, QueueCount, QueueFilter, QueuePage, counts, queue
from console.store.states import SEVERITY_NAMES, STATES
from console.words import now
from detectors.events import DAY, HOUR
from streams.errors import UnavailableError

PAGE: Final = 50
AGES: Final = {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 30 * DAY}
ORDERS: Final[dict[str, str]] = {
    "severity": "Most severe first",
    "newest": "Newest first",
    "oldest": "Oldest first",
    "score": "Highest score first",
}
T = TypeVar("T")


class Asked(Struct, frozen=True):
    """What the address asks for; what it says wrongly is left out."""

    filter: QueueFilter
    order: Order
    age: str
    after: str | None

    @classmethod
    def of(cls, given: QueryParams) -> "Asked":
        age = given.get("age", "")
        order = given.get("order", "severity")
        chosen = QueueFilter(
            states=_among(STATES, given.getlist("state")) or ("open",),
            patterns=tuple(given.getlist("pattern"))[:50],
            severities=_among(SEVERITY_NAMES, given.getlist("severity")),
            seller_id=given.get("seller") or None,
            since=now() - AGES[age] if age in AGES else None,
            text=given.get("text", "")[:200],
        )
        return cls(chosen, order if order in get_args(Order) else "severity", age, given.get("after"))  # type: ignore[arg-type]

    def address(self, **other: Any) -> str:
        """The address of this queue with something changed."""
        asked = self.filter
        parts = {
            "state": [] if asked.states == ("open",) else list(asked.states),
            "pattern": list(asked.patterns),
            "severity": list(asked.severities),
            "seller": asked.seller_id or [],
            "age": self.age or [],
            "text": asked.text or [],
            "order": self.order if self.order != "severity" else [],
        }
        said = urlencode(parts | other, doseq=True)
        return f"/?{said}" if said else "/"


def _among(known: Iterable[T], given: list[str]) -> tuple[T, ...]:
    return tuple(each for each in known if each in given)


async def show_queue(request: Request) -> Response:
    console, asked = request.app.state.console, Asked.of(request.query_params)
    try:
        found: QueuePage = await console.read(
            queue, asked.filter, order=asked.order, limit=PAGE, after_cursor=asked.after
        )
    except CursorError as error:
        raise Problem(400, "This page of the queue is gone", f"{error}", back=asked.address()) from None
    shared = {"page": found, "asked": asked, "newest": await console.read(newest)}
    shared["lookers"] = await console.live.lookers()
    if request.headers.get("hx-target") == "queue":
        return render(request, "queue_list.html", **shared)
    kinds: list[QueueCount] = await console.read(counts)
    return render(request, "queue.html", **shared, **_choices(kinds, asked), orders=ORDERS, ages=AGES)


def _choices(kinds: list[QueueCount], asked: Asked) -> dict[str, Any]:
    """What can be chosen, each with how many alerts of the chosen states have it."""
    shown = [kind for kind in kinds if kind.state in asked.filter.states]
    patterns = {kind.pattern for kind in kinds} | set(asked.filter.patterns)

    def many(name: str, value: str) -> int:
        return sum(kind.count for kind in shown if getattr(kind, name) == value)

    return {
        "states": {state: sum(kind.count for kind in kinds if kind.state == state) for state in STATES},
        "severities": {name: many("severity", name) for name in reversed(SEVERITY_NAMES)},
        "patterns": dict(sorted({name: many("pattern", name) for name in patterns}.items(), key=lambda kv: -kv[1])),
    }


async def show_news(request: Request) -> Response:
    """How many alerts of this queue have come since the page was made."""
    console, asked = request.app.state.console, Asked.of(request.query_params)
    since = whole(request.query_params.get("newest", ""))
    wanted = replace(asked.filter, since=now() if since is None else since + 1)
    found = await console.read(queue, wanted, order="newest", limit=100)
    return render(request, "queue_news.html", count=len(found.items), asked=asked)


async def stream_live(request: Request) -> Response:
    """Server-sent events for one open page; that of an alert tells the others who looks at it."""
    console, person, session = request.app.state.console, request.state.person, request.state.session
    looked_at = await console.read(first_id, request.query_params.get("alert", ""))

    async def allowed() -> bool:
        """A log-out, another password or role end the stream, too."""
        try:
            return console.access.person(request, session) == person and not await console.has_ended(session)
        except UnavailableError:  # browsers ask again by themselves
            return False

    events = console.live.stream(person.name, looked_at, allowed)
    return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


ROUTES: list[BaseRoute] = [page("/", show_queue), page("/news", show_news), page("/live", stream_live)]
