"""A shop whose parcels start, from some day on, in another country and go where none went before."""

from collections.abc import Iterator

from detectors.events import DAY, Micros
from simulator.dice import Dice
from simulator.habits import CONCEALED
from simulator.orders import Sale
from simulator.places import COUNTRIES, place
from simulator.seller import Seller


class RouteShift(Seller):
    """The account was sold: goods and name stay, route and buyers change at once."""

    kind = "route_shift"
    illicit = True

    def joined(self) -> Micros:
        return self.world.start - int(self.dice.lognormal(250, 0.5) * DAY)

    def set_up(self) -> None:
        dice = self.dice
        self.since = self.world.moment(dice.between(0.35, 0.6))
        self.listings = self.stock(dice.whole(6, 20))
        self.rate = dice.between(1.5, 4.0)
        elsewhere = [country for country in COUNTRIES if country is not self.account.country]
        self.depot = place(Dice(self.world.seed, "depot", self.role.number), dice.pick(elsewhere))

    def sales(self) -> Iterator[Sale]:
        since = self.since or 0
        for at in self.daily(self.rate, self.world.start):
            if at < since:
                yield self.sale(at)
            else:
                buyer = self.world.consumers.draw(self.dice, self.account.country, 0.1)
                basket = self.basket(self.listings)
                yield Sale(at, buyer, basket, CONCEALED, illicit=True, origin=self.depot)
