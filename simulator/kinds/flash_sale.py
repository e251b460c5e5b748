"""A shop that sells a month's worth in an afternoon, once or twice."""

from collections.abc import Iterator
from heapq import merge
from operator import attrgetter

from detectors.events import DAY, HOUR, Micros
from simulator.goods import Listing
from simulator.kinds.shop import Shop
from simulator.orders import Sale


class FlashSale(Shop):
    """Bursts at one reduced price, announced by a listing and ended by its removal."""

    kind = "flash_sale"
    latest = 0.3

    def set_up(self) -> None:
        self.rate = self.dice.between(1.5, 6.0)
        self.listings = self.stock(self.dice.whole(8, 25))
        self.live()

    def sales(self) -> Iterator[Sale]:
        ordinary = (self.sale(at) for at in self.daily(self.rate, self.opened))
        days = (self.world.end - self.opened) // DAY
        flashes = [self._flash(self.opened // DAY * DAY + self.dice.whole(1, days - 1) * DAY)
                   for _ in range(self.dice.whole(1, 2) if days > 1 else 0)]  # fmt: skip
        return merge(ordinary, *flashes, key=attrgetter("at"))

    def _flash(self, day: Micros) -> Iterator[Sale]:
        begin = day + self.dice.whole(9, 18) * HOUR
        offered = self.dice.pick(self.listings)
        reduced = int(offered.amount_minor * self.dice.between(0.5, 0.75))
        listing = self.publish(begin - HOUR // 2, offered.title, offered.category, reduced)
        length = int(self.dice.between(1.5, 4.0) * HOUR)
        self.withdraw(begin + length, [listing])
        return self._rush(listing, begin, length)

    def _rush(self, listing: Listing, begin: Micros, length: int) -> Iterator[Sale]:
        """Most come at once; later ones trickle in."""
        count = self.dice.whole(60, 240)
        for at in sorted(begin + int(length * self.dice.random() ** 2) for _ in range(count)):
            yield Sale(at, self.buyer(), (listing.one,), self.habits)
