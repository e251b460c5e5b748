"""An account with a good name, asleep for months, in somebody else's hands."""

from collections.abc import Iterator
from itertools import chain

from detectors.events import DAY, HOUR, Micros, SellerUpdated
from simulator.accounts import device, open_account
from simulator.goods import BY_NAME
from simulator.habits import SWINDLE
from simulator.orders import Sale
from simulator.seller import Seller


class DormantTakeover(Seller):
    """Old honest sales, silence, then new device, payout account and goods: cheap electronics that seldom come."""

    kind = "dormant_takeover"
    illicit = True

    def joined(self) -> Micros:
        return self.world.start - self.dice.whole(320, 900) * DAY

    def set_up(self) -> None:
        dice = self.dice
        self.since = self.world.moment(dice.between(0.1, 0.6))
        self.listings = self.stock(dice.whole(5, 15))
        self.past = self.world.start - 280 * DAY, self.world.start - dice.whole(120, 170) * DAY
        thief = open_account(self.world.seed, dice)
        update = SellerUpdated(email=thief.email, phone=thief.phone, payout_account=thief.payout_account, ip=thief.ip,
                               device_id=device(dice))  # fmt: skip
        self.books.enter(self.since, update)
        self.withdraw(self.since + HOUR // 2, self.listings)
        electronics = (BY_NAME["electronics"],)
        self.bait = self.stock(dice.whole(4, 10), electronics, at=self.since + HOUR // 2, scale=0.65)
        if dice.chance(0.6):
            self.close(self.since + int(dice.between(6, 15) * DAY), "account_compromised")

    def sales(self) -> Iterator[Sale]:
        since = self.since or 0
        honest = (self.sale(at) for at in self.daily(self.dice.between(0.3, 1.0), *self.past))
        bait = self.daily(self.dice.between(4.0, 14.0), since + 12 * HOUR)
        return chain(honest, (self._swindle(at) for at in bait))

    def _swindle(self, at: Micros) -> Sale:
        buyer = self.world.consumers.draw(self.dice, self.account.country, self.buyers_at_home)
        return Sale(at, buyer, self.basket(self.bait), SWINDLE, illicit=True)
