"""A seller of any kind: an account, goods, and sales in order of time."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from detectors.events import DAY, HOUR, Item, ListingPublished, ListingRemoved, Micros, SellerBanned
from simulator.accounts import Account, open_account
from simulator.books import Books, Event
from simulator.buyers import Buyer
from simulator.dice import Dice
from simulator.goods import CATEGORIES, Category, Listing, price, title
from simulator.habits import HONEST, Habits
from simulator.orders import LEAD, OrderDesk, Sale
from simulator.times import CONSUMERS, MINUTE, Rhythm
from simulator.world import World


@dataclass(frozen=True)
class Role:
    """Who plays what; members of a group know their place in it."""

    number: int
    kind: "type[Seller]"
    group: str = ""
    place: int = 0
    size: int = 1


class Seller(ABC):
    """Base of all kinds. A kind says in `set_up` who it is and in `sales` what it sells, and when."""

    kind: ClassVar[str]
    illicit: ClassVar[bool] = False
    buyers_at_home: ClassVar[float] = 0.8
    returning: ClassVar[float] = 0.18
    latest: ClassVar[float] = 0.8
    """Share of the days by which a seller of this kind has joined."""
    rhythm: ClassVar[Rhythm] = CONSUMERS

    def __init__(self, world: World, role: Role) -> None:
        self.world, self.role = world, role
        self.dice = Dice(world.seed, "seller", role.number)
        self.books = Books(role.number, world.ids, world.end, world.shift)
        self.account: Account = open_account(world.seed, self.dice)
        self.registered: Micros = self.joined()
        self.since: Micros | None = None
        self.habits: Habits = HONEST
        self.listings: list[Listing] = []
        self.illicit_orders: list[str] = []
        self._customers: deque[Buyer] = deque(maxlen=80)
        self._closed: list[tuple[Micros, Micros]] = []
        self.set_up()

    @abstractmethod
    def set_up(self) -> None:
        """Chooses account, goods and pace."""

    @abstractmethod
    def sales(self) -> Iterator[Sale]:
        """What it would sell, in order of time; bans are seen to elsewhere."""

    def joined(self) -> Micros:
        """Most sellers were there before; some join while we watch."""
        if self.dice.chance(0.83):
            return self.world.start - int(min(self.dice.lognormal(240, 0.8), self.dice.between(900, 1500)) * DAY)
        return self.world.moment(self.dice.between(0.0, self.latest))

    @property
    def opened(self) -> Micros:
        """From when on it sells: its goods are listed by then, and we watch."""
        return max(self.registered + 2 * HOUR, self.world.start)

    def events(self) -> Iterator[Event]:
        """Everything that happens at this seller, in order of time."""
        self.books.enter(self.registered, self.account.registered())
        desk = OrderDesk(self.books, self.dice, self.account.country, self.account.address)
        for sale in self.sales():
            if sale.at >= self.world.end:
                break
            if any(shut <= sale.at < again for shut, again in self._closed):
                continue
            yield from self.books.due(sale.at - LEAD)
            order_id = desk.take(sale)
            if sale.illicit:
                self.illicit_orders.append(order_id)
        yield from self.books.due(self.world.end)

    def stock(self, count: int, categories: Sequence[Category] = CATEGORIES, *, at: Micros | None = None,
              price_minor: int | None = None, scale: float = 1.0) -> list[Listing]:  # fmt: skip
        """New listings of one category, published from `at` on."""
        category, made = self.dice.pick(categories), []
        moment = self.registered if at is None else at
        for _ in range(count):
            moment += int(self.dice.between(0.4, 2.6) * MINUTE)
            amount = price_minor or price(self.dice, category, self.account.country.rate, scale=scale)
            made.append(self.publish(moment, title(self.dice, category), category, amount))
        return made

    def publish(self, at: Micros, words: str, category: Category, amount: int) -> Listing:
        listing = Listing(self.books.new_id("listing"), words, category, amount)
        picture = self.dice.hexadecimal(12)
        body = ListingPublished(listing.listing_id, words, f"{words}. Shipped within two days.", category.name,
                                amount, self.account.country.currency, (picture,))  # fmt: skip
        self.books.enter(at, body, listing.listing_id)
        return listing

    def withdraw(self, at: Micros, listings: Sequence[Listing]) -> None:
        for listing in listings:
            self.books.enter(at, ListingRemoved(listing.listing_id), listing.listing_id)

    def close(self, at: Micros, reason: str, until: Micros | None = None) -> None:
        """The marketplace bans the seller: no more sales, what was sold goes its way."""
        self.books.enter(at, SellerBanned(reason))
        self._closed.append((at, self.world.end if until is None else until))

    def daily(self, per_day: float, since: Micros, until: Micros | None = None) -> Iterator[Micros]:
        """Times of unrelated orders."""
        return self.rhythm.times(self.dice, per_day, since, self.world.end if until is None else until)

    def buyer(self) -> Buyer:
        if self._customers and self.dice.random() < self.returning:
            return self.dice.pick(self._customers)
        found = self.world.consumers.draw(self.dice, self.account.country, self.buyers_at_home)
        self._customers.append(found)
        return found

    def basket(self, listings: Sequence[Listing]) -> tuple[Item, ...]:
        """Mostly one piece of one listing."""
        draw = self.dice.random()
        first = self.dice.pick(listings)
        if draw < 0.75:
            return (first.one,)
        if draw < 0.85:
            return (first.item(self.dice.whole(2, 3)),)
        return tuple(listing.one for listing in self.dice.several(listings, 2 + (draw > 0.95)))

    def sale(self, at: Micros) -> Sale:
        """An ordinary sale."""
        return Sale(at, self.buyer(), self.basket(self.listings), self.habits)
