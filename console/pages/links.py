"""Sellers that share something: a cluster drawn around one of them, and expanded step by step."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.drawing.graph import Graph, Tie, graph
from console.rendering import render
from console.routing import page
from console.store.queries.evidence import SellerRisk, risks
from console.store.queries.shared import Shared, shared_by, tied

MOST_STEPS: Final = 4
MOST_SELLERS: Final = 120


class Cluster(Struct, frozen=True):
    """Sellers within some steps of one, and everything that ties them."""

    seller_id: str
    steps: int
    ties: list[Shared]
    risks: dict[str, SellerRisk]
    more: bool
    """Whether another step finds further sellers, or there were too many."""

    @property
    def drawing(self) -> Graph | None:
        return graph(self.seller_id, [Tie(tie.one, tie.other, tie.kind, tie.strength) for tie in self.ties])


def cluster_around(connection: Connection, seller_id: str, steps: int) -> Cluster:
    """Goes from seller to seller, strongest ties first."""
    known, edge, ties = {seller_id}, {seller_id}, dict[tuple[str, str, str, str], Shared]()
    for _ in range(steps):
        for tie in shared_by(connection, edge):
            ties[min(tie.one, tie.other), max(tie.one, tie.other), tie.kind, tie.value] = tie
        edge = _sellers(ties.values()) - known
        known |= edge
        if not edge or len(known) > MOST_SELLERS:
            break
    beyond = _sellers(shared_by(connection, edge)) - known if edge else set()
    found = sorted(ties.values(), key=lambda tie: (-tie.strength, tie.one, tie.other, tie.kind))
    return Cluster(seller_id, steps, found, risks(connection, known), bool(beyond))


def _sellers(ties: Iterable[Shared]) -> set[str]:
    return {seller for tie in ties for seller in (tie.one, tie.other)}


async def show_links(request: Request) -> Response:
    """A cluster, or without a seller those to begin with."""
    console, seller_id = request.app.state.console, request.query_params.get("seller", "").strip()[:128]
    if not seller_id:
        return render(request, "links.html", found=None, tied=await console.read(tied))
    given = request.query_params.get("steps", "1")
    steps = min(max(int(given), 1), MOST_STEPS) if given.isdigit() and len(given) < 3 else 1
    found = await console.read(cluster_around, seller_id, steps=steps)
    return render(request, "links.html", found=found, tied=[], most_steps=MOST_STEPS)


ROUTES: list[BaseRoute] = [page("/links", show_links)]
