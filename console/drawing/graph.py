"""Sellers and what ties them, as rings around one of them: the nearer, the more directly tied."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import cos, pi, sin
from typing import Final

from msgspec import Struct

SIZE: Final = 640.0
RING: Final = 118.0
MOST: Final = 40
"""Sellers in one drawing; the table beside it has them all."""
MOST_LABELS: Final = 14
"""Of lines: more would stand on each other."""
CROWDED: Final = 24
WEAK: Final = 0.05
"""Where there are many ties, those that say less are left to the table."""


class Tie(Struct, frozen=True):
    """Two sellers and what they share."""

    one: str
    other: str
    via: str
    strength: float


class Node(Struct, frozen=True):
    """A seller at its place."""

    seller_id: str
    x: float
    y: float
    ring: int
    label_y: float


class Edge(Struct, frozen=True):
    """A line between two of them; `via` names what they share, `width` how much it says."""

    x1: float
    y1: float
    x2: float
    y2: float
    via: str
    width: float

    @property
    def middle(self) -> tuple[float, float]:
        return round((self.x1 + self.x2) / 2, 1), round((self.y1 + self.y2) / 2 + 3, 1)


class Graph(Struct, frozen=True):
    """Everything that stands in the drawing, and how many sellers do not."""

    nodes: list[Node]
    edges: list[Edge]
    box: str
    """The `viewBox`."""
    left_out: int
    labelled: bool
    """Whether there is room for what each line stands for."""


def graph(root: str, ties: Sequence[Tie]) -> Graph | None:
    """Rings by the number of ties from the root; `None` where it has none."""
    if not ties:
        return None
    if len(ties) > CROWDED:
        ties = [tie for tie in ties if tie.strength >= WEAK] or ties
    rings, parents = _rings(root, ties)
    shown = [seller for ring in rings for seller in ring][:MOST]
    places = _places(root, [[seller for seller in ring if seller in set(shown)] for ring in rings], parents)
    edges = [_edge(places[one], places[other], via) for (one, other), via in _joined(ties, places).items()]
    xs, ys = [x for x, _ in places.values()], [y for _, y in places.values()]
    width = max(max(xs) - min(xs) + 180, SIZE)
    left, top = (min(xs) + max(xs) - width) / 2, min(ys) - 34
    box = f"{left:.0f} {top:.0f} {width:.0f} {max(ys) + 44 - top:.0f}"
    depth = {seller: number for number, ring in enumerate(rings) for seller in ring}
    nodes = [
        Node(seller, x, y, depth[seller], y + (28 if seller != root and y >= 0 else -20))
        for seller, (x, y) in places.items()
    ]
    return Graph(nodes, edges, box, sum(map(len, rings)) - len(shown), len(edges) <= MOST_LABELS)


def _rings(root: str, ties: Sequence[Tie]) -> tuple[list[list[str]], dict[str, str]]:
    """Sellers by distance, and through whom each is reached first."""
    near: dict[str, list[str]] = defaultdict(list)
    for tie in sorted(ties, key=lambda tie: -tie.strength):
        near[tie.one].append(tie.other)
        near[tie.other].append(tie.one)
    rings, parents = [[root]], {root: root}
    while rings[-1]:
        following = []
        for seller in rings[-1]:
            for other in near[seller]:
                if other not in parents:
                    parents[other] = seller
                    following.append(other)
        rings.append(following)
    return rings[:-1], parents


def _places(root: str, rings: Sequence[Sequence[str]], parents: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """The root in the middle; each ring around it, in the order of its parents' angles."""
    angles, places = {root: 0.0}, {root: (0.0, 0.0)}
    for number, ring in enumerate(rings[1:], start=1):
        ordered = sorted(ring, key=lambda seller: angles[parents[seller]])
        # From the side on: names of sellers that stand above each other would run into each other.
        for place, seller in enumerate(ordered):
            angle = 2 * pi * place / len(ordered) + (pi / len(ordered) if number % 2 == 0 else 0.0)
            angles[seller] = angle
            far = RING * number * (1 + 0.012 * len(ordered))
            places[seller] = round(far * 1.9 * cos(angle), 1), round(far * 0.9 * sin(angle), 1)
    return places


def _joined(ties: Iterable[Tie], places: Mapping[str, object]) -> dict[tuple[str, str], list[Tie]]:
    """Ties of the same two sellers become one line."""
    found: dict[tuple[str, str], list[Tie]] = defaultdict(list)
    for tie in ties:
        if tie.one in places and tie.other in places and tie.one != tie.other:
            found[min(tie.one, tie.other), max(tie.one, tie.other)].append(tie)
    return found


def _edge(one: tuple[float, float], other: tuple[float, float], ties: Sequence[Tie]) -> Edge:
    apart = 1.0
    for tie in ties:
        apart *= 1.0 - tie.strength
    via = ", ".join(dict.fromkeys(tie.via.replace("_", " ") for tie in ties))
    return Edge(*one, *other, via, round(1 + 4 * (1 - apart), 1))
