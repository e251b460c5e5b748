"""One owner behind several accounts, each of them small."""

from collections.abc import Iterator

from detectors.events import DAY, HOUR, Micros
from simulator.accounts import another_front, open_account
from simulator.dice import Dice
from simulator.kinds.quiet_trade import QuietTrade, usual_amount
from simulator.orders import Sale

SHARED = ("device_id", "payout_account", "ip")


class DeviceRing(QuietTrade):
    """Accounts share device, payout account and network; all but the first two differ in one of them."""

    kind = "device_ring"

    def joined(self) -> Micros:
        """One after the other, some days apart."""
        self.owner_dice = Dice(self.world.seed, "ring", self.role.group)
        begin = self.owner_dice.between(-0.05, 0.35)
        return self.world.moment(begin + 0.03 * self.role.place + self.dice.between(0, 0.02))

    def set_up(self) -> None:
        own, owner = self.dice, open_account(self.world.seed, self.owner_dice)
        differs = own.pick((*SHARED, "")) if self.role.place > 1 else ""
        self.account = another_front(self.world.seed, own, owner, tuple(field for field in SHARED if field != differs))
        amount = usual_amount(self.owner_dice, self.account.country.rate)
        self.prepare(self.opened + int(own.between(0.5, 40) * HOUR), int(amount * own.between(0.92, 1.08)))
        if own.chance(0.2):
            self.close(self.opened + int(own.between(8, 25) * DAY), "prohibited_goods")

    def covert_sales(self) -> Iterator[Sale]:
        everybody = self.circle(self.owner_dice, 15 * self.role.size)
        people = self.dice.several(everybody, self.dice.whole(8, 18))
        return self.to_regulars(people, self.dice.between(4.0, 9.0), join_days=8)
