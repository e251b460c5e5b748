"""Sellers and what ties them, as rings around one of them: the nearer, the more directly tied."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import asin, cos, pi, sin
from typing import Final

from msgspec import Struct

SIZE: Final = 640.0
RING: Final = 118.0
MOST: Final = 40
"""Sellers in one drawing; the table beside it has them all."""
MOST_LABELS: Final = 14
"""Of lines: more would stand on each other."""
ROOMY: Final = 10
"""Sellers of a ring whose names have room above and below them; of more they stand beside."""
NAME: Final = 185.0
"""Room for a name beside a seller."""
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
    label_x: float
    label_y: float
    anchor: str
    """Of the name: `start` and `end` where it stands beside the seller, `middle` above or below."""


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
    sellers = {seller for tie in ties for seller in (tie.one, tie.other)}
    if len(ties) > CROWDED:
        strong = [tie for tie in ties if tie.strength >= WEAK]
        ties = strong if any(root in (tie.one, tie.other) for tie in strong) else ties
    rings, parents = _rings(root, ties)
    shown = [seller for ring in rings for seller in ring][:MOST]
    places = _places(root, [[seller for seller in ring if seller in set(shown)] for ring in rings], parents)
    edges = [_edge(places[one], places[other], via) for (one, other), via in _joined(ties, places).items()]
    xs, ys = [x for x, _ in places.values()], [y for _, y in places.values()]
    beside = max(map(len, rings)) > ROOMY
    width = max(max(xs) - min(xs) + (2 * NAME if beside else 180), SIZE)
    left, top = (min(xs) + max(xs) - width) / 2, min(ys) - 34
    box = f"{left:.0f} {top:.0f} {width:.0f} {max(ys) + 44 - top:.0f}"
    depth = {seller: number for number, ring in enumerate(rings) for seller in ring}
    nodes = [
        Node(seller, x, y, depth[seller], *_name(seller == root, x, y, beside)) for seller, (x, y) in places.items()
    ]
    return Graph(nodes, edges, box, len(sellers) - len(shown), len(edges) <= MOST_LABELS)


def _name(is_root: bool, x: float, y: float, beside: bool) -> tuple[float, float, str]:
    """Where the name of a seller stands."""
    if beside and not is_root and abs(x) > 1:
        return (x + 15, y + 4, "start") if x > 0 else (x - 15, y + 4, "end")
    return x, y + (28 if not is_root and y >= 0 else -20), "middle"


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
        for seller, angle in zip(ordered, _around(len(ordered), number), strict=True):
            angles[seller] = angle
            far = RING * number * (1 + 0.012 * len(ordered))
            places[seller] = round(far * 1.9 * cos(angle), 1), round(far * 0.9 * sin(angle), 1)
    return places


def _around(sellers: int, ring: int) -> list[float]:
    """Angles around a ring, from the side on: names that stand above each other would run into each other."""
    if sellers <= ROOMY:
        return [2 * pi * place / sellers + (pi / sellers if ring % 2 == 0 else 0.0) for place in range(sellers)]
    right = (sellers + 1) // 2  # as far from each other in height, so that names beside them are, too
    found = [asin(height) for height in _heights(right)] + [pi - asin(height) for height in _heights(sellers - right)]
    return sorted(angle % (2 * pi) for angle in found)


def _heights(sellers: int) -> list[float]:
    return [1 - (2 * place + 1) / sellers for place in range(sellers)]


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
