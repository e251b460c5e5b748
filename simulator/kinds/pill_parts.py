"""Everything that it takes to press pills, one innocent listing each."""

from collections.abc import Iterator

from detectors.events import HOUR, Micros
from simulator.goods import BY_NAME
from simulator.habits import HONEST
from simulator.orders import Sale
from simulator.seller import Seller

PARTS = (
    ("TDP 5 tablet press, bench top", 90_000),
    ("Punch die for tablet press, 8 mm", 6_500),
    ("Tablet binder powder, 1 kg", 3_900),
    ("Microcrystalline cellulose, fine", 2_900),
)


class PillParts(Seller):
    """Half of its buyers come back for the next part."""

    kind = "pill_parts"
    illicit = True
    returning = 0.5

    def joined(self) -> Micros:
        return self.world.moment(self.dice.between(-0.3, 0.4))

    def set_up(self) -> None:
        self.since = self.registered
        office = BY_NAME["office"]
        rate = self.account.country.rate
        self.listings = self.stock(self.dice.whole(2, 6))
        self.parts = [
            self.publish(self.registered + HOUR // 2, words, office, int(cents * rate)) for words, cents in PARTS
        ]

    def sales(self) -> Iterator[Sale]:
        for at in self.daily(self.dice.between(0.6, 2.0), self.opened + HOUR):
            goods = self.parts if self.dice.chance(0.7) else self.listings
            yield Sale(at, self.buyer(), (self.dice.pick(goods).one,), HONEST, illicit=goods is self.parts)
