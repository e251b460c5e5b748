"""What illicit sellers of small goods have in common, whatever they do about their accounts."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from heapq import merge
from operator import attrgetter
from typing import ClassVar

from detectors.events import DAY, Micros
from simulator.buyers import Buyer
from simulator.dice import Dice
from simulator.goods import SMALL_GOODS, title
from simulator.habits import CONCEALED
from simulator.orders import Sale
from simulator.regulars import standing_orders
from simulator.seller import Seller
from simulator.wording import Wording


class QuietTrade(Seller):
    """Small, near-equal amounts, re-bought by a circle of buyers, often abroad; most under innocent titles."""

    illicit = True
    outspoken: ClassVar[float] = 0.3
    """Share of the sellers whose titles say what it is, disguised or in code; customs forms never do."""

    def prepare(self, since: Micros, amount: int) -> None:
        """Lists the goods at about `amount` from `since` on; some honest trade covers them."""
        dice = self.dice
        self.since = since
        declares = title(dice, dice.pick(SMALL_GOODS)) if dice.chance(0.5) else None
        category = dice.pick(SMALL_GOODS)
        self.words = words = Wording(self.world.seed, "words", self.role.number, share=self.outspoken)
        self.covert = replace(CONCEALED, declares=declares or (f"Sample, {category.name}" if words.own else None))
        self.goods = [
            self.publish(since, words.title(title(dice, category)), category, int(amount * dice.between(0.975, 1.025)))
            for _ in range(dice.whole(2, 5))
        ]
        self.listings = self.stock(dice.whole(3, 9))
        self.cover = dice.between(0.0, 0.8)

    def sales(self) -> Iterator[Sale]:
        cover = (self.sale(at) for at in self.daily(self.cover, self.opened))
        return merge(cover, self.covert_sales(), key=attrgetter("at"))

    @abstractmethod
    def covert_sales(self) -> Iterator[Sale]:
        """The illicit part."""

    def circle(self, dice: Dice, count: int) -> list[Buyer]:
        """Ordinary people, most of whom buy elsewhere too; with the owner's dice, the same for all its accounts."""
        draw = self.world.consumers.draw
        return [draw(dice, self.account.country, 0.45) for _ in range(count)]

    def to_regulars(self, people: Sequence[Buyer], every_days: float, *, join_days: float) -> Iterator[Sale]:
        """Sales to a circle of buyers that fills up over `join_days`."""
        since, until = self.since or 0, self.world.end
        every = int(every_days * DAY)
        first = [since + int(self.dice.between(0.02, join_days) * DAY) for _ in people]
        for at, buyer in standing_orders(self.dice, people, first, every=every, spread=every // 4, until=until):
            yield self.covert_sale(at, buyer)

    def covert_sale(self, at: Micros, buyer: Buyer) -> Sale:
        listing = self.dice.pick(self.goods)
        portions = listing.item(2) if self.dice.chance(0.08) else listing.one
        return Sale(at, buyer, (portions,), self.covert, illicit=True)


def usual_amount(dice: Dice, rate: float) -> int:
    """What one portion costs, in the currency's smallest unit."""
    return int(100 * rate * min(max(dice.lognormal(32, 0.4), 9), 95))
