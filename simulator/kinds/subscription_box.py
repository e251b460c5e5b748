"""A box that comes every week or month: regular, one price, always the same buyers, and honest."""

from collections.abc import Iterator

from detectors.events import DAY, HOUR, SECOND, Micros
from simulator.habits import SUBSCRIBED
from simulator.kinds.shop import Shop
from simulator.orders import Sale
from simulator.regulars import standing_orders


class SubscriptionBox(Shop):
    """The hard one for a monitor: small, repeated, near-equal, re-bought. Its buyers keep it and do not complain."""

    kind = "subscription_box"
    latest = 0.2
    every_days = (7, 7, 14, 28)

    def set_up(self) -> None:
        self.habits = SUBSCRIBED
        self.every = self.dice.pick(self.every_days)
        self.subscribers = int(self.dice.pareto(25, 1.3, 260)) * (1 + self.every // 14)
        self.listings = self.stock(self.dice.whole(1, 2), scale=1.4)
        self.live()

    def sales(self) -> Iterator[Sale]:
        dice, world = self.dice, self.world
        drawn = (world.consumers.draw(dice, self.account.country, 0.95) for _ in range(self.subscribers))
        people = list({buyer.number: buyer for buyer in drawn}.values())
        plans = {buyer.number: dice.pick(self.listings).one for buyer in people}
        first = [self._first_billing() for _ in people]
        for at, buyer in standing_orders(
            dice, people, first, every=self.every * DAY, spread=90 * SECOND, until=world.end
        ):
            yield Sale(at, buyer, (plans[buyer.number],), self.habits, recurring=True)

    def _first_billing(self) -> Micros:
        """At six in the morning; a third join later, the others are in their cycle already."""
        begin = self.opened // DAY * DAY + DAY + 6 * HOUR
        later = int(self.dice.random() * (self.world.end - begin)) // DAY if self.dice.chance(0.33) else 0
        return begin + (self.dice.whole(0, self.every - 1) + later) * DAY
