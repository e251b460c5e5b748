"""A whole marketplace: all sellers' events in one order of time, and the truth about them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge

import msgspec

from detectors.events import DAY
from simulator.books import Event
from simulator.population import cast, company
from simulator.seller import Role, Seller
from simulator.times import micros, rfc3339
from simulator.world import World

START = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday."""
ILLICIT_SHARE = 0.05


class Truth(msgspec.Struct, frozen=True):
    """What a monitor should find out about one seller."""

    seller_id: str
    kind: str
    illicit: bool
    since: str | None
    """When it turned illicit."""
    group: str | None
    """Accounts of one owner have the same."""
    orders: tuple[str, ...]
    """Its illicit orders."""


@dataclass(frozen=True)
class Marketplace:
    """Generates on demand: every call starts again from the seed and gives the same."""

    world: World
    roles: tuple[Role, ...]

    def timed(self) -> Iterator[Event]:
        """All events with their simulated time; memory grows with sellers, not with days."""
        return merge(*(self._play(role).events() for role in self.roles))

    def events(self) -> Iterator[bytes]:
        """One JSON object an event, in order of `event_time`; accounts and old sales come before the start."""
        return (event.body for event in self.timed())

    def events_with_topic(self) -> Iterator[tuple[str, str, bytes]]:
        """Topic, key and body."""
        return ((event.topic, event.key, event.body) for event in self.timed())

    def truth(self) -> Iterator[bytes]:
        """One JSON object a seller."""
        return (msgspec.json.encode(self._truth(role)) for role in self.roles)

    def _play(self, role: Role) -> Seller:
        return role.kind(self.world, role)

    def _truth(self, role: Role) -> Truth:
        seller = self._play(role)
        seller_id = seller.books.seller_id
        if not seller.illicit:
            return Truth(seller_id, seller.kind, False, None, None, ())
        for _ in seller.events():  # the only way to know which sales came about
            pass
        since = rfc3339((seller.since or 0) + self.world.shift)
        return Truth(seller_id, seller.kind, True, since, role.group or None, tuple(seller.illicit_orders))


def simulate(
    seed: int, sellers: int, days: int, start: datetime = START, *, illicit_share: float = ILLICIT_SHARE
) -> Marketplace:
    """A made-up marketplace of `sellers` over `days` from the midnight (UTC) at or before `start`."""
    if sellers < 1 or days < 1 or not 0 <= illicit_share <= 1:
        raise ValueError("a marketplace needs at least 1 seller, 1 day and a share of illicit sellers from 0 to 1")
    world = World(seed, sellers, micros(start) // DAY * DAY, days)
    return Marketplace(world, tuple(cast(seed, sellers, illicit_share)))


def staged(seed: int, days: int, kinds: Mapping[type[Seller], int], start: datetime = START) -> Marketplace:
    """A made-up marketplace of so many sellers of each kind: for measuring rare ones."""
    roles = company(seed, kinds)
    return Marketplace(World(seed, len(roles), micros(start) // DAY * DAY, days), tuple(roles))
