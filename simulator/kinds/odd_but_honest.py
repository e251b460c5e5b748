"""Honest sellers who look like something else: one for each way of being wrong about them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from detectors.events import DAY, HOUR, Item, Micros, ReportFiled, ReviewLeft
from simulator.buyers import Buyer
from simulator.goods import BY_NAME, Listing
from simulator.habits import HONEST, LAZY_PAPERS, PICKED_UP
from simulator.kinds.shop import Shop
from simulator.orders import Sale
from simulator.places import COUNTRIES, place


class _OddShop(Shop):
    """A shop of middling size."""

    latest = 0.3

    def set_up(self) -> None:
        self.rate = self.dice.between(1.5, 8.0)
        self.listings = self.stock(self.dice.whole(8, 25))
        self.live()


class CoinFriend(_OddShop):
    """A verified shop of some age where two of five customers pay in coins; no payment mix to worry about."""

    kind = "coin_friend"

    def joined(self) -> Micros:
        return self.world.start - int(self.dice.between(120, 700) * DAY)

    def set_up(self) -> None:
        super().set_up()
        self.account = replace(self.account, verification="verified")
        self.habits = replace(HONEST, in_crypto=self.dice.between(0.25, 0.5))


class PickUpShop(_OddShop):
    """Customers fetch what they bought and confirm at once: escrow is empty before any delivery is told of."""

    kind = "pick_up_shop"
    buyers_at_home = 0.98

    def set_up(self) -> None:
        super().set_up()
        self.habits = PICKED_UP


class LazySender(_OddShop):
    """Writes "gift" and a little less than the price on every customs form."""

    kind = "lazy_sender"

    def set_up(self) -> None:
        super().set_up()
        self.habits = LAZY_PAPERS


class ManyWarehouses(_OddShop):
    """Parcels start at one of four places in two countries, as they always did."""

    kind = "many_warehouses"

    def set_up(self) -> None:
        super().set_up()
        lands = [self.account.country, self.dice.pick(COUNTRIES)]
        self.depots = [place(self.dice, lands[number % 2]) for number in range(4)]

    def sale(self, at: Micros) -> Sale:
        return super().sale(at)._replace(origin=self.dice.pick(self.depots))


class Exporter(_OddShop):
    """Finds customers abroad, some more every week."""

    kind = "exporter"

    def buyer(self) -> Buyer:
        return self.world.consumers.draw(self.dice, self.account.country, self.at_home)

    def sales(self) -> Iterator[Sale]:
        days = max(self.world.end - self.opened, 1)
        for at in self.daily(self.rate, self.opened):
            self.at_home = 0.95 - 0.7 * (at - self.opened) / days
            yield self.sale(at)


class Slandered(_OddShop):
    """A competitor and two friends report it again and again; they never bought there."""

    kind = "slandered"

    def set_up(self) -> None:
        super().set_up()
        rivals = [self.world.consumers.draw(self.dice, self.account.country, 0.9).buyer_id for _ in range(3)]
        begin = self.world.moment(self.dice.between(0.3, 0.7))
        for _ in range(self.dice.whole(8, 20)):
            at = begin + int(self.dice.between(0.0, 6.0) * DAY)
            if at > self.registered:
                self.books.enter(at, ReportFiled("counterfeit", self.dice.pick(rivals)))


class CraftShop(_OddShop):
    """Sells flower presses, die cutters and book binders."""

    kind = "craft_shop"

    def set_up(self) -> None:
        super().set_up()
        crafts, rate = BY_NAME["crafts"], self.account.country.rate
        for words in ("Flower press, beech", "Die cutter for cards", "Book binder tape", "Blank greeting cards"):
            self.listings.append(self.publish(self.registered + HOUR, words, crafts, int(2_490 * rate)))


class ToolDealer(_OddShop):
    """Sells presses with their dies to laboratories, and nothing to press."""

    kind = "tool_dealer"
    goods: ClassVar[tuple[str, ...]] = ("TDP 5 tablet press, bench top", "Punch die for tablet press, 8 mm")

    def set_up(self) -> None:
        super().set_up()
        office, rate = BY_NAME["office"], self.account.country.rate
        self.listings += [
            self.publish(self.registered + HOUR, words, office, int(9_900 * rate)) for words in self.goods
        ]


class SupplementShop(ToolDealer):
    """Sells binders to people who fill their own capsules."""

    kind = "supplement_shop"
    goods: ClassVar[tuple[str, ...]] = ("Tablet binder powder, 1 kg", "Microcrystalline cellulose, fine")


class MovedShop(_OddShop):
    """Brought some reviews along from the site where it sold before, over a week."""

    kind = "moved_shop"

    def set_up(self) -> None:
        super().set_up()
        for number in range(self.dice.whole(5, 15)):
            rating = 5 if self.dice.chance(0.7) else 4
            at = self.opened + int(self.dice.between(0.2, 20.0) * DAY)
            self.books.enter(at, ReviewLeft(f"elsewhere-{self.role.number}-{number}", rating))


class CollectorsShop(_OddShop):
    """Collectors of everything buy here, too, each now and then."""

    kind = "collectors_shop"

    def set_up(self) -> None:
        super().set_up()
        draw = self.world.consumers.draw
        self.collectors = [draw(self.dice, self.account.country, 0.7) for _ in range(12)]

    def buyer(self) -> Buyer:
        return self.dice.pick(self.collectors) if self.dice.chance(0.5) else super().buyer()

    def basket(self, listings: Sequence[Listing]) -> tuple[Item, ...]:
        return tuple(listing.one for listing in self.dice.several(listings, self.dice.whole(1, 3)))


ODD = (
    CoinFriend, PickUpShop, LazySender, ManyWarehouses, Exporter, Slandered, CraftShop, ToolDealer, SupplementShop,
    MovedShop, CollectorsShop,
)  # fmt: skip
