"""Small goods that should not be sold, to the same people, again and again."""

from collections.abc import Iterator

from detectors.events import DAY, HOUR, Micros
from simulator.kinds.quiet_trade import QuietTrade, usual_amount
from simulator.orders import Sale


class SmallRepeat(QuietTrade):
    """Half open an account for it; half turn to it after a time of honest trade."""

    kind = "small_repeat"

    def joined(self) -> Micros:
        self.new_for_it = self.dice.chance(0.5)
        if self.new_for_it:
            return self.world.moment(self.dice.between(-0.2, 0.45))
        return self.world.start - int(self.dice.lognormal(150, 0.6) * DAY)

    def set_up(self) -> None:
        dice, world = self.dice, self.world
        turned = self.opened if self.new_for_it else world.moment(dice.between(0.08, 0.5))
        self.prepare(turned + int(dice.between(0.5, 30) * HOUR), usual_amount(dice, self.account.country.rate))
        if dice.chance(0.6):
            self.close(turned + int(dice.between(6, 20) * DAY), "prohibited_goods")

    def covert_sales(self) -> Iterator[Sale]:
        people = self.circle(self.dice, self.dice.whole(12, 45))
        return self.to_regulars(people, self.dice.between(3.5, 8.0), join_days=self.dice.between(4, 12))
