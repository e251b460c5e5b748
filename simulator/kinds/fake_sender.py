"""Ordinary titles, and on each parcel another sender whom nobody knows; packed twice, so too heavy."""

from collections.abc import Iterator

from detectors.events import HOUR, Micros
from simulator.goods import SMALL_GOODS
from simulator.habits import HIDDEN_SENDER
from simulator.orders import Sale
from simulator.seller import Seller


class FakeSender(Seller):
    """Opens an account for it; prices and buyers are those of a small shop."""

    kind = "fake_sender"
    illicit = True
    latest = 0.4

    def joined(self) -> Micros:
        return self.world.moment(self.dice.between(0.0, self.latest))

    def set_up(self) -> None:
        self.since = self.registered
        self.habits = HIDDEN_SENDER
        self.rate = self.dice.between(1.2, 5.0)
        self.listings = self.stock(self.dice.whole(5, 15), SMALL_GOODS, scale=1.5)

    def sales(self) -> Iterator[Sale]:
        for at in self.daily(self.rate, self.opened + HOUR):
            yield Sale(at, self.buyer(), self.basket(self.listings), self.habits, illicit=True)
