"""An account to be burnt: throw-away mailbox, borrowed phone, no identity; then goods that seldom come."""

from collections.abc import Iterator
from dataclasses import replace

from detectors.events import HOUR, Micros
from simulator.accounts import open_account
from simulator.dice import Dice
from simulator.habits import SWINDLE
from simulator.orders import Sale
from simulator.seller import Seller

MAILBOXES = ("mailinator.com", "guerrillamail.com", "yopmail.com", "10minutemail.com")
"""Real ones, as they are known by their names alone."""


class KycMule(Seller):
    """Every fifth of them has the phone of another; few ever show who they are."""

    kind = "kyc_mule"
    illicit = True

    def joined(self) -> Micros:
        return self.world.moment(self.dice.between(0.0, 0.6))

    def set_up(self) -> None:
        dice = self.dice
        self.since = self.registered
        lender = open_account(self.world.seed, Dice(self.world.seed, "lender", self.role.number // 5))
        self.account = replace(
            self.account,
            email=f"{self.account.email.partition('@')[0]}@{dice.pick(MAILBOXES)}",
            phone=lender.phone,
            verification="failed" if dice.chance(0.6) else "none",
        )
        self.listings = self.stock(dice.whole(4, 12), scale=0.8)

    def sales(self) -> Iterator[Sale]:
        for at in self.daily(self.dice.between(1.5, 6.0), self.opened + HOUR):
            yield Sale(at, self.buyer(), self.basket(self.listings), SWINDLE, illicit=True)
