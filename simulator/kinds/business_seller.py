"""A wholesaler: firms buy hundreds of pieces in office hours, and come back."""

from collections.abc import Sequence

from detectors.events import Item
from simulator.buyers import Buyer
from simulator.goods import TRADE_GOODS, Listing
from simulator.habits import BUSINESS
from simulator.kinds.shop import Shop
from simulator.times import OFFICES


class BusinessSeller(Shop):
    """Large amounts and steady customers, each order another quantity."""

    kind = "business_seller"
    rhythm = OFFICES

    def set_up(self) -> None:
        self.habits = BUSINESS
        self.rate = self.dice.pareto(0.8, 1.3, 10.0)
        self.listings = self.stock(self.dice.whole(6, 30), TRADE_GOODS, scale=0.8)
        draw = self.world.firms.draw
        self.firms = [draw(self.dice, self.account.country, 0.85) for _ in range(self.dice.whole(8, 40))]
        self.live()

    def buyer(self) -> Buyer:
        if self.dice.chance(0.65):
            return self.dice.pick(self.firms)
        return self.world.firms.draw(self.dice, self.account.country, 0.7)

    def basket(self, listings: Sequence[Listing]) -> tuple[Item, ...]:
        lines = self.dice.several(listings, self.dice.whole(1, 4))
        return tuple(listing.item(min(int(self.dice.lognormal(30, 0.9)) + 1, 2_000)) for listing in lines)
