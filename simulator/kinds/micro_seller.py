"""A person who sells a thing now and then; most sellers are like that."""

from collections.abc import Iterator
from itertools import chain

from detectors.events import DAY, Micros
from simulator.kinds.shop import Shop
from simulator.orders import Sale


class MicroSeller(Shop):
    """A few orders a month; some sell in one season only and come back after months of silence."""

    kind = "micro_seller"
    returning = 0.04

    def set_up(self) -> None:
        self.rate = min(self.dice.lognormal(0.2, 0.8), 1.5)
        self.listings = self.stock(self.dice.whole(3, 10), scale=self.dice.lognormal(0.9, 0.4))
        self.seasonal = self.dice.chance(0.08) and self.registered < self.world.start - 200 * DAY
        self.live()

    def sales(self) -> Iterator[Sale]:
        last_season: Iterator[Micros] = iter(())
        if self.seasonal:
            last_season = self.daily(3 * self.rate, self.world.start - 190 * DAY, self.world.start - 140 * DAY)
        for at in chain(last_season, self.daily(self.rate, self.opened)):
            yield self.sale(at)
