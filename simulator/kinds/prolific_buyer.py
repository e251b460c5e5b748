"""A seller who lives on a few resellers of what nobody should resell."""

from collections.abc import Iterator

from detectors.events import DAY, Micros
from simulator.dice import Dice
from simulator.kinds.quiet_trade import QuietTrade, usual_amount
from simulator.orders import Sale


class ProlificBuyer(QuietTrade):
    """Four people, the same for all such sellers, order nearly every day at each of them."""

    kind = "prolific_buyer"

    def joined(self) -> Micros:
        return self.world.moment(self.dice.between(-0.3, 0.3))

    def set_up(self) -> None:
        self.prepare(self.opened + DAY // 4, usual_amount(self.dice, self.account.country.rate))

    def covert_sales(self) -> Iterator[Sale]:
        people = self.circle(Dice(self.world.seed, "resellers", 0), 4)
        return self.to_regulars(people, self.dice.between(0.8, 1.6), join_days=2)
