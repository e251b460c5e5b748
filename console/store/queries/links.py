"""Sellers that are joined by values they share: a cluster, expanded a step at a time."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, select

from console.store.database import Database
from console.store.queries.sellers import open_alerts, standings
from console.store.redis_reading import standings_of
from console.store.schema import links
from console.store.writing import in_parts
from detectors.profiles.sightings import OWN_VALUES, hub_damping
from streams.facts.standings import Standing

MOST_NODES: Final = 80
MOST_STEPS: Final = 4


class Node(Struct, frozen=True):
    """A seller of the cluster."""

    seller_id: str
    distance: int
    """Steps from the seller that was asked for."""
    score: float | None
    """After its latest decision, 0..1."""
    status: str
    """Empty, `banned`, or `confirmed`: judged as illicit."""
    open_alerts: int
    expanded: bool
    """Whether its own links are in the cluster; else a further step would show them."""


class Edge(Struct, frozen=True):
    """One value that joins two sellers."""

    one: str
    other: str
    kind: str
    """`device`, `payout_account`, ..."""
    value: str
    """Keyed hash."""
    one_role: str
    """How that seller touched it: as its own (`seller`), or through a `buyer`."""
    other_role: str
    strength: float
    """How much it says that both have the value as their own, 0..1; of buyers nothing."""


class Cluster(Struct, frozen=True):
    """Sellers and what joins them."""

    nodes: list[Node]
    """The nearest first, then by risk."""
    edges: list[Edge]
    cut: bool
    """There are more sellers than are shown."""
    redis: bool
    """Whether Redis answered: without it links are those that the log has told of."""


async def cluster(
    database: Database, redis: Redis, namespace: str, seller_id: str, *, steps: int = 1, most: int = MOST_NODES
) -> Cluster:
    """The sellers that are joined with one, directly or by others.

    Args:
        steps: How far from it; 4 is the most.
        most: Sellers at most; the nearest stay.
    """
    distance, frontier = {seller_id: 0}, [seller_id]
    edges: dict[tuple[str, str, str, str], Edge] = {}
    expanded: set[str] = set()
    status: dict[str, str] = {}
    cut, answered = False, True
    for step in range(1, min(max(steps, 1), MOST_STEPS) + 1):
        found, told, answered = await _step(database, redis if answered else None, namespace, frontier)
        status |= told
        expanded |= set(frontier)
        frontier = []
        for edge in sorted(found, key=lambda e: (-e.strength, e.one, e.other, e.kind, e.value)):
            for joined in (edge.one, edge.other):
                if joined not in distance and len(distance) < most:
                    distance[joined] = step
                    frontier.append(joined)
            if edge.one in distance and edge.other in distance:
                pair = min(edge.one, edge.other), max(edge.one, edge.other)
                edges.setdefault((*pair, edge.kind, edge.value), edge)
            else:
                cut = True
        if not frontier:
            break
    known, _ = await _known(redis if answered else None, namespace, frontier)
    status |= {seller: standing.status for seller, standing in known.items()}
    nodes = await asyncio.to_thread(_nodes, database, distance, status, expanded)
    return Cluster(nodes, list(edges.values()), cut, answered)


async def _step(
    database: Database, redis: Redis | None, namespace: str, sellers: Sequence[str]
) -> tuple[list[Edge], dict[str, str], bool]:
    """The edges at some sellers, and how those sellers stand."""
    found = await asyncio.to_thread(_kept, database, sellers)
    known, reached = await _known(redis, namespace, sellers)
    for seller, standing in known.items():
        found += [_edge(seller, by.seller_id, by.kind, by.value, by.own_role, by.role) for by in standing.linked]
    return found, {seller: standing.status for seller, standing in known.items()}, reached


async def _known(redis: Redis | None, namespace: str, sellers: Sequence[str]) -> tuple[dict[str, Standing], bool]:
    """What Redis knows of sellers, and whether it answered; one that has not answered before is not asked again."""
    if redis is None:
        return {}, False
    try:
        return await standings_of(redis, namespace, sellers), True
    except (RedisError, OSError):
        return {}, False


def _kept(database: Database, sellers: Sequence[str]) -> list[Edge]:
    with database.reading() as connection:
        return links_of(connection, sellers)


def links_of(connection: Connection, sellers: Iterable[str]) -> list[Edge]:
    """The links of some sellers that the log has told of."""
    found = []
    for some in in_parts(sellers):
        rows = connection.execute(select(links).where(links.c.seller_id.in_(some)))
        found += [_edge(r.seller_id, r.other, r.kind, r.value, r.own_role, r.role, sharing=r.sellers) for r in rows]
    return found


def _edge(one: str, other: str, kind: str, value: str, one_role: str, other_role: str, sharing: int = 2) -> Edge:
    owned = one_role == other_role == "seller"
    strength = OWN_VALUES.get(kind, 0.0) * hub_damping(sharing) if owned else 0.0
    return Edge(one, other, kind, value, one_role, other_role, round(strength, 4))


def _nodes(database: Database, distance: dict[str, int], status: dict[str, str], expanded: set[str]) -> list[Node]:
    with database.reading() as connection:
        known = standings(connection, list(distance))
        waiting = open_alerts(connection, list(distance))
    nodes = []
    for seller, steps in distance.items():
        row = known.get(seller)
        stands = status.get(seller) or (row.status if row else "")
        score = row.score if row else None
        nodes.append(Node(seller, steps, score, stands, waiting.get(seller, 0), seller in expanded))
    return sorted(nodes, key=lambda node: (node.distance, -(node.score or 0.0), node.seller_id))
