"""Banned, and back some days later under another name."""

from collections.abc import Iterator

from detectors.events import HOUR, Micros
from simulator.accounts import another_front, open_account
from simulator.dice import Dice
from simulator.kinds.quiet_trade import QuietTrade, usual_amount
from simulator.orders import Sale

CONTACTS = ("device_id", "payout_account", "phone", "ip", "address")


class ReturnAfterBan(QuietTrade):
    """Each account of the chain keeps two to four contacts of the first, its price and most of its buyers."""

    kind = "return_after_ban"

    def joined(self) -> Micros:
        self.owner_dice = Dice(self.world.seed, "return", self.role.group)
        return self._chain()[self.role.place][0]

    def _chain(self) -> list[tuple[Micros, Micros]]:
        """When each account was opened and when it was banned; the last one is not."""
        dice, chain, share = self.owner_dice, [], self.owner_dice.between(-0.05, 0.05)
        for _ in range(self.role.size):
            banned = share + dice.between(0.25, 0.3)
            chain.append((self.world.moment(share), self.world.moment(banned)))
            share = banned + dice.between(0.03, 0.07)
        self.banned = chain[self.role.place][1] if self.role.place < self.role.size - 1 else None
        return chain

    def set_up(self) -> None:
        own, owner = self.dice, open_account(self.world.seed, self.owner_dice)
        kept = CONTACTS if self.role.place == 0 else tuple(own.several(CONTACTS, own.whole(2, 4)))
        self.account = another_front(self.world.seed, own, owner, kept)
        amount = usual_amount(self.owner_dice, self.account.country.rate)
        self.prepare(self.opened + int(own.between(0.5, 20) * HOUR), int(amount * own.between(0.98, 1.02)))
        if self.banned is not None:
            self.close(self.banned, "prohibited_goods")

    def covert_sales(self) -> Iterator[Sale]:
        people = self.circle(self.owner_dice, 30)
        if self.role.place:  # most find the new account, and some new ones come
            people = self.dice.several(people, 20) + self.circle(self.dice, 8)
        return self.to_regulars(people, self.dice.between(3.5, 6.0), join_days=5)
