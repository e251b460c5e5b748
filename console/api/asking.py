"""What callers may say: parameters of an address, and bodies. All is checked before anything is done."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from console.store.queries.queue import Order
from console.store.queries.search import PersonalKind
from console.store.states import Severity, State
from detectors.events import Micros

Limit = Annotated[int, Meta(ge=1, le=200, description="Rows on a page.")]
After = Annotated[str, Meta(max_length=2_000, description="`next` of the page before.")]
Time = Annotated[Micros, Meta(ge=0, le=10**18, description="Microseconds since 1970-01-01T00:00Z.")]


class NoParameters(Struct, frozen=True, forbid_unknown_fields=True):
    """None."""


class QueueParameters(Struct, frozen=True, forbid_unknown_fields=True):
    """Which alerts; a parameter that may be several is repeated."""

    state: tuple[State, ...] = ("open",)
    pattern: tuple[str, ...] = ()
    severity: tuple[Severity, ...] = ()
    seller: str | None = None
    since: Time | None = None
    until: Time | None = None
    text: Annotated[str, Meta(max_length=512, description="Beginnings of words that an alert must have.")] = ""
    order: Order = "severity"
    limit: Limit = 50
    after: After | None = None


class PageParameters(Struct, frozen=True, forbid_unknown_fields=True):
    """Which page."""

    limit: Limit = 50
    after: After | None = None


class DecisionParameters(Struct, frozen=True, forbid_unknown_fields=True):
    """Which page; only decisions on one order."""

    order_id: Annotated[str, Meta(max_length=128)] | None = None
    limit: Limit = 50
    after: After | None = None


class ClusterParameters(Struct, frozen=True, forbid_unknown_fields=True):
    """How far, and how many sellers at most."""

    steps: Annotated[int, Meta(ge=1, le=4)] = 1
    most: Annotated[int, Meta(ge=1, le=200)] = 80


class SearchParameters(Struct, frozen=True, forbid_unknown_fields=True):
    """An id, its beginning, or words of alerts."""

    text: Annotated[str, Meta(min_length=1, max_length=512)]


class RefusedParameters(Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the newest."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class PersonalSearch(Struct, frozen=True, forbid_unknown_fields=True):
    """A personal value: in the body, as addresses stand in logs. It is hashed, and neither kept nor logged."""

    value: Annotated[str, Meta(min_length=1, max_length=512)]
    kind: PersonalKind | None = None
    """What it is; without it every kind is tried."""


class VerdictGivenHere(Struct, frozen=True, forbid_unknown_fields=True):
    """A verdict on the alert of the address."""

    version: Annotated[int, Meta(ge=0, le=10**18)]
    """The alert's, as it was looked at: of two who judge the same version one is told."""
    verdict: Literal["confirmed", "dismissed", "snoozed"]
    note: Annotated[str, Meta(max_length=20_000)] | None = None
    until: Time | None = None
    """Of a snooze."""
    reason: Annotated[str, Meta(max_length=512)] | None = None
    """Of a snooze."""
