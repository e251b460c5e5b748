"""A shop whose trade changes hands: from some day on, nearly all pay in crypto."""

from collections.abc import Iterator
from dataclasses import replace
from heapq import merge
from operator import attrgetter

from detectors.events import DAY, HOUR, Micros
from simulator.goods import SMALL_GOODS
from simulator.habits import IN_CRYPTO
from simulator.kinds.quiet_trade import QuietTrade, usual_amount
from simulator.orders import Sale


class TurnToCrypto(QuietTrade):
    """Honest at first; then new goods, buyers from further away, and coins."""

    kind = "turn_to_crypto"

    def joined(self) -> Micros:
        return self.world.start - int(self.dice.lognormal(200, 0.6) * DAY)

    def set_up(self) -> None:
        dice = self.dice
        self.prepare(self.world.moment(dice.between(0.15, 0.55)), usual_amount(dice, self.account.country.rate))
        self.goods += self.stock(dice.whole(2, 5), SMALL_GOODS, at=self.since, scale=1.6)
        self.covert = replace(IN_CRYPTO, declares=self.covert.declares if self.words.own else None)
        self.cover = dice.between(0.8, 4.0)

    def sales(self) -> Iterator[Sale]:
        """Honest trade fades out after the turn."""
        for sale in super().sales():
            if sale.illicit or sale.at < (self.since or 0) or self.dice.chance(0.15):
                yield sale

    def covert_sales(self) -> Iterator[Sale]:
        known = self.circle(self.dice, self.dice.whole(8, 25))
        again = self.to_regulars(known, self.dice.between(5.0, 12.0), join_days=10)
        passing = self.daily(self.dice.between(1.0, 5.0), (self.since or 0) + HOUR)
        once = (self.covert_sale(at, *self.circle(self.dice, 1)) for at in passing)
        return merge(again, once, key=attrgetter("at"))
