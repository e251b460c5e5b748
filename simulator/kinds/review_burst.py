"""A swindle that buys its good name first."""

from collections.abc import Iterator

from detectors.events import DAY, HOUR, Micros, ReviewLeft
from simulator.goods import BY_NAME
from simulator.habits import SWINDLE
from simulator.orders import Sale
from simulator.seller import Seller


class ReviewBurst(Seller):
    """Dozens of five stars without orders within two days; then goods that seldom come."""

    kind = "review_burst"
    illicit = True

    def joined(self) -> Micros:
        return self.world.moment(self.dice.between(0.0, 0.5))

    def set_up(self) -> None:
        dice = self.dice
        self.since = self.registered
        self.listings = self.stock(dice.whole(5, 12), (BY_NAME["electronics"],), scale=0.7)
        for _ in range(dice.whole(25, 60)):
            at = self.opened + int(dice.between(2.0, 48.0) * HOUR)
            reviewer = self.world.consumers.draw(dice, self.account.country, 0.5).buyer_id
            self.books.enter(at, ReviewLeft(reviewer, 5 if dice.chance(0.95) else 4))

    def sales(self) -> Iterator[Sale]:
        for at in self.daily(self.dice.between(2.0, 7.0), self.opened + DAY):
            yield Sale(at, self.buyer(), self.basket(self.listings), SWINDLE, illicit=True)
