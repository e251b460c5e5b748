"""Sellers that share something: a cluster drawn around one of them, and expanded step by step."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.drawing.graph import Graph, Tie, graph
from console.rendering import render
from console.routing import page, whole
from console.store.queries.links import MOST_STEPS, Cluster, cluster
from console.store.queries.riskiest import tied
from console.store.queries.sellers import seller


def drawn(seller_id: str, found: Cluster) -> Graph | None:
    """The cluster around one of its sellers; `None` where it is alone."""
    return graph(seller_id, [Tie(edge.one, edge.other, edge.kind, edge.strength) for edge in found.edges])


async def around(console: Any, seller_id: str, steps: int = 1) -> dict[str, Any]:
    """What templates show of a cluster."""
    found = await cluster(console.database, console.redis, console.settings.namespace, seller_id, steps=steps)
    return {
        "cluster": found,
        "drawing": drawn(seller_id, found),
        "risks": {node.seller_id: node for node in found.nodes},
        "ties": sorted(found.edges, key=lambda edge: (-edge.strength, edge.one, edge.other, edge.kind)),
        "more": any(not node.expanded for node in found.nodes),
        "steps": steps,
        "most_steps": MOST_STEPS,
    }


async def show_links(request: Request) -> Response:
    """A cluster, or without a seller those to begin with."""
    console, seller_id = request.app.state.console, request.query_params.get("seller", "")[:128]
    if seller_id != seller_id.strip() and await console.read(seller, seller_id) is None:
        seller_id = seller_id.strip()  # typed, or copied with what stood around it
    if not seller_id:
        return render(request, "links.html", seller_id="", tied=await console.read(tied))
    steps = min(max(whole(request.query_params.get("steps", "")) or 1, 1), MOST_STEPS)
    return render(request, "links.html", seller_id=seller_id, **await around(console, seller_id, steps))


ROUTES: list[BaseRoute] = [page("/links", show_links)]
