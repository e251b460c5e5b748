"""Sales to oneself: a dozen buyers who confirm at once, so that money runs through escrow and is gone."""

from collections.abc import Iterator
from dataclasses import replace

from detectors.events import DAY, Micros
from simulator.habits import HONEST
from simulator.orders import Sale
from simulator.regulars import standing_orders
from simulator.seller import Seller

WASHED = replace(HONEST, released_early=0.9, shipped=0.3, disputed=0.0, refunded=0.0, reviewed=0.5, reported=0.0)


class EscrowEarly(Seller):
    """Amounts vary as a shop's do; what does not is who buys, and how soon they confirm."""

    kind = "escrow_early"
    illicit = True

    def joined(self) -> Micros:
        return self.world.moment(self.dice.between(-0.3, 0.4))

    def set_up(self) -> None:
        self.since = self.registered
        self.habits = WASHED
        self.listings = self.stock(self.dice.whole(8, 25), scale=1.5)

    def sales(self) -> Iterator[Sale]:
        dice = self.dice
        people = [self.world.consumers.draw(dice, self.account.country, 0.7) for _ in range(dice.whole(6, 12))]
        first = [self.opened + int(dice.between(0.1, 5.0) * DAY) for _ in people]
        every = int(dice.between(2.0, 4.0) * DAY)
        for at, buyer in standing_orders(dice, people, first, every=every, spread=every // 2, until=self.world.end):
            yield Sale(at, buyer, self.basket(self.listings), self.habits, illicit=True)
