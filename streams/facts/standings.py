"""What intake knows of a seller itself: whether it was banned, and whom it shares values with."""

from typing import Literal

from msgspec import Struct

from streams.facts.values import Role

MAX_LINKED = 16


class Linked(Struct, frozen=True, array_like=True, gc=False):
    """A seller that shares a value with this one."""

    seller_id: str
    kind: str
    value: str
    role: Role = "seller"
    """How that seller touched the value."""
    own_role: Role = "seller"
    """How this one did."""


class Standing(Struct, array_like=True, gc=False):
    """What intake knows of a seller itself."""

    status: Literal["", "banned", "confirmed"] = ""
    linked: list[Linked] = []
    """Latest last; to be told when this seller is banned."""
    changed_by: str = ""
    """Source of the event that gave the status: found again when it is gathered a second time."""


def link(standing: Standing, found: Linked) -> bool:
    """Remembers whom a seller is joined with, and how; False when it was known."""
    for place, known in enumerate(standing.linked):
        if (known.seller_id, known.kind, known.value) == (found.seller_id, found.kind, found.value):
            role, own_role = _closer(known.role, found.role), _closer(known.own_role, found.own_role)
            standing.linked[place] = Linked(found.seller_id, found.kind, found.value, role, own_role)
            return standing.linked[place] != known
    standing.linked.append(found)
    del standing.linked[:-MAX_LINKED]
    return True


def _closer(one: Role, other: Role) -> Role:
    """Who holds a value as its own does so, whatever its buyers do."""
    return "seller" if "seller" in (one, other) else "buyer"
