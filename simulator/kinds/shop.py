"""An ordinary shop, and what happens in any honest seller's life."""

from collections.abc import Iterator
from dataclasses import replace

from detectors.events import DAY, HOUR, SellerReinstated, SellerUpdated
from simulator.accounts import device, payout_account, phone
from simulator.dice import Dice
from simulator.orders import Sale
from simulator.places import network_address
from simulator.seller import Seller


class Shop(Seller):
    """Sells many things of one category to people who mostly do not know each other."""

    kind = "shop"

    def set_up(self) -> None:
        self.rate = self.dice.pareto(0.8, 1.1, 40.0)
        self.listings = self.stock(self.dice.whole(8, 40))
        self.live()

    def sales(self) -> Iterator[Sale]:
        for at in self.daily(self.rate, self.opened):
            yield self.sale(at)

    def live(self) -> None:
        """What looks odd and is not: a computer shared at home, a new phone, a ban by mistake."""
        self._share_a_computer()
        self._change_details()
        if self.dice.chance(0.004):
            ban = self.world.moment(self.dice.between(0.1, 0.9))
            back = ban + int(self.dice.between(20, 60) * HOUR)
            if ban > self.registered:
                self.close(ban, "mistaken_identity", back)
                self.books.enter(back, SellerReinstated("appeal_granted"))

    def _share_a_computer(self) -> None:
        draw = self.dice.random()
        if draw < 0.03:  # with another seller of the household
            home = Dice(self.world.seed, "family", self.dice.whole(0, self.world.sellers // 12))
            ip = network_address(home, self.account.country)
            self.account = replace(self.account, device_id=device(home), ip=ip)
        elif draw < 0.08:  # with a buyer: sellers buy too
            buyer = self.world.consumers.draw(self.dice, self.account.country, 1.0)
            self.account = replace(self.account, device_id=buyer.device_id, ip=buyer.home_ip)

    def _change_details(self) -> None:
        dice, country = self.dice, self.account.country
        at = self.world.moment(dice.between(0.05, 1.0))
        if at < self.registered + DAY:
            return
        if dice.chance(0.06):
            self.books.enter(at, SellerUpdated(phone=phone(dice, country), device_id=device(dice)))
        if dice.chance(0.04):
            self.books.enter(at, SellerUpdated(payout_account=payout_account(dice, country), ip=self.account.ip))
